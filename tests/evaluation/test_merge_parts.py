"""Parts of a run become the run: equal to the bit to one that was made in one go, or refused by name."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rvosbench.errors import FormatError, MissingPathError, OutputError, ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.evaluation.merge_parts import merge
from rvosbench.inference.predict import predict
from rvosbench.plugins.registry import MODELS
from rvosbench.reporting.comparison import compare
from rvosbench.reporting.leaderboard import leaderboard
from rvosbench.reporting.report import report
from rvosbench.runs.run import open_run
from tests.evaluation.parts import COUNT, OPINIONS, store_of_seven

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def model():
    with MODELS.register("opinions", OPINIONS):
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return store_of_seven(tmp_path_factory.mktemp("merge") / "store")


def predicted(store, out, **options):
    return predict("opinions", store, split="train", out=out, **{"protocol": "a2d"} | options)


def parts_of(store, folder, of, **options):
    return [
        predicted(store, folder / f"part-{index}", shard=(index, of), **options) for index in range(1, of + 1)
    ]


@pytest.fixture(scope="module")
def made(store, tmp_path_factory):
    """A whole run and three parts, all scored under two protocols. Copied, not changed."""
    folder = tmp_path_factory.mktemp("made")
    with MODELS.register("opinions", OPINIONS):
        whole = predicted(store, folder / "whole")
        parts = parts_of(store, folder, 3)
    for run in (whole, *parts):
        for protocol in ("a2d", "ytvos"):
            evaluate(run, store, protocol=protocol, seed=4)
    return whole, parts


@pytest.fixture
def copies(made, tmp_path):
    return [Path(shutil.copytree(part, tmp_path / part.name)) for part in made[1]]


def content(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((run / "predictions").iterdir())}


def record(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def write_record(run: Path, **changes) -> None:
    (run / "run.json").write_text(json.dumps(record(run) | changes))


def assert_same_scores(one: Path, other: Path, protocol: str) -> None:
    first, second = open_run(one), open_run(other)
    assert first.scores(protocol) == second.scores(protocol)
    assert first.frames(protocol) == second.frames(protocol)
    assert first.expressions(protocol) == second.expressions(protocol)


@pytest.mark.parametrize("of", [1, 2, 5, COUNT, COUNT + 3])
def test_any_number_of_parts_is_the_whole(store, tmp_path, made, of):
    whole, _ = made
    parts = parts_of(store, tmp_path, of)
    for part in parts:
        evaluate(part, store, protocol="a2d", seed=4)
    merged = merge(parts[::-1], out=tmp_path / "merged")
    assert (merged.parts, merged.protocols, merged.notes) == (of, ("a2d",), ())
    assert content(merged.run) == content(whole)
    assert_same_scores(merged.run, whole, "a2d")
    one, other = record(merged.run), record(whole)
    for key in other.keys() - {"written", "timings", "hardware", "merged"}:
        assert one[key] == other[key], key
    assert one["timings"]["model_s"] == pytest.approx(
        sum(record(part)["timings"]["model_s"] for part in parts), abs=1e-3 * of
    )
    assert len(one["merged"]) == of


def test_the_merged_run_is_scored_as_the_whole(store, tmp_path, made, copies):
    whole, _ = made
    for copy in copies:
        shutil.rmtree(copy / "scores")
    merged = merge(copies, out=tmp_path / "merged")
    assert merged.protocols == ()
    evaluate(merged.run, store, protocol="a2d", seed=4)
    assert_same_scores(merged.run, whole, "a2d")


def test_a_file_of_scores_says_which_part_it_is(made):
    _, parts = made
    for index, part in enumerate(parts, start=1):
        assert record(part)["shard"] == {"index": index, "of": 3}
        scores = open_run(part).scores("a2d")
        assert str(scores.shard) == f"{index}/3"
        assert scores.marks == (f"only shard {index}/3 of the videos",)
    assert open_run(made[0]).scores("a2d").shard is None


def test_a_part_is_neither_ranked_nor_compared_nor_reported(made, store, tmp_path, caplog):
    whole, parts = made
    for refused in (
        lambda: leaderboard([parts[0]]),
        lambda: compare(whole, parts[0], protocol="a2d"),
        lambda: report(parts[0], store, protocol="a2d", out=tmp_path / "page"),
    ):
        with pytest.raises(ScoreError, match=r"holds the scores of shard 1/3 alone; merge .*rvos merge"):
            refused()
    ranked = leaderboard([whole, *parts])
    assert [row.name for table in ranked for row in table.rows] == ["whole", "whole"]
    assert "part-2" in caplog.text


def test_scores_made_in_parts_of_one_run_are_its_scores(made, store, tmp_path):
    whole, _ = made
    copy = Path(shutil.copytree(whole, tmp_path / "run"))
    shutil.rmtree(copy / "scores")
    parts = [tmp_path / f"scored-{index}" for index in (1, 2)]
    for index, part in enumerate(parts, start=1):
        evaluate(copy, store, protocol="a2d", seed=4, shard=(index, 2), out=part)
    assert not (copy / "scores").exists()
    with pytest.raises(ScoreError, match="--shard 1/2"):
        evaluate(parts[0], store, protocol="a2d")
    merge(parts, out=copy)
    assert_same_scores(copy, whole, "a2d")
    elsewhere = merge(parts, out=tmp_path / "elsewhere").run
    assert open_run(elsewhere).frames("a2d") == open_run(whole).frames("a2d")
    assert open_run(elsewhere).scores("a2d").predictions == str(copy / "predictions")
    with pytest.raises(OutputError, match="holds predictions of its own"):
        merge(parts, out=whole)


def test_foreign_predictions_are_scored_in_parts_too(made, store, tmp_path):
    foreign = Path(shutil.copytree(made[0] / "predictions", tmp_path / "theirs"))
    whole = evaluate(foreign, store, split="train", protocol="a2d")
    for index in (1, 2, 3):
        evaluate(foreign, store, split="train", protocol="a2d", shard=f"{index}/3", out=tmp_path / str(index))
    merged = merge([tmp_path / str(index) for index in (1, 2, 3)], out=tmp_path / "merged").run
    scores = open_run(merged).scores()
    assert scores == whole
    assert (open_run(merged).frames(), open_run(merged).expressions()) == (whole.frames, whole.expressions)


def test_a_part_of_a_run_needs_a_folder_of_its_own(made, store):
    with pytest.raises(ValueError, match="name a folder for each part"):
        evaluate(made[0], store, protocol="a2d", shard=(1, 2))


def test_a_part_is_no_other_part(made, store):
    with pytest.raises(ScoreError, match="holds shard 1/3 of the predictions, shard 2/3 was asked for"):
        evaluate(made[1][0], store, protocol="a2d", shard=(2, 3))


def test_missing_and_doubled_parts_are_named(copies, tmp_path):
    out = tmp_path / "merged"
    with pytest.raises(ScoreError, match=r"1 of 3 parts is missing: shard 2/3; .* --shard 2/3"):
        merge([copies[0], copies[2]], out=out)
    with pytest.raises(ScoreError, match=r"shard 1/3 comes twice: .*part-1 and .*part-1"):
        merge([copies[0], copies[0], copies[1], copies[2]], out=out)
    assert not out.exists()


def test_a_whole_run_is_no_part(made, tmp_path):
    with pytest.raises(ScoreError, match="is no part but a whole run"):
        merge([made[0], *made[1]], out=tmp_path / "merged")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "other"}, "model other"),
        ({"checkpoint_sha256": "00"}, "checkpoint sha256 00"),
        ({"store_fingerprint": "11"}, "store fingerprint 11"),
        ({"split": "valid"}, "split valid"),
        ({"seed": 9}, "seed 9"),
        ({"settings": {"layer": 2}}, "settings {'layer': 2}"),
        ({"limit": 3}, "limit 3"),
        ({"mismatched_expressions": True}, "mismatched expressions True"),
    ],
)
def test_a_part_that_was_made_otherwise_is_named(copies, tmp_path, changes, said):
    write_record(copies[1], **changes)
    with pytest.raises(ScoreError) as caught:
        merge(copies, out=tmp_path / "merged")
    assert f"part-2 (shard 2/3) has the {said}, " in str(caught.value)
    assert "rerun shard 2/3" in str(caught.value) and "\n" not in str(caught.value)


def test_parts_of_different_divisions_are_refused(copies, tmp_path):
    write_record(copies[2], shard={"index": 4, "of": 4})
    with pytest.raises(ScoreError, match="parts of different divisions"):
        merge(copies, out=tmp_path / "merged")


def test_an_expression_that_a_part_lacks_or_should_not_have_is_named(copies, tmp_path):
    (file,) = (copies[1] / "predictions").iterdir()
    table = pq.read_table(file)
    ids, names = table["video_id"].to_pylist(), table["expression_id"].to_pylist()
    lost = [not (video == ids[0] and name == "2") for video, name in zip(ids, names, strict=True)]
    pq.write_table(table.filter(lost), file)
    with pytest.raises(ScoreError, match=rf"part-2 lacks expression 2 of video {ids[0]}; rerun shard 2/3"):
        merge(copies, out=tmp_path / "merged")
    renamed = [f"{name}9" if name == "3" else name for name in names]
    pq.write_table(table.set_column(1, "expression_id", [renamed]), file)
    with pytest.raises(ScoreError, match="rerun shard 2/3"):
        merge(copies, out=tmp_path / "merged")
    shutil.copy(next((copies[0] / "predictions").iterdir()), copies[1] / "predictions" / "part-00009.parquet")
    with pytest.raises(ScoreError, match=r"answers video v0 .*which is not in shard 2/3; rerun shard 2/3"):
        merge(copies, out=tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_scores_that_only_some_parts_have_are_left_behind_and_said(copies, tmp_path):
    shutil.rmtree(copies[1] / "scores" / "ytvos")
    merged = merge(copies, out=tmp_path / "merged")
    assert merged.protocols == ("a2d",)
    assert merged.notes[0].startswith("2 of 3 parts were scored under 'ytvos'")


def test_scores_with_other_options_are_refused_by_the_shard(copies, store, tmp_path):
    evaluate(copies[2], store, protocol="ytvos", seed=5)
    with pytest.raises(ScoreError, match=r"another seed .* score shard 3/3 like the others"):
        merge(copies, out=tmp_path / "merged")


def test_several_versions_are_said(copies, tmp_path):
    write_record(copies[1], versions=record(copies[1])["versions"] | {"numpy": "0.1"})
    assert any("several versions of numpy" in note for note in merge(copies, out=tmp_path / "m").notes)


@pytest.mark.parametrize(
    "changes",
    [
        {"frames": "many"},
        {"timings": [1, 2]},
        {"timings": {"model_s": "long"}},
        {"shard": "2/3"},
        {"shard": {"index": 9, "of": 3}},
        {"shard": {"index": None, "of": 3}},
    ],
)
def test_a_record_that_somebody_wrote_by_hand_is_one_line(copies, tmp_path, changes):
    write_record(copies[1], **changes)
    with pytest.raises(FormatError) as caught:
        merge(copies, out=tmp_path / "merged")
    assert "\n" not in str(caught.value) and not (tmp_path / "merged").exists()


@pytest.mark.parametrize("name", ["frame_scores", "expression_scores", "annotators", "samples", "detections"])
@pytest.mark.parametrize("harm", ["gone", "cut", "shorter", "nulls", "types"])
def test_a_damaged_table_of_a_part_is_one_line(copies, tmp_path, name, harm):
    path = copies[1] / "scores" / "a2d" / f"{name}.parquet"
    table = pq.read_table(path)
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    elif harm == "shorter":
        if name == "detections":
            return  # fewer detections are fewer detections
        pq.write_table(table.slice(1), path)
    elif harm == "nulls":
        column = next((c for c in table.column_names if c == "hit"), table.column_names[0])
        if name == "annotators":
            return  # nobody's
        index = table.column_names.index(column)
        nothing = pa.nulls(len(table), table.schema.field(column).type)
        pq.write_table(table.set_column(index, column, nothing), path)
    else:
        index = 0
        odd = pa.array([b"\xff"] * len(table))
        pq.write_table(table.set_column(index, table.column_names[0], odd), path)
    with pytest.raises((FormatError, MissingPathError)) as caught:
        merge(copies, out=tmp_path / "merged")
    assert "\n" not in str(caught.value) and not (tmp_path / "merged").exists()


def test_several_states_of_the_program_are_said(copies, tmp_path):
    write_record(copies[1], fingerprint="0" * 64)
    merged = merge(copies, out=tmp_path / "merged")
    assert any("different states of the program" in note for note in merged.notes)
    assert record(merged.run)["fingerprint"] is None


def test_mismatched_expressions_are_left_out_in_each_part(store, tmp_path):
    whole = predicted(store, tmp_path / "whole", mismatched_expressions=True)
    parts = parts_of(store, tmp_path, 3, mismatched_expressions=True)
    for run in (whole, *parts):
        evaluate(run, store, protocol="ytvos")
    merged = merge(parts, out=tmp_path / "merged").run
    assert record(merged)["left_out"] == record(whole)["left_out"] != []
    assert content(merged) == content(whole)
    assert_same_scores(merged, whole, "ytvos")


def test_a_limit_is_of_all_parts_together(store, tmp_path):
    whole = predicted(store, tmp_path / "whole", limit=4)
    merged = merge(parts_of(store, tmp_path, 2, limit=4), out=tmp_path / "merged").run
    assert content(merged) == content(whole)


def test_masks_that_are_all_empty_are_refused_of_the_whole_not_of_a_part(store, tmp_path, monkeypatch):
    with MODELS.register("silent", OPINIONS):
        from tests.evaluation.parts import Opinions

        real = Opinions.segment

        def silent(self, clip, expressions, candidates=1):
            answers = real(self, clip, expressions, candidates)
            return [type(a)(masks=np.zeros_like(a.masks), scores=a.scores) for a in answers]

        monkeypatch.setattr(Opinions, "segment", silent)
        parts = parts_of(store, tmp_path, 2)
    for part in parts:
        evaluate(part, store, protocol="ytvos")
    with pytest.raises(ScoreError, match=r"all masks in .* are empty"):
        merge(parts, out=tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    merge(parts, out=tmp_path / "merged", allow_empty=True)


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "step"), [("merge", 29), ("evaluate", 7)])
def test_killed_at_any_call_the_same_command_ends_with_the_same(made, store, copies, tmp_path, verb, step):
    whole, _ = made
    calls, at = 0, 0
    while True:
        out = tmp_path / str(at) / "run"
        if verb == "evaluate":
            shutil.copytree(whole, out)
            shutil.rmtree(out / "scores" / "a2d")
        arguments = [str(store), str(out), *map(str, copies)]
        command = [sys.executable, "-m", "tests.evaluation.killed", verb, str(at), *arguments]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if ended.returncode == 7:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        calls += 1
        if verb == "merge":
            if not out.exists():
                merge(copies, out=out)
            assert content(out) == content(whole)
        else:
            evaluate(out, store, protocol="a2d", seed=4)
        assert_same_scores(out, whole, "a2d")
        assert [path.name for path in out.parent.iterdir()] == ["run"]
        assert sorted(path.name for path in (out / "scores").iterdir()) == ["a2d", "ytvos"]
        at += step
    assert calls >= 3
