from __future__ import annotations

import pytest

from rvosbench.datasets.expression_json import read_categories, read_expressions
from rvosbench.errors import DatasetError
from rvosbench.types import Expression
from tests.datasets.tiny_releases import write_json

GOOD = {"frames": ["00000"], "expressions": {"0": {"exp": " A dog ", "obj_id": "1"}}}


def test_expressions_stay_as_released_and_a_missing_obj_id_is_hidden(tmp_path):
    hidden = {"frames": ["00000"], "expressions": {"0": {"exp": "x"}}}
    write_json(tmp_path / "x.json", {"videos": {"b": GOOD, "a": hidden}})
    found = read_expressions(tmp_path / "x.json")
    assert list(found) == ["a", "b"]
    assert found["a"].expressions[0].object_ids is None
    assert found["b"].expressions == (
        Expression(video_id="b", expression_id="0", text=" A dog ", object_ids=(1,)),
    )


def test_lists_of_objects_may_be_empty_and_name_an_object_once(tmp_path):
    expressions = {
        "0": {"exp": "two", "obj_id": [0, 1], "anno_id": [7, 9]},
        "1": {"exp": "none", "obj_id": [], "anno_id": []},
        "2": {"exp": "twice", "obj_id": [1, 1, "0"], "anno_id": ["9", 9, 7]},
        "3": {"exp": "hidden"},
    }
    write_json(tmp_path / "x.json", {"videos": {"a": {"frames": ["00000"], "expressions": expressions}}})
    by_number, by_mask = (
        [e.object_ids for e in read_expressions(tmp_path / "x.json", key)["a"].expressions]
        for key in ("obj_id", "anno_id")
    )
    assert by_number == [(0, 1), (), (1, 0), None]
    assert by_mask == [(7, 9), (), (9, 7), None]


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"videos": []},
        {"videos": {"a": []}},
        {"videos": {"../a": GOOD}},
        {"videos": {"a": {"expressions": {}}}},
        {"videos": {"a": GOOD | {"frames": []}}},
        {"videos": {"a": GOOD | {"frames": [0]}}},
        {"videos": {"a": GOOD | {"frames": ["../../etc/passwd"]}}},
        {"videos": {"a": GOOD | {"frames": ["0", "0"]}}},
        {"videos": {"a": GOOD | {"frames": "00000"}}},
        {"videos": {"a": GOOD | {"expressions": []}}},
        {"videos": {"a": GOOD | {"expressions": {"0": "a dog"}}}},
        {"videos": {"a": GOOD | {"expressions": {"0": {"exp": None}}}}},
        {"videos": {"a": GOOD | {"expressions": {"0": {"obj_id": "1"}}}}},
        {"videos": {"a": GOOD | {"expressions": {"0": {"exp": "\ud800"}}}}},
        {"videos": {"a": GOOD | {"expressions": {"/": {"exp": "a dog"}}}}},
        {"videos": {"a": GOOD | {"expressions": {"0": {"exp": "a dog", "obj_id": "one"}}}}},
        {"videos": {"a": GOOD | {"expressions": {"0": {"exp": "a dog", "obj_id": -1}}}}},
        {"videos": {"a": GOOD | {"expressions": {"0": {"exp": "a dog", "obj_id": None}}}}},
        {"videos": {"a": GOOD | {"expressions": {"0": {"exp": "a dog", "obj_id": [None]}}}}},
        {"videos": {"a": GOOD | {"expressions": {"0": {"exp": "a dog", "obj_id": [[1]]}}}}},
        {"videos": {"a": GOOD | {"expressions": {"0": {"exp": "a dog", "obj_id": {"1": 1}}}}}},
    ],
)
def test_another_shape_is_one_line_that_names_the_file(tmp_path, content):
    write_json(tmp_path / "x.json", content)
    with pytest.raises(DatasetError) as caught:
        read_expressions(tmp_path / "x.json")
    assert str(tmp_path / "x.json") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        {"videos": {"a": {}}},
        {"videos": {"a": {"objects": {"x": {"category": "dog"}}}}},
        {"videos": {"a": {"objects": {"1": {"category": None}}}}},
        {"videos": {"a": {"objects": {"1": "dog"}}}},
    ],
)
def test_categories_of_another_shape_are_refused(tmp_path, content):
    write_json(tmp_path / "meta.json", content)
    with pytest.raises(DatasetError, match=r"meta\.json, video 'a'"):
        read_categories(tmp_path / "meta.json")


def test_an_object_without_a_category_is_listed_all_the_same(tmp_path):
    write_json(
        tmp_path / "meta.json",
        {"videos": {"a": {"objects": {"1": {"category": "dog"}, "2": {"frames": []}}}}},
    )
    assert read_categories(tmp_path / "meta.json") == {"a": {1: "dog", 2: None}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, 'json lacks the key "videos" (its keys: none)'),
        ({"video": {}}, "json lacks the key \"videos\" (its keys: 'video')"),
        ({"videos": {"v": {"expressions": {}}}}, 'video v lacks the key "frames"'),
        ({"videos": {"v": {"frames": ["00000"]}}}, 'video v lacks the key "expressions"'),
        ({"videos": {"v": {"frames": ["0"], "expressions": {"0": {}}}}}, 'expression 0 lacks the key "exp"'),
        ({"videos": {"v": {"frames": ["0"], "expressions": None}}}, '"expressions" is null, expected an obj'),
    ],
)
def test_a_key_that_is_missing_is_not_null(tmp_path, content, said):
    write_json(tmp_path / "a.json", content)
    with pytest.raises(DatasetError) as refused:
        read_expressions(tmp_path / "a.json")
    assert said in str(refused.value)
