"""`rvos evaluate`: percent with intervals, what is kept and what is said, metrics that are added."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rvosbench.runs.run import open_run
from tests.reporting.runs import late, scored_run, store_of_annotators


@pytest.fixture
def run(rvos, store, tmp_path) -> Path:
    folder = tmp_path / "run"
    assert rvos("predict", "centre", "--dataset", store, "--split", "heldout", "--out", folder).code == 0
    return folder


@pytest.fixture
def pictures(rvos, store, tmp_path) -> Path:
    """Foreign predictions: the objects' masks of a split as PNG files, moved by nobody."""
    exported = tmp_path / "png"
    assert rvos("export", store, "--format", "png", "--out", exported, "--pixels", "none").code == 0
    return next(path for path in exported.rglob("Annotations") if "train" in str(path))


def test_prints_percent_and_keeps_the_scores_in_the_run(rvos, run):
    ran = rvos("evaluate", run)
    assert ran.code == 0, ran.err
    value = open_run(run).scores("ytvos").metrics["J"]
    (line,) = (line for line in ran.out.splitlines() if line.startswith("J "))
    assert line.split()[1] == f"{100 * value.value:.1f}"
    assert f"[{100 * value.low:.1f}, {100 * value.high:.1f}]" in line
    assert "Nothing was kept" not in ran.err


def test_a_second_protocol_stands_beside_the_first(rvos, run):
    assert rvos("evaluate", run).code == rvos("evaluate", run, "--protocol", "mevis").code == 0
    assert open_run(run).protocols == ("ytvos", "mevis")
    ran = rvos("leaderboard", run)
    assert ran.code == 0
    assert ran.out.index("protocol ytvos") < ran.out.index("protocol mevis")  # the dataset's own first
    only = rvos("leaderboard", run, "--protocol", "mevis").out
    assert "protocol mevis" in only and "protocol ytvos" not in only


def test_a_metric_is_added_to_the_protocols_own(rvos, run):
    ran = rvos("evaluate", run, "--metric", "mIoU", "--metric", "J decay", "--json")
    assert list(json.loads(ran.out)["metrics"]) == ["J&F", "J", "F", "mIoU", "J decay"]
    assert "J decay ↓" in rvos("leaderboard", run, "--markdown").out
    ran = rvos("evaluate", run, "--metric", "mIoo")
    assert ran.code == 1 and "did you mean 'mIoU'" in ran.error


def test_without_out_nothing_is_kept_and_that_is_said(rvos, store, pictures, tmp_path):
    given = ("evaluate", "--dataset", store, "--split", "train", "--predictions", pictures)
    before = sorted(tmp_path.rglob("*"))
    ran = rvos(*given, "--protocol", "davis-objects")
    assert ran.code == 0, ran.err
    assert "Nothing was kept; add --out FOLDER" in ran.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_scored_zip_is_reported_without_a_word_repeated(rvos, store, pictures, tmp_path):
    kept = tmp_path / "kept"
    given = ("evaluate", "--dataset", store, "--split", "train", "--predictions", pictures)
    ran = rvos(*given, "--protocol", "davis-objects", "--out", kept)
    assert ran.code == 0 and "Nothing was kept" not in ran.err
    page = rvos("report", kept)
    assert page.code == 0, page.err
    assert Path(page.out.strip()).is_file()
    again = rvos("evaluate", kept, "--protocol", "davis-semi")
    assert again.code == 0, again.err
    assert open_run(kept).protocols == ("davis-objects", "davis-semi")


def test_a_run_is_not_named_as_predictions(rvos, run, store):
    ran = rvos("evaluate", "--dataset", store, "--predictions", run)
    assert ran.code == 2 and "is a run; name it without --predictions" in ran.error


def test_the_numbers_of_each_annotator_stand_side_by_side(rvos, tmp_path):
    store = store_of_annotators(tmp_path / "store")
    run = scored_run(tmp_path / "run", store, late)
    for protocol in ("davis-official", "davis-plain", "davis-expressions"):
        ran = rvos("evaluate", run, "--dataset", store.folder, "--protocol", protocol, "--json")
        assert ran.code == 0, ran.err
        found = json.loads(ran.out)["by_annotator"]
        assert len(found) == 4 and all({"J&F", "J decay"} <= values.keys() for values in found.values())
        ran = rvos("evaluate", run, "--dataset", store.folder, "--protocol", protocol)
        lines = ran.out[ran.out.index("annotator ") :].splitlines()
        for line, (annotator, values) in zip(lines[1:5], found.items(), strict=True):
            cells = [f"{100 * values[name]:.1f}" for name in ("J&F", "J", "F")]
            assert line.split() == [*annotator.split(), *cells]
        assert max(map(len, ran.out.splitlines())) <= 80


