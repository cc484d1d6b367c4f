from __future__ import annotations

import json
from importlib import metadata

import pytest

from rvosbench.errors import PluginError, UnknownNameError
from rvosbench.plugins.contracts import ModelFactory, Release
from rvosbench.plugins.registry import DATASETS, MODELS, Entry, Registry, unknown


@pytest.fixture
def plugins(monkeypatch):
    """Pretend that packages with these entry points are installed."""

    def install(**points):
        found = [metadata.EntryPoint(name, target, "rvosbench.x") for name, target in points.items()]
        monkeypatch.setattr(metadata, "entry_points", lambda group: found if group == "rvosbench.x" else [])

    return install


@pytest.fixture
def registry():
    return Registry("thing", "rvosbench.x", {"json": "json:loads", "pickle": "pickle:loads"})


def test_a_name_is_imported_when_it_is_asked_for(registry):
    assert registry["json"] is json.loads
    assert list(registry) == ["json", "pickle"]
    assert len(registry) == 2
    assert "json" in registry
    assert 7 not in registry


def test_third_parties_add_names_but_do_not_replace_ours(registry, plugins):
    plugins(dumps="json:dumps", json="os:system")
    assert registry["dumps"] is json.dumps
    assert registry["json"] is json.loads
    assert registry.entries()["json"] == Entry("json", "json:loads", "rvosbench")


@pytest.mark.parametrize("target", ["no_such_module:x", "json:no_such_attribute", "tests.broken_plugin:x"])
def test_a_broken_plugin_is_named_and_breaks_no_other(registry, plugins, target):
    plugins(broken=target)
    assert registry["json"] is json.loads
    assert "broken" in registry
    with pytest.raises(PluginError, match=f"the thing 'broken' of the package unknown .* from {target}"):
        registry["broken"]


def test_a_typo_names_the_nearest_and_a_stranger_all(registry):
    with pytest.raises(UnknownNameError, match="no thing is named 'jsn'; did you mean 'json'"):
        registry["jsn"]
    with pytest.raises(UnknownNameError, match="there are: json, pickle"):
        registry["zzzzzz"]
    assert registry.get("zzzzzz") is None  # UnknownNameError is a KeyError
    assert unknown("model", "x", []) == "no model is named 'x'; there are: none"


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_every_dataset_is_a_release_with_a_card(name):
    dataset = DATASETS[name]
    assert dataset.__name__
    assert {"fingerprint", "splits", "videos", "read"} <= set(dir(dataset))
    from importlib import import_module

    card = getattr(dataset, "card", None) or import_module(dataset.__module__).CARD
    assert card.name == name
    assert all(
        [card.title, card.homepage.startswith("https://"), card.licence, card.citation.startswith("@")]
    )
    for counts in card.counts.values():
        assert set(counts) <= {"videos", "frames", "objects", "expressions", "masks", "samples"}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_is_a_factory(name):
    assert isinstance(MODELS[name], ModelFactory)
    assert not isinstance(MODELS[name], Release)
