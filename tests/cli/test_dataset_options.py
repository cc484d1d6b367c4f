"""`-o KEY=VALUE` of `rvos prepare`, and its other spelling `--KEY VALUE`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rvosbench.datasets.specs.ytvos import SPEC
from rvosbench.plugins.dataset import DatasetSpec
from rvosbench.plugins.options import describe_options
from rvosbench.plugins.registry import DATASETS
from rvosbench.store import Store


@dataclass(frozen=True, kw_only=True)
class MyOptions:
    hold_out: float = field(default=0.5, metadata={"help": "how much of it"})
    out: str = field(default="", metadata={"help": "has the name of a flag of the command"})


def open_mine(release_dir: Path, options: MyOptions):
    return SPEC.open(release_dir, SPEC.options(trainval=options.hold_out))


@pytest.fixture
def mine():
    from dataclasses import replace

    spec = DatasetSpec(
        card=replace(SPEC.card, name="mine"), open=open_mine, options=MyOptions, protocol="ytvos"
    )
    with DATASETS.register("mine", spec):
        yield


def splits(folder):
    return Store.open(folder).splits.keys()


@pytest.mark.parametrize(
    "spelling", [("-o", "trainval=0.5"), ("--option", "trainval=0.5"), ("--trainval", "0.5")]
)
def test_an_option_may_be_a_pair_or_a_flag(rvos, release, tmp_path, spelling):
    ran = rvos("prepare", "ytvos", "--root", release, "--out", tmp_path / "out", *spelling)
    assert ran.code == 0
    store = Store.open(tmp_path / "out")
    assert "heldout" in store.splits
    assert store.manifest["converter"]["arguments"]["options"] == {"trainval": "0.5"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-o", "trainvall=0.5"), "the dataset 'ytvos' has no option 'trainvall'; did you mean 'trainval'?"),
        (
            ("-o", "trainval=half"),
            "the option 'trainval' of the dataset 'ytvos' is 'half', expected a number",
        ),
        (("--trainval", "half"), "the option 'trainval' of the dataset 'ytvos' is 'half', expected a number"),
        (("--trainval", "2"), "trainval is 2.0, expected a fraction between 0 and 1"),
        (("-o", "trainval"), "the option 'trainval' is not KEY=VALUE; write it as in: -o trainval=0.1"),
        (("-o", "seed=1", "-o", "seed=2"), "the option 'seed' is given twice, as '1' and '2'; give it once"),
        (("-o", "seed=1", "--seed", "2"), "the option 'seed' is given twice, as '1' and '2'; give it once"),
        (
            ("--samples", "x.json"),
            "the dataset 'ytvos' has no option 'samples'; it has: valid-masks, trainval, seed",
        ),
    ],
)
def test_what_a_dataset_does_not_take_is_refused_in_one_line(rvos, release, tmp_path, words, message):
    ran = rvos("prepare", "ytvos", "--root", release, "--out", tmp_path / "out", *words)
    assert ran.code == 1
    assert ran.error == f"Error: {message}"
    assert list(tmp_path.iterdir()) == []


def test_a_flag_that_is_given_twice_is_wrong_usage(rvos, release, tmp_path):
    ran = rvos(
        "prepare",
        "ytvos",
        "--root",
        release,
        "--out",
        tmp_path / "o",
        "--trainval",
        "0.1",
        "--trainval",
        "0.2",
    )
    assert ran.code == 2 and "--trainval was given twice" in ran.error


def test_a_dataset_without_options_says_so(rvos, release, tmp_path):
    ran = rvos("prepare", "davis", "--root", release, "--out", tmp_path / "out", "--trainval", "0.1")
    assert ran.error == "Error: the dataset 'davis' has no option 'trainval'; it has no options"
    assert "davis has no options of its own." in rvos("prepare", "davis", "--help").out


def test_a_flag_that_no_dataset_has_is_wrong_usage(rvos, release, tmp_path):
    ran = rvos("prepare", "ytvos", "--root", release, "--out", tmp_path / "out", "--trainvall", "0.1")
    assert ran.code == 2 and "No such option" in ran.error


def test_the_options_of_a_plugin_are_options_like_any_other(rvos, mine, release, tmp_path):
    words = ("prepare", "mine", "--root", release, "--out")
    assert rvos(*words, tmp_path / "flag", "--hold-out", "0.25").code == 0
    assert rvos(*words, tmp_path / "pair", "-o", "hold_out=0.25").code == 0
    assert splits(tmp_path / "flag") == splits(tmp_path / "pair") >= {"heldout"}
    shown = rvos("prepare", "mine", "--help").out
    assert "hold-out=FLOAT  how much of it  [default: 0.5]" in shown
    assert "      -o hold-out=FLOAT  how much of it  [default: 0.5]" in rvos("list", "datasets").out


def test_a_flag_of_the_command_stays_its_own(rvos, mine, release, tmp_path):
    words = ("prepare", "mine", "--root", release, "--out", tmp_path / "out", "-o", "out=elsewhere")
    assert rvos(*words).code == 0
    assert Store.open(tmp_path / "out").manifest["converter"]["arguments"]["options"] == {"out": "elsewhere"}


def test_help_without_a_dataset_names_the_options_and_with_one_explains_them(rvos):
    short, long = rvos("prepare", "--help").out, rvos("prepare", "ytvos", "--help").out
    assert "  ytvos     valid-masks, trainval, seed\n" in short and "  davis     -\n" in short
    assert "hold out this fraction" not in short
    for row in describe_options(SPEC.options):
        assert row.help in " ".join(long.split())
    for text in (short, long):
        assert max(map(len, text.splitlines())) <= 80


def test_a_listing_shows_the_options_of_every_dataset(rvos):
    import json

    text = rvos("list", "datasets").out
    listed = json.loads(rvos("list", "datasets", "--json").out)["datasets"]
    for name, spec in DATASETS.items():
        rows = describe_options(spec.options)
        assert [row["name"] for row in listed[name]["options"]] == [row.name for row in rows]
        for row in rows:
            assert f"-o {row.name}=" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "-o " not in rvos("list").out
