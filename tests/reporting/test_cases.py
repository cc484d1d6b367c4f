import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvosbench.drawing import overlay
from rvosbench.errors import FormatError, MissingPathError, ScoreError, UnknownNameError
from rvosbench.reporting.answers import ScoredRun
from rvosbench.reporting.cases import Case, key_frames, read_cases, strip
from rvosbench.runs.run import open_run
from rvosbench.store import Store
from tests.reporting.runs import late, scored_run, store_of_pairs, truth
from tests.tiny_store import HEIGHT, WIDTH, two_squares, write_store


@pytest.fixture
def store(tmp_path):
    return store_of_pairs(tmp_path / "store")


def test_a_case_holds_what_was_predicted_scored_and_true(store, tmp_path):
    run = scored_run(tmp_path / "run", store, late)
    (case,) = read_cases(ScoredRun(run, store), [("c", "1")], frames=6)
    video = store.video("train", "c")
    assert (case.text, case.shown) == ("the blue square", (0, 1, 2, 3, 4, 5))
    assert case.j_over_time == case.f_over_time == (1.0, 0.0, 1.0, 1.0, 1.0, 1.0)
    assert case.j == case.f == case.j_and_f == pytest.approx(5 / 6)
    assert case.frame_names == ("00000", "00005", "00010", "00015", "00020", "00025")
    for place in range(6):
        np.testing.assert_array_equal(case.predicted[place], late(video, "1", place))
        np.testing.assert_array_equal(case.truth[place], truth(video, "1", place))
        assert case.pixels[place, 0, 0, 0] == place  # the picture's own number


def test_cases_come_in_the_order_of_the_keys(store, tmp_path):
    run = scored_run(tmp_path / "run", store, truth)
    keys = [("c", "2"), ("a", "0"), ("c", "0"), ("b", "3")]
    assert [(case.video_id, case.expression_id) for case in read_cases(ScoredRun(run, store), keys)] == keys


@given(j=st.lists(st.floats(0, 1), min_size=1, max_size=60), count=st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_key_frames_are_distinct_and_hold_the_worst(j, count):
    chosen = key_frames(j, count)
    assert len(chosen) == min(count, len(j)) == len(set(chosen))
    assert list(chosen) == sorted(chosen)
    assert min(j[place] for place in chosen) == min(j)
    if count > 2:
        assert {0, len(j) - 1} <= set(chosen)


def test_key_frames_by_hand():
    assert key_frames([1.0] * 11, 6) == (0, 2, 4, 6, 8, 10)
    assert key_frames([1, 1, 1, 0.2, 1, 1, 1, 1, 1, 1, 1], 6) == (0, 3, 4, 6, 8, 10)


def case_of(height, width, frames=3, pixels=True):
    rng = np.random.default_rng(0)
    masks = rng.random((2, frames, height, width)) > 0.5
    return Case(
        video_id="v",
        expression_id="0",
        text="x",
        j=0,
        f=0,
        j_and_f=0,
        frame_names=tuple(map(str, range(frames))),
        j_over_time=(0.0,) * frames,
        f_over_time=(0.0,) * frames,
        shown=tuple(range(frames)),
        pixels=np.full((frames, height, width, 3), 200, np.uint8) if pixels else None,
        predicted=masks[0],
        truth=masks[1],
    )


@pytest.mark.parametrize(
    ("size", "tile"),
    [((480, 854), (112, 200)), ((24, 32), (150, 200)), ((640, 360), (150, 84)), ((1, 1000), (1, 200))],
)
def test_strip_fits_frames_of_any_shape(size, tile):
    drawn = strip(case_of(*size))
    assert drawn.shape == (2 * tile[0] + 4, 3 * tile[1] + 2 * 4, 3)


def test_strip_shows_right_and_wrong(store, tmp_path):
    run = scored_run(tmp_path / "run", store, late)
    (case,) = read_cases(ScoredRun(run, store), [("c", "1")], frames=2)
    assert 1 in case.shown
    drawn = strip(case, tile=(HEIGHT, WIDTH))
    columns = {
        place: drawn[HEIGHT + 4 :, n * (WIDTH + 4) :][:HEIGHT, :WIDTH] for n, place in enumerate(case.shown)
    }
    y, x = 8, 24  # inside the blue square

    def hue(colour):
        return int(np.argmax(np.asarray(colour, int)))

    assert hue(columns[1][y, x]) == hue(overlay.MISSED)
    (other,) = set(case.shown) - {1}
    assert hue(columns[other][y, x]) == hue(overlay.HIT)


def test_without_pixels_the_masks_lie_on_grey():
    blank, lit = strip(case_of(24, 32, pixels=False)), strip(case_of(24, 32))
    assert blank.shape == lit.shape
    assert (blank[:150] == 128).all(-1).any() and not (lit[:150] == 128).all(-1).any()


def test_frames_that_are_gone_are_no_error(tmp_path, shared):
    from rvosbench.evaluation.evaluate import evaluate
    from rvosbench.preparation import prepare

    root = shared / "samples" / "ref_davis17"
    prepare("davis", root, tmp_path / "store", limit=1)
    store = Store.open(tmp_path / "store")
    (split, *_) = store.splits
    predictions = tmp_path / "osvos"
    video_id = store.video_ids(split)[0]
    shutil.copytree(root / "predictions_osvos" / video_id, predictions / video_id)
    evaluate(predictions, store, split=split, protocol="davis-objects", out=tmp_path / "run")
    moved = Store.open(tmp_path / "store", release=tmp_path / "nowhere")
    (gone,) = read_cases(ScoredRun(tmp_path / "run", moved, predictions=predictions), [(video_id, "1")])
    (here,) = read_cases(ScoredRun(tmp_path / "run", store, predictions=predictions), [(video_id, "1")])
    assert gone.pixels is None and here.pixels is not None
    np.testing.assert_array_equal(gone.predicted, here.predicted)
    assert here.j == pytest.approx(0.94315, abs=5e-6) and here.f == pytest.approx(0.97459, abs=5e-6)


def test_another_store_is_refused(store, tmp_path):
    run = scored_run(tmp_path / "run", store, truth)
    with pytest.raises(ScoreError, match="another store"):
        ScoredRun(run, write_store(tmp_path / "other", [two_squares("a")]))


def test_unknown_expressions_are_refused(store, tmp_path):
    run = scored_run(tmp_path / "run", store, truth)
    with pytest.raises(ScoreError, match="no score for expression 99"):
        read_cases(ScoredRun(run, store), [("a", "99")])
    with pytest.raises(UnknownNameError, match="video of tiny/train"):
        read_cases(ScoredRun(run, store), [("nope", "0")])


def test_damaged_tables_are_refused(store, tmp_path):
    run = scored_run(tmp_path / "run", store, truth)
    path = run / "scores" / "ytvos" / "expression_scores.parquet"
    pq.write_table(pa.table({"video_id": ["a"]}), path)
    with pytest.raises(FormatError, match="lacks the columns"):
        open_run(run).expressions()
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(FormatError, match="cannot be read as Parquet"):
        open_run(run).expressions()
    path.unlink()
    with pytest.raises(MissingPathError, match="rvos evaluate"):
        open_run(run).expressions()
