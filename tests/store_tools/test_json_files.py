from __future__ import annotations

import json
from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from rvosbench.store_tools.json_files import JsonLists, JsonObject

TEXT = st.text(st.characters(codec="utf-8"), max_size=9)


@given(content=st.dictionaries(TEXT, st.lists(st.integers()) | st.none() | TEXT), inside=st.none() | TEXT)
def test_an_object_is_what_json_would_have_written(tmp_path_factory, content, inside):
    path = tmp_path_factory.mktemp("json") / "new" / "object.json"
    with ExitStack() as opened:
        written = JsonObject(path, opened, inside=inside)
        for key, value in content.items():
            written.add(key, value)
        written.close()
    assert json.loads(path.read_text()) == (content if inside is None else {inside: content})


def test_lists_grow_side_by_side(tmp_path):
    path = tmp_path / "lists.json"
    with ExitStack() as opened:
        written = JsonLists(path, opened, {"info": "é"}, ("a", "b", "c"))
        for number in range(3):
            written.add("a", {"n": number})
            written.add("c", [number])
        written.close(more=[1])
    assert json.loads(path.read_text()) == {
        "info": "é",
        "a": [{"n": 0}, {"n": 1}, {"n": 2}],
        "b": [],
        "c": [[0], [1], [2]],
        "more": [1],
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["lists.json"]
