"""A threshold that empties masks of 0 and 1 is the fault, the error says so, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.evaluation.submit import submit
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.submission import convert
from tests.tiny_store import two_squares, write_store

ALREADY = r"all masks in .* are empty; without --threshold 128 they are not: they are masks already"
MAYBE = r"empty once they are cut at 128; if they are masks already, of 0 and 1"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return write_store(tmp_path / "store", [two_squares("a"), two_squares("b")])


def pictures(folder: Path, store: Store, levels: tuple[int, ...]) -> Path:
    """The truth in grey: nothing is 0, objects have these levels in turn."""
    for video_id in store.video_ids("train"):
        video = store.video("train", video_id)
        for expression in video.expressions:
            for index, frame in enumerate(video.frames):
                rles = [
                    video.masks[i, index] for i in expression.object_ids or () if (i, index) in video.masks
                ]
                mask = masks.decode(masks.union(rles, video.height, video.width))
                grey = np.zeros(mask.shape, np.uint8)
                grey[mask] = np.resize(levels, np.count_nonzero(mask))
                path = folder / video_id / expression.expression_id / f"{frame.name}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(grey).save(path)
    return folder


def test_masks_of_0_and_1_need_no_threshold(tmp_path, store):
    mine = pictures(tmp_path / "mine", store, (1,))
    with pytest.raises(ScoreError, match=ALREADY):
        evaluate(mine, store, protocol="ytvos", threshold=128)
    whole = evaluate(mine, store, protocol="ytvos")
    assert whole.main.value == 1
    assert evaluate(mine, store, protocol="ytvos", threshold=1).main.value == 1


def test_soft_masks_that_are_all_below_the_threshold_are_not_called_masks(tmp_path, store):
    mine = pictures(tmp_path / "mine", store, (3, 90, 120))
    with pytest.raises(ScoreError, match="are empty; were scores saved") as error:
        evaluate(mine, store, protocol="ytvos", threshold=128)
    assert "masks already" not in str(error.value)


def test_without_a_threshold_nothing_is_said_of_it(tmp_path, store):
    mine = pictures(tmp_path / "mine", store, (0,))
    with pytest.raises(ScoreError, match="are empty; were scores saved"):
        evaluate(mine, store, protocol="ytvos")
    with pytest.raises(ScoreError, match="are empty; were scores saved"):
        evaluate(mine, store, protocol="ytvos", threshold=128)


@pytest.mark.parametrize("dry_run", [False, True])
def test_they_are_not_converted_or_submitted_as_empty_ones(tmp_path, store, dry_run):
    mine = pictures(tmp_path / "mine", store, (1,))
    cut = Tolerance(threshold=128)
    for to, name in (("json", "a.json"), ("png", "b"), ("parquet", "c"), ("submission", "d.zip")):
        with pytest.raises(ScoreError, match=MAYBE):
            convert(mine, store, tmp_path / name, to=to, tolerance=cut, dry_run=dry_run)
    with pytest.raises(ScoreError, match=MAYBE):
        submit(mine, "ytvos", tmp_path / "e.zip", store, tolerance=cut, dry_run=dry_run)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "store"]


def test_masks_that_are_empty_on_purpose_are_converted_and_submitted(tmp_path, store):
    mine = pictures(tmp_path / "mine", store, (0,))
    cut = Tolerance(threshold=128)
    assert convert(mine, store, tmp_path / "a.json", to="json", tolerance=cut).masks == 48
    assert submit(mine, "ytvos", tmp_path / "b.zip", store, tolerance=cut).masks == 48
