"""Runs against a first one: by hand, refusals, and what the terminal and the JSON say."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from rvosbench.analysis.bootstrap import compare
from rvosbench.errors import FormatError, InvalidDataError, MissingPathError, ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.reporting.compared import as_json
from rvosbench.reporting.comparison import compare as compare_them
from rvosbench.reporting.comparison import compare_runs
from rvosbench.reporting.contrasts import as_rich, footnotes
from tests.reporting.runs import late, nothing, scored_run, store_of_annotators, store_of_pairs, truth
from tests.tiny_store import two_squares, write_store

_BOXES = [f"box P@0.{k}" for k in (5, 6, 7, 8, 9)]


@pytest.fixture
def store(tmp_path):
    return store_of_pairs(tmp_path / "store")


def shifted(video, expression_id, frame):
    return np.roll(truth(video, expression_id, frame), frame, axis=1)


def by_metric(contrast):
    return {each.metric: each for each in contrast.differences}


def test_by_hand(store, tmp_path):
    """Blind in frame 1: of 11 expressions, the 7 that show something there lose one frame in six."""
    best, worse = scored_run(tmp_path / "best", store, truth), scored_run(tmp_path / "worse", store, late)
    found = compare_runs([best, worse])
    (contrast,) = found.others
    figures = by_metric(contrast)
    assert list(figures) == ["J&F", "J", "F"]
    j = figures["J"]
    assert (j.first, j.value) == (1.0, pytest.approx(1 - 7 / 66))
    assert j.comparison.difference == pytest.approx(-7 / 66, abs=1e-12)
    # In videos a and b 2 of 4 expressions lose 1/6, in c all 3 of them.
    assert (j.comparison.low, j.comparison.high) == pytest.approx((-1 / 6, -1 / 12), abs=1e-12)
    assert j.comparison.p == 2 / 8  # three videos that all get worse
    assert j.p_holm == j.comparison.p
    back = by_metric(compare_runs([worse, best]).others[0])["J"]
    assert back.comparison.difference == -j.comparison.difference


def test_samples_their_thresholds_and_the_ratio(store, tmp_path):
    runs = [scored_run(tmp_path / name, store, answer) for name, answer in (("a", late), ("b", shifted))]
    for run in runs:
        evaluate(run, store=store, split="train", protocol="refcoco")
    figures = by_metric(compare_runs(runs, protocol="refcoco", seed=3).others[0])
    assert list(figures) == ["oIoU", "mIoU", "P@0.5", "P@0.6", "P@0.7", "P@0.8", "P@0.9", *_BOXES]
    first, second = (
        pq.read_table(run / "scores" / "refcoco" / "frame_scores.parquet").to_pandas() for run in runs
    )
    assert first["video_id"].tolist() == second["video_id"].tolist()
    expected = compare(
        second["intersection"],
        first["intersection"],
        first["video_id"].tolist(),
        3,
        weights=(second["union"], first["union"]),
    )
    assert figures["oIoU"].comparison == expected
    share = (second["intersection"] / second["union"]).fillna(1) > 0.7
    before = (first["intersection"] / first["union"]).fillna(1) > 0.7
    assert figures["P@0.7"].comparison.difference == pytest.approx(share.mean() - before.mean(), abs=1e-12)


def test_recall_and_decay_come_from_the_frames(store, tmp_path):
    runs = [scored_run(tmp_path / name, store, answer) for name, answer in (("a", truth), ("b", late))]
    for run in runs:
        evaluate(run, store=store, split="train", protocol="davis-expressions")
    figures = by_metric(compare_runs(runs, protocol="davis-expressions").others[0])
    assert figures["J recall"].comparison.difference == pytest.approx(-7 / 66, abs=1e-12)
    # Quarters of 6 frames are frames 0 to 1 and 4 to 5: the first loses half of its mean.
    assert figures["J decay"].comparison.difference == pytest.approx(-7 / 11 / 2, abs=1e-12)


def test_objects_of_four_annotators(tmp_path):
    """Blind in frame 1: every object loses one frame of six, whoever describes it."""
    store = store_of_annotators(tmp_path / "annotators")
    runs = [scored_run(tmp_path / name, store, answer) for name, answer in (("a", truth), ("b", late))]
    for run in runs:
        evaluate(run, store=store, split="train", protocol="davis-official")
    j = by_metric(compare_runs(runs, protocol="davis-official").others[0])["J"]
    assert (j.first, j.comparison.difference) == (1.0, pytest.approx(-1 / 6))
    assert (j.comparison.low, j.comparison.high) == pytest.approx((-1 / 6, -1 / 6))
    assert j.comparison.p == 1 / 2  # two videos: both directions of both


def test_map_is_named_as_left_out(store, tmp_path):
    runs = [scored_run(tmp_path / name, store, answer) for name, answer in (("a", truth), ("b", late))]
    for run in runs:
        evaluate(run, store=store, split="train", protocol="a2d-top1")
    found = compare_runs(runs, protocol="a2d-top1")
    assert list(found.left_out) == ["mAP", "AP@0.5", "AP@0.75"]
    for name in found.left_out:
        assert any(f"Not compared: {name}" in line for line in footnotes(found))


def test_several_runs_are_adjusted_for_each_metric(store, tmp_path):
    runs = [
        scored_run(tmp_path / name, store, answer)
        for name, answer in (("a", truth), ("b", late), ("c", nothing), ("d", truth))
    ]
    found = compare_runs(runs)
    j = [by_metric(contrast)["J"] for contrast in found.others]
    assert [each.comparison.p for each in j] == [0.25, 0.25, 1.0]
    assert [each.p_holm for each in j] == [0.75, 0.75, 1.0]


def test_what_cannot_be_compared_is_refused(store, tmp_path):
    first = scored_run(tmp_path / "first", store, truth)
    with pytest.raises(InvalidDataError, match="two or more"):
        compare_runs([first])
    with pytest.raises(MissingPathError, match="rvos evaluate"):
        compare_runs([first, tmp_path])
    other = write_store(tmp_path / "other", [two_squares("a")])
    with pytest.raises(ScoreError, match="another store fingerprint"):
        compare_runs([first, scored_run(tmp_path / "elsewhere", other, truth)])
    rules = scored_run(tmp_path / "rules", store, truth, protocol="mevis")
    with pytest.raises(ScoreError, match=r"another protocol .*'mevis', 'ytvos'"):
        compare_runs([first, rules])
    part = scored_run(tmp_path / "part", store, truth, left_out=["c/1"])
    with pytest.raises(ScoreError, match=r"1 are in one only, such as c/1"):
        compare_runs([first, part])


@pytest.mark.parametrize("key", ["split", "explanation"])
def test_another_split_or_another_definition_is_refused(store, tmp_path, key):
    runs = [scored_run(tmp_path / name, store, truth) for name in "ab"]
    path = runs[1] / "scores" / "ytvos" / "scores.json"
    scores = json.loads(path.read_text())
    (scores if key == "split" else scores["protocol"])[key] = "changed"
    path.write_text(json.dumps(scores))
    with pytest.raises(ScoreError, match="another split" if key == "split" else "two definitions") as caught:
        compare_runs(runs)
    assert "\n" not in str(caught.value)


def test_tables_that_are_not_those_of_the_totals_are_refused(store, tmp_path):
    runs = [scored_run(tmp_path / name, store, answer) for name, answer in (("a", truth), ("b", late))]
    path = runs[0] / "scores" / "ytvos" / "expression_scores.parquet"
    path.write_bytes((runs[1] / "scores" / "ytvos" / "expression_scores.parquet").read_bytes())
    with pytest.raises(FormatError, match=r"a give J&F 0\.89\d+, its scores\.json says 1\.0"):
        compare_runs(runs)
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    with pytest.raises(FormatError, match="different expressions"):
        compare_runs(runs)
    pq.write_table(pa.table({"video_id": ["a"]}), path)
    with pytest.raises(FormatError, match="lacks the columns"):
        compare_runs(runs)


def test_the_terminal_table_fits_80_columns(store, tmp_path):
    long = "a-very-long-name-of-a-run-\x1b[2J-[red]-typed-without-thinking"
    runs = [scored_run(tmp_path / name, store, answer) for name, answer in ((long, nothing), ("b", truth))]
    runs.append(scored_run(tmp_path / (long + "2"), store, late))
    for run in runs:
        evaluate(
            run,
            store=store,
            split="train",
            protocol="davis-expressions",
            allow_empty=True,
        )
    found = compare_runs(runs, protocol="davis-expressions")
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    for contrast in found.others:
        console.print(as_rich(found, contrast))
    drawn = console.file.getvalue()
    assert max(map(len, drawn.splitlines())) <= 80
    assert "\x1b" not in drawn and "…" not in drawn
    assert "J recall" in drawn and "p Holm" in drawn
    assert "+72.7 [" in drawn


def test_json_is_strict_and_versioned(tmp_path):
    store = write_store(tmp_path / "store", [two_squares("a")])
    runs = [scored_run(tmp_path / name, store, answer) for name, answer in (("a", truth), ("b", late))]
    content = json.loads(json.dumps(as_json(compare_runs(runs, seed=5)), allow_nan=False))
    assert (content["schema_version"], content["seed"], content["protocol"]) == (2, 5, "ytvos")
    assert content["first"]["name"] == "a"
    (other,) = content["others"]
    j = other["metrics"]["J"]
    assert j["difference"] == pytest.approx(-1 / 12)
    assert (j["low"], j["high"], j["p"]) == (None, None, 1.0)  # one video says nothing about the next
    assert math.isclose(j["value"], 11 / 12)


def test_a_comparison_is_an_object_for_notebooks(store, tmp_path):
    runs = [scored_run(tmp_path / name, store, answer) for name, answer in (("a", truth), ("late", late))]
    found = compare_them(*runs)
    assert repr(found).startswith("late minus a: J&F -")
    assert "<table>" in found._repr_html_()
    frame = found.to_pandas().set_index("metric")
    assert frame.loc["J", "difference"] == pytest.approx(-7 / 66)
    assert not frame.loc["J", "p_is_a_bound"] and frame.loc["J", "better"] == "higher"


def test_a_p_value_at_its_floor_is_shown_as_a_bound(tmp_path):
    names = [f"v{number:02d}" for number in range(20)]
    store = write_store(tmp_path / "store", [two_squares(name) for name in names])
    runs = [scored_run(tmp_path / name, store, answer) for name, answer in (("a", truth), ("b", nothing))]
    found = compare_runs(runs)
    j = by_metric(found.others[0])["J"]
    assert j.comparison.p_is_a_bound and j.comparison.p == 1 / 10_001
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    console.print(as_rich(found, found.others[0]))
    assert "<= 0.0001" in console.file.getvalue()
    assert any("none of the random swaps" in line for line in footnotes(found))
    assert as_json(found)["others"][0]["metrics"]["J"]["p_is_a_bound"] is True
