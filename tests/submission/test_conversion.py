"""Round trips through every form are equal for what the form can hold, and what is lost is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import InvalidDataError, OutputError, ScoreError
from rvosbench.runs.predictions import Prediction, Predictions, PredictionsWriter
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.submission import convert, open_predictions
from tests.tiny_store import HEIGHT, WIDTH, lone_square, square, tiny_store, two_squares

VIDEOS = (two_squares(), lone_square())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("conversion") / "store")


def random_rows(seed: int, *, candidates: bool, whole: bool = False) -> list[Prediction]:
    """Masks with and without foreground; some are missing, and scores are in no order."""
    rng = np.random.default_rng(seed)
    rows = []
    for video in VIDEOS:
        for expression in video.expressions:
            for frame in range(len(video.frames)):
                for candidate in range(3 if candidates else 1):
                    if not whole and rng.random() < 0.3:
                        continue
                    mask = rng.random((HEIGHT, WIDTH)) < rng.choice([0, 0.1, 0.9, 1])
                    rows.append(
                        Prediction(
                            video_id=video.video_id,
                            expression_id=expression.expression_id,
                            frame_index=frame,
                            candidate=candidate,
                            score=float(rng.normal()) if candidates else 1.0,
                            mask=masks.encode(mask),
                        )
                    )
    return rows


def parquet(folder: Path, rows: list[Prediction]) -> Path:
    with PredictionsWriter(folder) as writer:
        for video in VIDEOS:
            writer.add([row for row in rows if row.video_id == video.video_id])
    return folder


def rows_of(path: Path) -> list[Prediction]:
    read = Predictions.open(path)
    return [row for video in VIDEOS for row in read.video(video.video_id)]


@pytest.mark.parametrize("name", ["mine.json", "mine.json.gz"])
@pytest.mark.parametrize("candidates", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_json_holds_everything(tmp_path: Path, store, seed, candidates, name):
    given = random_rows(seed, candidates=candidates)
    path = parquet(tmp_path / "given", given)
    converted = convert(path, store, tmp_path / name, to="json", split="train")
    assert (converted.masks, converted.lost) == (len(given), ())
    back = convert(tmp_path / name, store, tmp_path / "back", to="parquet", split="train")
    assert back.lost == ()
    assert rows_of(tmp_path / "back") == rows_of(path)


@pytest.mark.parametrize("name", ["tree", "tree.zip"])
def test_pictures_hold_the_answers(tmp_path: Path, store, name):
    path = parquet(tmp_path / "given", random_rows(5, candidates=False))
    converted = convert(path, store, tmp_path / name, to="png", split="train")
    assert converted.lost == ()
    convert(tmp_path / name, store, tmp_path / "back", to="parquet", split="train")
    assert rows_of(tmp_path / "back") == rows_of(path)


def test_what_pictures_cannot_hold_is_said(tmp_path: Path, store):
    given = random_rows(6, candidates=True)
    path = parquet(tmp_path / "given", given)
    for dry_run in (True, False):
        converted = convert(path, store, tmp_path / "tree", to="png", split="train", dry_run=dry_run)
        answers = [row for row in given if row.candidate == 0]
        assert converted.lost == (
            f"{len(given) - len(answers):,} masks of further candidates are left out",
            f"{len(answers):,} scores are left out; they read as 1 again",
        )
        assert (tmp_path / "tree").exists() is not dry_run
    convert(tmp_path / "tree", store, tmp_path / "back", to="parquet", split="train")
    assert rows_of(tmp_path / "back") == [
        replace(row, score=1.0) for row in rows_of(path) if not row.candidate
    ]


def test_a_submission_is_whole_or_refused(tmp_path: Path, store):
    whole = parquet(tmp_path / "whole", random_rows(7, candidates=False, whole=True))
    convert(whole, store, tmp_path / "sub.zip", to="submission", split="train")
    convert(tmp_path / "sub.zip", store, tmp_path / "back", to="parquet", split="train")
    assert rows_of(tmp_path / "back") == rows_of(whole)
    part = parquet(tmp_path / "part", random_rows(7, candidates=False))
    for dry_run in (True, False):
        with pytest.raises(ScoreError, match=r"masks.* are missing.*the server wants every frame"):
            convert(part, store, tmp_path / "no.zip", to="submission", split="train", dry_run=dry_run)
    assert not (tmp_path / "no.zip").exists()


def test_objects_become_label_maps_and_come_back(tmp_path: Path, store):
    empty = masks.empty(HEIGHT, WIDTH)
    rows = [
        Prediction(
            video_id="single",
            expression_id="7",
            frame_index=frame,
            candidate=0,
            score=1.0,
            mask=masks.encode(square(frame)) if frame else empty,
        )
        for frame in range(5)
    ]
    path = parquet(tmp_path / "given", rows)
    options = {"split": "train", "protocol": "davis-objects"}
    convert(path, store, tmp_path / "tree", to="png", **options)
    assert sorted(p.name for p in (tmp_path / "tree" / "single").iterdir())[0] == "00000.png"
    convert(tmp_path / "tree", store, tmp_path / "back", to="parquet", **options)
    assert rows_of(tmp_path / "back") == rows_of(path)
    convert(path, store, tmp_path / "o.json", to="json", **options)
    convert(tmp_path / "o.json", store, tmp_path / "again", to="parquet", **options)
    assert rows_of(tmp_path / "again") == rows_of(path)


def test_objects_that_overlap_or_have_no_label_are_refused_as_label_maps(tmp_path: Path, store):
    both = [
        Prediction(
            video_id="pair",
            expression_id=number,
            frame_index=0,
            candidate=0,
            score=1.0,
            mask=masks.encode(square(0)),
        )
        for number in "01"
    ]
    path = parquet(tmp_path / "given", both)
    with pytest.raises(ScoreError, match=r"expression 0, .* has no label of a PNG"):
        convert(path, store, tmp_path / "tree", to="png", split="train", protocol="davis-objects")
    assert not (tmp_path / "tree").exists()


def test_a_name_that_differs_by_a_space_is_no_surplus(tmp_path: Path, store):
    rows = [replace(row, expression_id=f"{row.expression_id} ") for row in random_rows(8, candidates=False)]
    path = parquet(tmp_path / "given", rows)
    with pytest.raises(ScoreError, match=r"'0 ', which is called '0'; .* rename it"):
        convert(
            path, store, tmp_path / "x.json", to="json", split="train", tolerance=Tolerance(surplus="ignore")
        )


def test_what_the_split_does_not_ask_is_refused_or_left_out(tmp_path: Path, store):
    rows = random_rows(8, candidates=False)
    other = [replace(row, expression_id="9") for row in rows if row.expression_id == "0"]
    path = parquet(tmp_path / "given", rows + other)
    with pytest.raises(ScoreError, match=r"predictions for 9 of video pair.*--surplus ignore"):
        convert(path, store, tmp_path / "x.json", to="json", split="train")
    converted = convert(
        path, store, tmp_path / "x.json", to="json", split="train", tolerance=Tolerance(surplus="ignore")
    )
    assert converted.adjusted.surplus == len(other) and converted.masks == len(rows)
    with pytest.raises(ScoreError, match="2 videos that tiny/valid does not have, such as 'pair', 'single'"):
        convert(path, store, tmp_path / "y.json", to="json", split="valid")
    with pytest.raises(ScoreError, match="holds no predictions for tiny/valid"):
        tolerance = Tolerance(surplus="ignore")
        convert(path, store, tmp_path / "y.json", to="json", split="valid", tolerance=tolerance)
    assert not (tmp_path / "y.json").exists()


def test_names_that_are_taken_and_forms_that_are_none_are_refused_before_the_work(tmp_path: Path, store):
    path = parquet(tmp_path / "given", random_rows(9, candidates=False))
    for name, to in (("a.json", "json"), ("a.zip", "png")):
        (tmp_path / name).write_text("mine")
        with pytest.raises(OutputError, match="already exists"):
            convert(path, store, tmp_path / name, to=to, split="train")
        assert (tmp_path / name).read_text() == "mine"
        convert(path, store, tmp_path / name, to=to, split="train", overwrite=True)
    with pytest.raises(OutputError, match=r"ends in \.json"):
        convert(path, store, tmp_path / "a.txt", to="json", split="train")
    with pytest.raises(InvalidDataError, match="cannot convert to 'xml'"):
        convert(path, store, tmp_path / "a", to="xml", split="train")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "a.zip", "given"]


def test_nothing_is_left_under_a_final_name_when_it_fails(tmp_path: Path, store):
    content = {"pair": {"0": [masks.as_json(masks.encode(square(0)))] * 6}, "single": {"0": [None]}}
    (tmp_path / "bad.json").write_text(json.dumps(content))
    for name, to in (("a.json.gz", "json"), ("a.zip", "png"), ("a", "png"), ("b", "parquet")):
        with pytest.raises(ScoreError, match="has 1 masks"):
            convert(tmp_path / "bad.json", store, tmp_path / name, to=to, split="train")
    assert [p.name for p in tmp_path.iterdir()] == ["bad.json"]


def test_json_of_ours_is_what_other_code_reads(tmp_path: Path, store):
    """Video, expression, frames and pycocotools' run lengths, as the results.json of published models."""
    from pycocotools import mask as coco

    path = parquet(tmp_path / "given", random_rows(3, candidates=False, whole=True))
    convert(path, store, tmp_path / "a.json", to="json", split="train")
    content = json.loads((tmp_path / "a.json").read_text())
    assert set(content) == {"pair", "single"}
    answer = content["pair"]["0"]
    assert answer["frames"] == [frame.name for frame in VIDEOS[0].frames]
    assert coco.decode(answer["prediction_masks"][0]).shape == (HEIGHT, WIDTH)
    assert open_predictions(tmp_path / "a.json", "expression", store=store).video_ids() == ("pair", "single")


