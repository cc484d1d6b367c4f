"""What a reader of a number is told unasked: a better name, what was left out, what counts besides."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.evaluation.hints import better_name
from rvosbench.plugins.registry import PROTOCOLS
from rvosbench.runs.run import open_run
from rvosbench.testing.tiny_store import CARD
from rvosbench.types import Object, Video
from tests.tiny_run import answer, make_run, truth
from tests.tiny_store import HEIGHT, WIDTH, square, two_squares, write_store


@pytest.mark.parametrize(
    ("protocol", "dataset", "better"),
    [
        ("mevis", "davis", "davis-plain"),
        ("ytvos", "davis", "davis-plain"),
        ("davis-plain", "mevis", "mevis"),
        ("mevis", "ytvos", "ytvos"),
        ("mevis", "mevis", None),
        ("davis-plain", "davis", None),
        ("davis-official", "davis", None),
        ("a2d", "jhmdb", None),  # another rule: nothing to call by another name
        ("mevis", "somebody's own", None),
        ("refcoco", "refcoco+", None),
    ],
)
def test_the_same_rule_under_the_name_of_another_data_set_is_told_its_name_there(protocol, dataset, better):
    hint = better_name(PROTOCOLS[protocol], dataset)
    assert (hint is None) == (better is None)
    if hint is not None:
        assert hint.endswith(f"on {dataset} the same numbers are reported as '{better}'")


def test_evaluate_hints_and_scores_all_the_same(tmp_path: Path, caplog):
    store = write_store(tmp_path / "store", [two_squares()], card=replace(CARD, name="davis"))
    run = make_run(tmp_path / "run", store, [answer(two_squares(), truth)])
    hinted = evaluate(run, store, protocol="mevis")
    assert [record.message for record in caplog.records] == [
        "'mevis' is the protocol of mevis; on davis the same numbers are reported as 'davis-plain'"
    ]
    caplog.clear()
    named = evaluate(run, store, protocol="davis-plain")
    assert not caplog.records
    assert all(named.metrics[name].as_json() == metric.as_json() for name, metric in hinted.metrics.items())


def sequence(video_id: str, frames: int, labels: tuple[int, ...] = (1,)) -> Video:
    video = two_squares()
    shown = {(label, n): masks.encode(square(8 * label % 24)) for label in labels for n in range(frames)}
    return replace(
        video,
        video_id=video_id,
        frames=tuple(replace(f, path=f"{video_id}/{f.name}.jpg") for f in video.frames[:frames]),
        objects=tuple(Object(object_id=label) for label in labels),
        expressions=(),
        masks=shown,
    )


def palettes(folder: Path, *videos: Video, extra: int | None = None) -> Path:
    for video in videos:
        for n, frame in enumerate(video.frames):
            labels = np.zeros((HEIGHT, WIDTH), np.uint8)
            for (label, at), rle in video.masks.items():
                if at == n:
                    labels[masks.decode(rle)] = label
            if extra is not None:
                labels[-1, -1] = extra
            path = folder / video.video_id / f"{frame.name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(masks.encode_index_png(labels))
    return folder


def test_sequences_that_are_too_short_are_left_out_and_named(tmp_path: Path, caplog):
    videos = [sequence("long", 4), sequence("short", 2), sequence("tiny", 1)]
    store = write_store(tmp_path / "store", videos)
    # Their predictions may be there or not.
    for name, given in (("all", videos), ("some", videos[:1])):
        caplog.clear()
        mine = palettes(tmp_path / name, *given)
        found = evaluate(mine, store, split="train", protocol="davis-semi", out=tmp_path / f"{name}-out")
        assert found.unscored_videos == ("short", "tiny")
        assert (found.n_videos, found.n_expressions, found.n_frames) == (1, 1, 2)
        assert found.marks == ("2 videos left out, of which nothing counts",)
        assert [r.message for r in caplog.records if "left out" in r.message] == [
            "2 videos left out, of which nothing counts under 'davis-semi' (the first and the last annotated "
            "frame do not count; objects that enter after the first annotated frame do not count): short, "
            "tiny"
        ]
        # As JSON: an interval that is not known is NaN, which Python 3.13 takes for another one.
        assert open_run(tmp_path / f"{name}-out").scores().as_json() == found.as_json()
    everything = evaluate(palettes(tmp_path / "objects", *videos), store, protocol="davis-objects")
    assert everything.unscored_videos == () and everything.n_videos == 3


def test_where_nothing_is_left_the_run_is_refused(tmp_path: Path):
    videos = [sequence("short", 2), sequence("tiny", 1)]
    store = write_store(tmp_path / "store", videos)
    mine = palettes(tmp_path / "mine", *videos)
    with pytest.raises(ScoreError, match=r"nothing to score under 'davis-semi' .*: short, tiny; choose"):
        evaluate(mine, store, protocol="davis-semi", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_gap_in_the_labels_is_said_and_scores_1_where_nobody_sees_it(tmp_path: Path, caplog):
    video = sequence("gap", 4, labels=(1, 3))
    store = write_store(tmp_path / "store", [video])
    right = evaluate(palettes(tmp_path / "right", video), store, protocol="davis-semi")
    assert (right.metrics["J&F"].value, right.n_expressions) == (1.0, 3)
    assert any("1 label below the largest of a first frame" in r.message for r in caplog.records)
    assert any("gap/2" in r.message for r in caplog.records)
    seen = evaluate(palettes(tmp_path / "seen", video, extra=2), store, protocol="davis-semi")
    assert seen.metrics["J"].value == pytest.approx(2 / 3)
    with pytest.raises(ScoreError, match=r"holds the labels \[4\], the objects of gap are \[1, 2, 3\]"):
        evaluate(palettes(tmp_path / "unknown", video, extra=4), store, protocol="davis-semi")


def test_a_run_need_not_answer_for_what_is_nowhere(tmp_path: Path):
    """`rvos predict` knows the objects of the store alone."""
    video = sequence("gap", 4, labels=(1, 3))
    store = write_store(tmp_path / "store", [video])
    rows = [
        replace(row, expression_id=str(label), frame_index=n, mask=video.masks[label, n])
        for row in answer(two_squares(), frames=[0])[:1]
        for label in (1, 3)
        for n in range(4)
    ]
    run = make_run(tmp_path / "run", store, [[replace(row, video_id="gap") for row in rows]], unit="object")
    found = evaluate(run, store, protocol="davis-objects")
    assert (found.metrics["J&F"].value, found.n_expressions) == (1.0, 3)
    assert json.loads((run / "scores" / "davis-objects" / "scores.json").read_text())["unscored_videos"] == []


def test_boxes_are_compared_under_protocols_for_samples_alone(tmp_path: Path):
    store = write_store(tmp_path / "store", [two_squares()])
    run = make_run(tmp_path / "run", store, [answer(two_squares(), truth)])
    with pytest.raises(ScoreError, match=r"^bounding boxes are compared under protocols that count frame"):
        evaluate(run, store, protocol="ytvos", metrics=["box P@0.5"])
    assert evaluate(run, store, protocol="jhmdb", metrics=["box P@0.5"]).metrics["box P@0.5"].value == 1.0
