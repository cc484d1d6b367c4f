from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass

import pytest

from rvosbench.errors import PluginError, UnknownNameError
from rvosbench.plugins.dataset import DatasetSpec
from rvosbench.plugins.entry_points import Entry
from rvosbench.plugins.registry import DATASETS, METRICS, MODELS, PROTOCOLS, Registry, unknown

GROUP = "rvosbench.x"


@dataclass(frozen=True)
class Record:
    """A value that knows its name and whether it is valid."""

    name: str
    valid: bool = True

    def check(self) -> None:
        if not self.valid:
            raise ValueError("two\nlines")


@pytest.fixture
def registry():
    return Registry("number", GROUP, {"pi": "math:pi", "e": "math:e"}, float)


@pytest.fixture
def records():
    return Registry("record", GROUP, {}, f"{__name__}:Record")


def test_a_name_is_imported_when_it_is_asked_for(registry):
    assert registry["pi"] == math.pi
    assert list(registry) == ["e", "pi"]
    assert len(registry) == 2
    assert "pi" in registry
    assert 7 not in registry
    assert repr(registry) == "<numbers: e, pi>"


def test_packages_add_names(registry, install):
    install("tau-package", {GROUP: {"tau": "tau_module:TAU"}}, tau_module="TAU = 6.28")
    assert registry["tau"] == 6.28
    assert registry.entries()["tau"] == Entry("tau", "tau_module:TAU", "tau-package")
    assert registry.entries()["pi"] == Entry("pi", "math:pi", "rvosbench")
    assert registry.broken() == {}


def test_another_group_is_another_registry(registry, install):
    install("tau-package", {"rvosbench.y": {"tau": "tau_module:TAU"}}, tau_module="TAU = 6.28")
    assert "tau" not in registry


