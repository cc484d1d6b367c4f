"""A run over time: by hand, for every kind of protocol, and as JSON."""

from __future__ import annotations

import json

import pytest

from rvosbench.errors import ScoreError
from rvosbench.plugins.registry import PROTOCOLS
from rvosbench.reporting.answers import ScoredRun
from rvosbench.reporting.over_time import as_json, over_time
from tests.reporting.runs import late, scored_run, store_of_annotators, store_of_pairs, truth
from tests.tiny_store import square, two_squares, video, write_store

RED = {n: square(2 * n) for n in range(6)}


def test_an_answer_that_is_gone_for_a_frame_flickers_twice(tmp_path):
    """Red moves steadily; of the 5 pairs of frames, the two with frame 1 lose everything."""
    store = write_store(
        tmp_path / "store",
        [video(name, "train", {0: RED}, {"the red square": (0,)}) for name in ("a", "b")],
    )
    found = over_time(ScoredRun(scored_run(tmp_path / "run", store, late), store))
    assert found.stability is not None
    assert (found.stability.n, found.stability.n_videos) == (2, 2)
    assert (found.stability.answers.value, found.stability.truths.value) == (3 / 5, 1.0)
    assert found.stability.difference.difference == pytest.approx(-2 / 5)
    # Frame 1 lasts from 1/6 to 2/6 of the clip.
    j = [part.mean for part in found.parts]
    assert j == pytest.approx([1, 2 / 3, 0, 2 / 3, 1, 1, 1, 1, 1, 1])


def test_perfect_answers_are_as_stable_as_the_objects(tmp_path):
    store = store_of_pairs(tmp_path / "store")
    run = scored_run(tmp_path / "run", store, truth)
    found = over_time(ScoredRun(run, store))
    assert found.stability is not None
    # Blue appears in frame 3 of a and b: one pair of five is lost, for "blue" alone.
    assert found.stability.truths == found.stability.answers
    assert found.stability.truths.value < 1
    assert found.stability.difference.difference == 0
    content = json.loads(json.dumps(as_json(found), allow_nan=False))
    assert content["schema_version"] == 1
    assert [part["n"] for part in content["j_per_part_of_the_clip"]] == [11] * 10
    assert content["stability"]["difference"]["p"] == 1.0


def test_single_frames_have_no_time_and_single_videos_no_interval(tmp_path):
    still = video("v", "train", {0: {0: square(4)}}, {"it": (0,)}, frames=1)
    store = write_store(tmp_path / "s", [still])
    found = over_time(ScoredRun(scored_run(tmp_path / "run", store, truth), store))
    assert (found.parts, found.stability) == ((), None)
    store = write_store(tmp_path / "t", [two_squares("a")])
    content = as_json(over_time(ScoredRun(scored_run(tmp_path / "other", store, late), store)))
    assert content["stability"]["answers"]["low"] is None
    json.dumps(content, allow_nan=False)


@pytest.mark.parametrize("protocol", ["mevis", "davis-expressions", "a2d", "jhmdb"])
def test_every_protocol_counts_its_own_frames(tmp_path, protocol):
    store = store_of_pairs(tmp_path / "store")
    run = scored_run(tmp_path / "run", store, late, protocol=protocol, left_out=["c/1"])
    found = over_time(ScoredRun(run, store))
    assert found.stability is not None
    assert found.stability.n == found.parts[0].n == 10  # c/1 was never asked
    # Blue appears late in a and b. Where frames without it are no samples, its appearing is not seen.
    unseen = PROTOCOLS[protocol].absent == "no sample"
    assert found.stability.truths.value == pytest.approx(0.90351 + 0.04 * unseen, abs=1e-5)


def test_merged_and_matched_objects_are_those_that_were_scored(tmp_path):
    """davis-official: every annotator describes both objects; blue is asked for in red's place."""
    store = store_of_annotators(tmp_path / "store")

    def swapped(each, expression_id, frame):
        return truth(each, str(int(expression_id) ^ 1), frame)

    run = scored_run(tmp_path / "run", store, swapped, protocol="davis-official")
    for name in ("d", "e"):
        _, tracks = ScoredRun(run, store).video(name)
        assert set(tracks) == {f"anno_{annotator}/{thing}" for annotator in range(4) for thing in (1, 2)}
        for track in tracks.values():
            assert track.masks == track.query.truths  # matching forgives the wrong name
    found = over_time(ScoredRun(run, store))
    assert found.stability is not None
    assert (found.stability.n, found.stability.answers.value) == (16, 1.0)
    assert [part.mean for part in found.parts] == pytest.approx([1.0] * 10)


def test_another_store_is_refused(tmp_path):
    store = store_of_pairs(tmp_path / "store")
    run = scored_run(tmp_path / "run", store, truth)
    with pytest.raises(ScoreError, match="another store"):
        ScoredRun(run, write_store(tmp_path / "other", [two_squares("a")]))