def test_an_answer_without_annotators_has_no_such_table(rvos, run):
    assert json.loads(rvos("evaluate", run, "--json").out)["by_annotator"] == {}
    assert "annotator" not in rvos("evaluate", run).out


def test_what_is_let_pass_is_said_by_the_table_and_the_page(rvos, store, pictures, tmp_path):
    from rvosbench.store import Store

    first = Store.open(store).video_ids("train")[0]
    next(iter(sorted((pictures / first).glob("*.png")))).unlink()
    given = ("evaluate", "--dataset", store, "--split", "train", "--predictions", pictures)
    given += ("--protocol", "davis-objects", "--out", tmp_path / "theirs")
    refused = rvos(*given)
    assert refused.code == 3 and "are missing" in refused.error and "--missing zero" in refused.error
    ran = rvos(*given, "--missing", "zero")
    assert ran.code == 0, ran.err
    assert "missing masks counted as empty" in ran.out
    scores = json.loads((tmp_path / "theirs" / "scores" / "davis-objects" / "scores.json").read_text())
    assert scores["tolerance"]["missing"] == "zero" and scores["adjusted"]["missing"] > 0
    assert rvos("report", tmp_path / "theirs").code == 0
    (page,) = tmp_path.glob("theirs/**/*.html")
    assert "missing masks counted as empty" in page.read_text(encoding="utf-8")


def test_one_command_from_a_wrapped_zip_to_a_row_of_the_leaderboard(rvos, store, run, tmp_path):
    import zipfile

    from rvosbench import masks
    from rvosbench.store import Store

    opened = Store.open(store)
    with zipfile.ZipFile(tmp_path / "theirs.zip", "w") as archive:
        for video_id in opened.video_ids("heldout"):
            video = opened.video("heldout", video_id)
            for expression in video.expressions:
                for index, frame in enumerate(video.frames):
                    (object_id,) = expression.object_ids or (0,)
                    rle = video.masks.get((object_id, index), masks.empty(video.height, video.width))
                    name = f"my results\\{video_id}\\{expression.expression_id}\\{frame.name}.png"
                    archive.writestr(name, masks.encode_binary_png(masks.decode(rle)))
    assert rvos("evaluate", run).code == 0
    given = ("evaluate", "--dataset", store, "--split", "heldout", "--predictions", tmp_path / "theirs.zip")
    ran = rvos(*given, "--out", tmp_path / "theirs", "--leaderboard")
    assert ran.code == 0, ran.err
    assert "the results are in the folder my results" in ran.err
    words = [line.split() for line in ran.out.splitlines()]
    rows = [line[:2] for line in words if line[:1] in (["1"], ["2"]) and line[1] in ("theirs", "run")]
    assert rows == [["1", "theirs"], ["2", "run"]]


def test_options_about_one_set_of_predictions_need_some(rvos, tmp_path, monkeypatch):
    (tmp_path / "rvos.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    ran = rvos("evaluate", "--missing", "zero")
    assert ran.code == 2 and "--missing is about one run" in ran.err


def test_a_leaderboard_needs_what_is_kept(rvos, store, pictures):
    ran = rvos("evaluate", "--dataset", store, "--predictions", pictures, "--leaderboard")
    assert ran.code == 2 and "add --out FOLDER" in ran.err


def test_a_file_in_place_of_a_run_is_told_the_option_for_it(rvos, tmp_path):
    (tmp_path / "theirs.zip").write_bytes(b"PK")
    ran = rvos("evaluate", tmp_path / "theirs.zip")
    assert ran.code == 2 and f"--predictions {tmp_path / 'theirs.zip'} --dataset STORE" in ran.error


def test_a_run_packed_by_a_colleague_is_scored_ranked_compared_and_reported(rvos, store, run, tmp_path):
    import tarfile

    assert rvos("evaluate", run).code == 0
    with tarfile.open(tmp_path / "colleague.tar.gz", "w:gz") as archive:
        archive.add(run, "soc")
    given = ("--dataset", store, "--split", "heldout", "--predictions", tmp_path / "colleague.tar.gz")
    ran = rvos("evaluate", *given, "--out", tmp_path / "theirs", "--leaderboard")
    assert ran.code == 0, ran.err
    assert "holds a run in the folder soc" in ran.err and "colleague" in ran.out
    assert rvos("compare", run, tmp_path / "theirs").code == 0
    ran = rvos("report", tmp_path / "theirs")
    assert ran.code == 0, ran.err