def test_each_form_gives_way_to_itself_on_request_and_to_nothing_else(tmp_path: Path, store):
    path = parquet(tmp_path / "given", random_rows(9, candidates=False, whole=True))
    for name, to in (("rows", "parquet"), ("tree", "png"), ("sent", "submission")):
        first = convert(path, store, tmp_path / name, to=to, split="train")
        for dry_run in (True, False):
            with pytest.raises(OutputError, match="add --overwrite"):
                convert(path, store, tmp_path / name, to=to, split="train", dry_run=dry_run)
        again = convert(path, store, tmp_path / name, to=to, split="train", overwrite=True)
        assert again == first
        (tmp_path / name / "notes.txt").write_text("mine")
        for dry_run in (True, False):
            with pytest.raises(OutputError, match="holds something else"):
                convert(path, store, tmp_path / name, to=to, split="train", overwrite=True, dry_run=dry_run)
        assert (tmp_path / name / "notes.txt").read_text() == "mine"
    assert rows_of(path) == random_rows(9, candidates=False, whole=True)


def test_rows_can_take_the_place_of_those_that_they_are_made_of(tmp_path: Path, store):
    given = random_rows(4, candidates=True)
    path = parquet(tmp_path / "given", given)
    convert(path, store, path, to="parquet", split="train", overwrite=True)
    assert rows_of(path) == given