BROKEN = {
    "raises": ("raise RuntimeError('line one\\nline two')", r"\(RuntimeError: line one line two\)"),
    "exits": ("import sys; sys.exit(3)", r"\(SystemExit: 3\)"),
    "imports what is not there": ("import no_such_module", "ModuleNotFoundError"),
    "is not Python": ("(", "SyntaxError"),
    "lacks the attribute": ("other = 1.0", "AttributeError"),
    "raises a strange exception": ("class Odd(BaseException): pass\nraise Odd", "Odd"),
    "colours the terminal": ("raise ValueError('\\x1b[31mred')", "ValueError: �"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_package_that_cannot_be_imported_is_named_and_breaks_no_other(registry, install, how):
    source, expected = BROKEN[how]
    install("bad-package", {GROUP: {"bad": "bad_module:value"}}, bad_module=source)
    install("tau-package", {GROUP: {"tau": "tau_module:TAU"}}, tau_module="TAU = 6.28")
    assert (registry["pi"], registry["tau"]) == (math.pi, 6.28)
    assert "bad" in registry
    with pytest.raises(PluginError, match=expected) as caught:
        registry["bad"]
    message = str(caught.value)
    assert message.startswith(
        "the number 'bad' of the package bad-package cannot be imported from bad_module"
    )
    assert "\n" not in message
    assert registry.broken() == {"bad": message}


def test_interrupting_an_import_interrupts(registry, install):
    install("slow", {GROUP: {"slow": "slow_module:x"}}, slow_module="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        registry["slow"]


def test_a_target_without_an_attribute_is_of_the_wrong_type(registry, install):
    install("bad", {GROUP: {"bad": "bad_module"}}, bad_module="")
    with pytest.raises(PluginError, match="is an instance of module, expected an instance of float"):
        registry["bad"]


def test_a_value_of_the_wrong_type_is_refused(registry, install):
    source = "text = 'three'\nclass Number(float): pass"
    install("bad", {GROUP: {"text": "bad_module:text", "kind": "bad_module:Number"}}, bad_module=source)
    assert registry.broken() == {
        "text": "the number 'text' of the package bad is an instance of str, expected an instance of float "
        "(bad_module:text)",
        "kind": "the number 'kind' of the package bad is the class Number, expected an instance of float "
        "(bad_module:Number)",
    }


def test_a_record_is_asked_whether_it_is_valid(records, install):
    source = f"from {__name__} import Record\ngood, bad = Record('good'), Record('bad', valid=False)"
    points = {"good": "recorded:good", "bad": "recorded:bad", "other": "recorded:good"}
    install("some", {GROUP: points}, recorded=source)
    assert records["good"] == Record("good")
    assert records.broken() == {
        "bad": "the record 'bad' of the package some is not valid: two lines (recorded:bad)",
        "other": "the record 'other' of the package some calls itself 'good' (recorded:good); register it "
        "under its own name",
    }


def test_a_name_that_two_packages_claim_is_refused_and_no_other_is(registry, install):
    for name in ("first", "second"):
        module = f"{name}_module"
        points = {"tau": f"{module}:TAU", name: f"{module}:TAU"}
        install(name, {GROUP: points}, **{module: "TAU = 6.28"})
    assert registry["first"] == registry["second"] == 6.28
    expected = (
        "the number 'tau' is registered by first (first_module:TAU) and second (second_module:TAU); "
        "uninstall or rename one of them"
    )
    with pytest.raises(PluginError) as caught:
        registry["tau"]
    assert str(caught.value) == expected
    assert registry.broken() == {"tau": expected}
    assert list(registry) == ["e", "first", "pi", "second", "tau"]


def test_a_package_cannot_replace_what_is_built_in(registry, install):
    install("cheat", {GROUP: {"pi": "cheat_module:PI"}}, cheat_module="PI = 3.2")
    assert registry["pi"] == math.pi
    assert registry.entries()["pi"].distribution == "rvosbench"
    assert registry.broken() == {
        "pi": "the package cheat registers the number 'pi' too, which is built in; the built-in one is "
        "used; rename the other"
    }


def test_unreadable_metadata_is_named_and_breaks_no_other(registry, install):
    install("garbled", "[rvosbench.x]\nno equals sign\n")
    install("tau-package", {GROUP: {"tau": "tau_module:TAU"}}, tau_module="TAU = 6.28")
    assert registry["tau"] == 6.28
    assert registry.broken().keys() == {"garbled"}
    assert "the entry points of the package garbled cannot be read" in registry.broken()["garbled"]


def test_a_value_can_be_registered_for_a_while(registry):
    with registry.register("tau", 6.28):
        assert registry["tau"] == 6.28
        assert registry.entries()["tau"] == Entry("tau", "float", "this program")
        with registry.register("tau", 6.283):
            assert registry["tau"] == 6.283
        assert registry["tau"] == 6.28
    assert "tau" not in registry


def test_a_value_can_be_registered_for_good_and_again(registry):
    registry.register("tau", 6.28)
    registry.register("tau", 6.283)
    assert registry["tau"] == 6.283
    registry.unregister("tau")
    registry.unregister("tau")
    assert "tau" not in registry


def test_registering_is_checked_at_the_same_door(registry, records, install):
    install("tau-package", {GROUP: {"tau": "tau_module:TAU"}}, tau_module="TAU = 6.28")
    with pytest.raises(PluginError, match="'x' registered by this program is an instance of str, expected"):
        registry.register("x", "three")
    with pytest.raises(PluginError, match="the record 'x' registered by this program calls itself 'y'"):
        records.register("x", Record("y"))
    with pytest.raises(PluginError, match="'pi' exists already, in rvosbench; choose another name"):
        registry.register("pi", 3.2)
    with pytest.raises(PluginError, match="'tau' exists already, in the package tau-package; choose another"):
        registry.register("tau", 3.2)
    assert list(registry) == ["e", "pi", "tau"]


def test_a_typo_names_the_nearest_and_a_stranger_all(registry):
    with pytest.raises(UnknownNameError, match="no number is named 'pie'; did you mean 'pi'"):
        registry["pie"]
    with pytest.raises(UnknownNameError, match="there are: e, pi"):
        registry["zzzzzz"]
    assert registry.get("zzzzzz") is None  # UnknownNameError is a KeyError
    assert unknown("model", "x", []) == "no model is named 'x'; there are: none"


@pytest.mark.parametrize("registry", [DATASETS, METRICS, MODELS, PROTOCOLS], ids=lambda value: value.kind)
def test_nothing_that_is_built_in_is_broken(registry):
    assert registry.group == f"rvosbench.{registry.kind}s"
    assert registry.broken() == {}


def test_importing_the_registries_imports_nothing_heavy():
    script = (
        "import sys, rvosbench.plugins.registry as r; list(r.MODELS); print(json.dumps(list(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", f"import json; {script}"], capture_output=True, text=True, check=True
    )
    assert not {"numpy", "pyarrow", "torch", "rvosbench.types"} & set(json.loads(result.stdout))


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_every_dataset_is_a_spec_with_a_card(name):
    spec = DATASETS[name]
    assert isinstance(spec, DatasetSpec)
    spec.check()
    card = spec.card
    assert card.name == name
    assert all(
        [card.title, card.homepage.startswith("https://"), card.licence, card.citation.startswith("@")]
    )
    for counts in card.counts.values():
        assert set(counts) <= {"videos", "frames", "objects", "expressions", "masks", "samples"}
