"""`rvos list`: every name with what it is; what packages bring, and what is broken about it."""

from __future__ import annotations

import json

import pytest

from rvosbench.plugins.registry import DATASETS, METRICS, MODELS, PROTOCOLS
from rvosbench.submission.servers import SERVERS

REGISTRIES = {"datasets": DATASETS, "models": MODELS, "metrics": METRICS, "protocols": PROTOCOLS}
LISTED = {**REGISTRIES, "servers": SERVERS}

TOY = """
from rvosbench.plugins.model import ModelSpec
def load(checkpoint, request):
    raise NotImplementedError
SPEC = ModelSpec(summary="a toy \\x1b[31m with a summary that goes on beyond the end of the line", load=load)
NOT_ONE = 3
"""


@pytest.fixture
def plugins(install):
    """One package that is fine, and three that are not."""
    install("toys", {"rvosbench.models": {"toy": "toys:SPEC", "number": "toys:NOT_ONE"}}, toys=TOY)
    install("mine", {"rvosbench.datasets": {"mine": "mine_data:SPEC"}}, mine_data="raise SystemExit('a\\nb')")
    install("more", {"rvosbench.models": {"soc": "toys:SPEC", "twice": "toys:SPEC"}})
    install("still-more", {"rvosbench.models": {"twice": "toys:SPEC"}})


def sections(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith(" "):
            found[list(found)[-1]].append(line)
        else:
            found[line] = []
    return found


def test_everything_is_listed_with_its_presets_within_80_columns(rvos):
    ran = rvos("list")
    assert (ran.code, ran.err) == (0, "")
    shown = sections(ran.out)
    assert list(shown) == list(LISTED)
    for kind, registry in LISTED.items():
        for name in registry:
            assert any(line.startswith(f"  {name} ") for line in shown[kind]), name
    assert any(line.startswith("    soc-demo ") for line in shown["models"])
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("kind", LISTED)
def test_one_kind_is_one_section(rvos, kind):
    ran = rvos("list", kind)
    assert ran.code == 0
    assert list(sections(ran.out)) == [kind]
    assert max(map(len, ran.out.splitlines())) <= 80


def test_presets_say_what_they_are_of(rvos):
    shown = " ".join(rvos("list", "presets").out.split())
    for preset, of in MODELS["soc"].presets.items():
        assert f"{preset} {of.summary} (rvos train soc)" in shown


def test_json_is_one_object_with_the_same_names(rvos):
    content = json.loads(rvos("list", "--json").out)
    assert content["schema_version"] == 1 and content["broken"] == []
    for kind, registry in LISTED.items():
        assert list(content[kind]) == list(registry)
        assert {item["package"] for item in content[kind].values()} == {"rvosbench"}
    assert content["datasets"]["a2d"]["summary"] == "A2D-Sentences"
    assert "soc-demo" in content["models"]["soc"]["presets"]
    assert content["protocols"]["refcoco"]["ranked_by"] == "oIoU"
    presets = json.loads(rvos("list", "presets", "--json").out)
    assert presets["presets"]["soc-demo"]["model"] == "soc"


def test_a_package_is_named_and_its_text_cannot_steer_the_terminal(rvos, plugins):
    ran = rvos("list", "models")
    text = " ".join(ran.out.split())
    assert "toy a toy �[31m with a summary that goes on beyond the end of the line (from toys)" in text
    assert "\x1b" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_what_is_broken_is_listed_with_package_and_reason_and_breaks_nothing_else(rvos, plugins):
    ran = rvos("list")
    assert (ran.code, ran.err) == (0, "")
    shown = sections(ran.out)
    assert any(line.startswith("  soc ") for line in shown["models"])
    assert not any(line.strip().startswith(("number", "twice")) for line in shown["models"])
    heads = [line for line in shown["broken"] if not line.startswith("    ")]
    assert heads == [
        "  dataset mine  (from mine)",
        "  model number  (from toys)",
        "  model soc  (from more)",
        "  model twice  (from more and still-more)",
    ]
    reasons = " ".join(" ".join(shown["broken"]).split())
    assert "SystemExit: a b" in reasons and "expected an instance of ModelSpec" in reasons
    assert max(map(len, ran.out.splitlines())) <= 80
    assert sections(rvos("list", "broken").out)["broken"] == shown["broken"]
    assert "broken" not in sections(rvos("list", "protocols").out)


def test_broken_names_are_data_too(rvos, plugins):
    found = json.loads(rvos("list", "broken", "--json").out)["broken"]
    assert [(fault["kind"], fault["name"], fault["packages"]) for fault in found] == [
        ("dataset", "mine", ["mine"]),
        ("model", "number", ["toys"]),
        ("model", "soc", ["more"]),
        ("model", "twice", ["more", "still-more"]),
    ]


def test_an_unknown_kind_is_refused_with_the_nearest(rvos):
    assert "did you mean 'presets'" in rvos("list", "preset").error


def test_servers_say_what_they_take_in_which_layout_and_what_is_not_verified(rvos):
    lines = rvos("list", "servers").out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("  davis "))
    davis = " ".join(" ".join(lines[start:]).split()).partition(" lvvis ")[0]
    assert "expressions, by annotator: {annotator}/{video}/{frame}.png, palette PNG of object ids" in davis
    assert "objects: {video}/{frame}.png, palette PNG of object ids" in davis
    assert "Verified: the layout, in davis2017-evaluation" in davis
    assert "Not verified: Ref-DAVIS17 has no server of its own" in davis
    content = json.loads(rvos("list", "servers", "--json").out)
    assert list(content) == ["schema_version", "servers", "broken"]
    ytvos = content["servers"]["ytvos"]
    assert (ytvos["datasets"], ytvos["is_open"]) == (["ytvos"], False)
    assert ytvos["layouts"] == [
        {
            "template": "Annotations/{video}/{expression}/{frame}.png",
            "unit": "expression",
            "content": "binary",
        }
    ]
    assert all(server["source"] and server["unverified"] for server in content["servers"].values())
