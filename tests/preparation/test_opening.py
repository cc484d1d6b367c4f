from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from rvosbench.datasets.specs.mevis import MevisOptions
from rvosbench.datasets.specs.ytvos import SPEC, YtvosOptions
from rvosbench.errors import DatasetError, MissingPathError, OptionError, UnknownNameError
from rvosbench.plugins.folders import datasets_of
from rvosbench.plugins.registry import DATASETS
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release, read_options
from rvosbench.synthetic import write
from rvosbench.synthetic.write import LAYOUTS
from tests.datasets import tiny_releases


def test_options_are_a_mapping_a_record_or_nothing():
    assert read_options("ytvos") == YtvosOptions()
    assert read_options("ytvos", {"trainval": "0.5", "valid-masks": "x"}) == YtvosOptions(
        trainval=0.5, valid_masks=Path("x")
    )
    assert read_options("ytvos", YtvosOptions(seed=1, trainval=0.5)).seed == 1
    with pytest.raises(OptionError, match="are MevisOptions, expected a mapping or YtvosOptions"):
        read_options("ytvos", MevisOptions())


def test_a_record_is_checked_as_text_is():
    with pytest.raises(OptionError, match="'mevis-version' of the dataset 'mevis' is '3', expected 1 or 2"):
        read_options("mevis", MevisOptions(mevis_version="3"))


RELEASES = {name: (name, ()) for name in sorted(LAYOUTS)} | {"davis converted": ("davis", ("converted",))}


@pytest.fixture(scope="session")
def releases(tmp_path_factory):
    """A small release of every dataset, and the conversion of Ref-DAVIS17 in another one's layout."""
    root = tmp_path_factory.mktemp("releases")
    for label, (name, quirks) in RELEASES.items():
        write(name, root / label, videos=4, seed=0, frames=2, size=(48, 64), quirks=quirks)
    return root


@pytest.mark.parametrize("name", sorted(LAYOUTS))
@pytest.mark.parametrize("label", RELEASES)
def test_a_release_of_another_dataset_is_refused_with_the_name_of_the_right_one(
    releases, tmp_path, monkeypatch, label, name
):
    right, _ = RELEASES[label]
    if name == right:
        assert open_release(name, releases / label).splits()
        return
    monkeypatch.setattr("rvosbench.plugins.dataset.DatasetSpec.open", None, raising=False)  # nothing is read
    with pytest.raises(DatasetError) as caught:
        prepare(name, releases / label, tmp_path / "out")
    title, expected = DATASETS[right].card.title, DATASETS[name].card.title
    assert str(caught.value) == (
        f"{releases / label} looks like a release of {title}, expected {expected}; use: rvos prepare {right}"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("label", RELEASES)
def test_a_folder_too_high_or_too_low_is_told_where_the_release_is(releases, tmp_path, label):
    name, _ = RELEASES[label]
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "release").symlink_to(releases / label)
    with pytest.raises(
        DatasetError, match=r"downloads is not the release of .* use: --root .*downloads/release$"
    ):
        open_release(name, tmp_path / "downloads")
    deeper = next(path for path in sorted((releases / label).iterdir()) if path.is_dir())
    if DATASETS[name].recognise(deeper):  # RefCOCO may lie one folder deeper
        deeper = next(path for path in deeper.iterdir() if path.is_dir())
    with pytest.raises(
        (DatasetError, MissingPathError), match=f"use: --root '?{re.escape(str(releases / label))}"
    ):
        open_release(name, deeper)


@pytest.mark.parametrize("name", ["a2d", "davis", "jhmdb", "mevis", "refcoco", "ytvos"])
def test_a_dataset_recognises_the_smallest_of_its_releases_and_no_other_does(tmp_path, name):
    assert datasets_of(getattr(tiny_releases, name)(tmp_path / "release")) == (name,)


def test_a_conversion_with_uneven_annotators_may_be_either(tmp_path):
    root = tiny_releases.davis_converted(tmp_path)
    for path in (root / "meta_expressions").rglob("meta_expressions.json"):
        content = json.loads(path.read_text())
        for video in content["videos"].values():
            video["expressions"].popitem()
        path.write_text(json.dumps(content))
    assert datasets_of(root) == ("davis", "ytvos")
    assert open_release("davis", root).splits()


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"videos": 3}', '{"videos": {"a": 3}}', '{"videos": {"a": {}}}']
)
def test_a_damaged_index_is_recognised_and_left_to_the_reader(tmp_path, content):
    root = tiny_releases.ytvos(tmp_path)
    (root / "meta_expressions" / "valid" / "meta_expressions.json").write_text(content)
    assert datasets_of(root) == ("ytvos",)
    with pytest.raises(DatasetError, match=r"valid/meta_expressions\.json"):
        open_release("ytvos", root).videos("valid")


def test_a_dataset_that_cannot_recognise_anything_opens_what_it_is_given(releases):
    spec = replace(SPEC, card=replace(SPEC.card, name="mine"), recognise=None)
    with DATASETS.register("mine", spec):
        assert open_release("mine", releases / "ytvos").splits()
        assert datasets_of(releases / "ytvos") == ("ytvos",)


def test_a_plugin_that_fails_to_recognise_breaks_no_other(releases):
    def fail(folder):
        raise ZeroDivisionError

    spec = replace(SPEC, card=replace(SPEC.card, name="mine"), recognise=fail)
    with DATASETS.register("mine", spec):
        assert datasets_of(releases / "davis") == ("davis",)
        assert open_release("mine", releases / "ytvos").splits()


def test_a_release_is_opened_by_name(tmp_path):
    root = tiny_releases.ytvos(tmp_path)
    assert open_release("ytvos", root).splits() == ("train", "valid", "test")
    with pytest.raises(UnknownNameError, match="no dataset is named 'ytvso'; did you mean 'ytvos'"):
        open_release("ytvso", root)
