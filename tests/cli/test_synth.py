"""`rvos synth`: its quirks are shown where they are needed, and reach the release."""

from __future__ import annotations

import json

from rvosbench.synthetic.quirks import QUIRKS, usual_quirks

SMALL = ("--videos", 1, "--frames", 2, "--size", 48, 64)


def test_the_help_names_all_quirks_and_that_of_a_layout_explains_its_own(rvos):
    general = rvos("synth", "--help").out
    assert all(quirk in general for quirks in QUIRKS.values() for quirk in quirks)
    for name, quirks in QUIRKS.items():
        shown = " ".join(rvos("synth", name, "--help").out.split())
        for quirk, about in quirks.items():
            mark = " *" if quirk in usual_quirks(name) else ""
            assert f" {quirk}{mark} {about.text}" in shown


def test_an_unknown_quirk_is_refused_with_the_list(rvos, tmp_path):
    ran = rvos("synth", "jhmdb", "--root", tmp_path / "x", "--quirk", "mirrors")
    assert ran.code == 1
    assert "jhmdb has no quirk 'mirrors'; there are: samples, trailing-frames, odd-ids, doubles" in ran.error
    assert list(tmp_path.iterdir()) == []


def test_a_quirk_comes_on_top_of_the_usual_ones_unless_they_are_left_out(rvos, tmp_path):
    def valid(*arguments):
        root = tmp_path / str(len(list(tmp_path.iterdir())))
        assert rvos("synth", "ytvos", "--root", root, *SMALL, *arguments).code == 0
        text = (root / "meta_expressions" / "valid" / "meta_expressions.json").read_text()
        return len(json.loads(text)["videos"]), (root / "train" / "meta.json").is_file()

    assert valid() == (3, True)
    assert valid("--quirk", "no-meta") == (3, False)
    assert valid("--plain") == (2, True)
    assert valid("--plain", "--quirk", "no-meta", "--quirk", "mixed-valid") == (3, False)
