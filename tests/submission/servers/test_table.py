"""The records of the servers: names that can be told apart, and a server that nobody here knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from rvosbench.errors import InvalidDataError, UnknownNameError
from rvosbench.plugins.protocol import ANNOTATORS
from rvosbench.submission.servers import (
    SERVERS,
    Layout,
    Server,
    check_submission,
    find_server,
    server_of_dataset,
    write_submission,
)
from tests.submission.servers.drawn import entries, of_annotators, predicted, rezip, store_of, two_objects

LAYOUTS = [layout for server in SERVERS.values() for layout in server.layouts]


def test_every_server_says_where_its_layout_was_read_and_what_was_not():
    for name, server in SERVERS.items():
        assert server.name == name
        assert server.source and server.unverified and server.datasets
    assert {name for name, server in SERVERS.items() if not server.is_open} == {"ytvos"}


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if "{" in layout.template])
def test_a_name_says_what_it_is_of(layout):
    made = of_annotators("7") if layout.unit == "annotator" else two_objects("7")
    names = dict(layout.slots(made))
    assert len(names) == len(layout.tracks(made)) * 3
    for name, slot in names.items():
        parts = layout.parts_of(name)
        assert parts is not None
        assert (parts["video"], parts["frame"]) == ("7", made.frames[slot.frame].name)
        assert parts.get("expression", parts.get("annotator", "")) == slot.track
    tracks = {"annotator": ANNOTATORS, "expression": ("0", "1"), "object": ("",)}[layout.unit]
    assert layout.tracks(made) == tracks
    for other in ("a.png", f"x/{name}", name.removesuffix(".png"), f"{name[: -len('00010.png')]}.png"):
        assert layout.parts_of(other) is None


def test_a_dataset_has_one_server_at_most():
    assert server_of_dataset("mevis") is SERVERS["mevis"]
    assert server_of_dataset("a2d") is None
    datasets = [name for server in SERVERS.values() for name in server.datasets]
    assert len(datasets) == len(set(datasets))


def test_a_name_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'davis'"):
        find_server("davsi")
    with pytest.raises(InvalidDataError, match="content='soft'"):
        Layout(template="{video}.png", unit="object", content="soft")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{video}/{expression}_{frame}.png", "holds more than one thing"),
        ("{video}/{track}/{frame}.png", "holds more than one thing"),
        ("{video}/{frame}.png", "expected expression, frame, video once"),
        ("{video}/{video}/{expression}/{frame}.png", "expected expression, frame, video once"),
    ],
)
def test_a_template_that_cannot_be_read_back_is_refused(template, said):
    with pytest.raises(InvalidDataError, match=said):
        Layout(template=template, unit="expression", content="binary")


def test_a_server_of_ones_own_is_a_record(tmp_path: Path):
    layout = Layout(template="masks/{expression}/{video}/{frame}.png", unit="expression", content="binary")
    mine = Server(
        name="mine",
        title="My challenge",
        layouts=(layout,),
        datasets=("tiny",),
        largest_bytes=10_000,
        source="its organisers",
    )
    store = store_of(tmp_path / "store", two_objects, "7")
    write_submission(predicted(tmp_path / "rows", store), store, "val", mine, tmp_path / "a.zip")
    assert next(iter(entries(tmp_path / "a.zip"))) == "masks/0/7/00000.png"
    assert check_submission(tmp_path / "a.zip", store, "val", mine) == []
    files = entries(tmp_path / "a.zip")
    rezip(tmp_path / "a.zip", {name.removeprefix("masks/"): data for name, data in files.items()})
    assert [f.kind for f in check_submission(tmp_path / "a.zip", store, "val", mine)] == ["wrong-top"]
    small = Server(
        name="mine", title="", layouts=(layout,), datasets=(), largest_bytes=99, source="its organisers"
    )
    assert {f.kind for f in check_submission(tmp_path / "a.zip", store, "val", small)} > {"too-large"}