def test_a_runs_own_predictions_and_a_store_give_way_to_nothing(tmp_path: Path, store):
    given = parquet(tmp_path / "given", random_rows(4, candidates=False))
    parquet(tmp_path / "run" / "predictions", random_rows(5, candidates=False))
    (tmp_path / "run" / "run.json").write_text("{}")
    tables = min(store.folder.rglob("*.parquet")).parent
    for out in (tmp_path / "run" / "predictions", store.folder, tables):
        with pytest.raises(OutputError, match="holds something else"):
            convert(given, store, out, to="parquet", split="train", overwrite=True)


def test_a_dry_run_says_that_the_name_is_taken(tmp_path: Path, store):
    path = parquet(tmp_path / "given", random_rows(9, candidates=False, whole=True))
    names = {"json": "a.json", "png": "a.zip", "parquet": "a", "submission": "b.zip"}
    for to, name in names.items():
        (tmp_path / name).write_text("mine")
        with pytest.raises(OutputError, match=r"already exists|is a file"):
            convert(path, store, tmp_path / name, to=to, split="train", dry_run=True)
        (tmp_path / name).unlink()
        convert(path, store, tmp_path / name, to=to, split="train", dry_run=True)
        assert not (tmp_path / name).exists()
    with pytest.raises(OutputError, match=r"ends in \.json"):
        convert(path, store, tmp_path / "a.txt", to="json", split="train", dry_run=True)
