"""Protocols are listed, explained and found; what they ask about a video is right."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import combinations

import pytest

from rvosbench import masks
from rvosbench.errors import ScoreError, UnknownNameError
from rvosbench.evaluation.targets import NOWHERE, nothing_counts, queries
from rvosbench.plugins.registry import PROTOCOLS
from rvosbench.types import Object, Video
from tests.tiny_store import hidden, lone_square, square, two_squares


def areas(asked) -> list[list[int]]:
    return [[masks.area(truth) for truth in query.truths] for query in asked]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_explains_itself_in_two_lines_of_a_terminal(name):
    protocol = PROTOCOLS[name]
    assert protocol.name == name
    lines = protocol.explanation.splitlines()
    assert len(lines) == 2
    indent = 4 + max(map(len, PROTOCOLS))  # of `rvos list protocols`
    assert indent + max(map(len, lines)) < 80
    assert protocol.main_metric in protocol.metrics


def test_no_two_protocols_are_the_same_under_another_name():
    names = {"name", "title", "explanation", "unverified", "datasets"}
    rules = {
        name: {k: v for k, v in asdict(protocol).items() if k not in names}
        for name, protocol in PROTOCOLS.items()
    }
    same = {frozenset(pair) for pair in combinations(rules, 2) if rules[pair[0]] == rules[pair[1]]}
    # Ref-YouTube-VOS and MeViS differ in the data: an expression of MeViS means any number of objects.
    assert same == {frozenset(("mevis", "ytvos"))}


def test_what_was_not_compared_with_the_official_evaluator_says_so():
    assert "unverified" in PROTOCOLS["ytvos"].unverified
    assert "differ from soft merging" in PROTOCOLS["davis-official"].unverified


def test_a_typo_is_answered_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean 'davis-objects'"):
        PROTOCOLS["davis-object"]


def test_expressions_are_asked_in_every_annotated_frame_and_absence_is_an_empty_truth():
    asked = queries(two_squares(), PROTOCOLS["ytvos"])
    assert [query.text for query in asked] == [
        "the red square",
        "the blue one",
        "both squares",
        "the dog",
    ]
    assert all(query.frames == (0, 1, 2, 3, 4, 5) for query in asked)
    assert areas(asked) == [[64] * 6, [0] * 3 + [64] * 3, [64] * 3 + [128] * 3, [0] * 6]


def test_samples_are_frames_that_show_the_object_or_expressions_without_one():
    asked = queries(two_squares(), PROTOCOLS["a2d"])
    assert [query.frames for query in asked] == [
        (0, 1, 2, 3, 4, 5),
        (3, 4, 5),
        *[(0, 1, 2, 3, 4, 5)] * 2,
    ]
    assert areas(asked)[1] == [64] * 3


def test_frames_that_nobody_annotated_are_not_asked():
    video = two_squares()
    frames = tuple(replace(frame, annotated=place in (1, 4)) for place, frame in enumerate(video.frames))
    asked = queries(replace(video, frames=frames), PROTOCOLS["ytvos"])
    assert asked[0].frames == (1, 4)


def test_void_is_asked_for_by_some_protocols_and_is_no_object():
    video = lone_square()
    assert [query.voids for query in queries(video, PROTOCOLS["ytvos"])] == [None]
    (query,) = queries(video, PROTOCOLS["davis-expressions"])
    assert [masks.area(void) for void in query.voids] == [16] * 5


def test_objects_are_those_up_to_the_largest_id_of_the_first_annotated_frame():
    late = two_squares()  # object 1 enters in frame 3
    assert [query.expression_id for query in queries(late, PROTOCOLS["davis-objects"])] == ["0"]
    both = replace(late, masks=late.masks | {(1, 0): masks.encode(square(0, 14))})
    asked = queries(both, PROTOCOLS["davis-objects"])
    assert [(query.expression_id, query.text) for query in asked] == [("0", "red"), ("1", "blue")]
    assert areas(asked)[1] == [64, 0, 0, 64, 64, 64]


def test_the_void_object_of_the_first_frame_is_not_the_largest_id():
    video = lone_square()  # void in all frames, object 7 in the last alone
    assert queries(video, PROTOCOLS["davis-objects"]) == []


def test_objects_are_asked_once_per_annotator_where_their_mean_counts():
    asked = queries(two_squares(), PROTOCOLS["davis-official"])
    assert [(q.expression_id, q.annotator) for q in asked] == [(f"anno_{k}/0", f"anno_{k}") for k in range(4)]
    assert areas(asked) == [[64] * 6] * 4
    assert {q.annotator for q in queries(two_squares(), PROTOCOLS["davis-objects"])} == {None}


def test_a_frame_of_jhmdb_counts_with_or_without_its_actor():
    asked = queries(two_squares(), PROTOCOLS["jhmdb"])
    assert all(query.frames == (0, 1, 2, 3, 4, 5) for query in asked)


def test_the_semi_supervised_task_leaves_the_first_and_last_frame_out():
    (query,) = queries(two_squares(), PROTOCOLS["davis-semi"])
    assert query.frames == (1, 2, 3, 4)
    assert query.voids is None


def test_overlapping_objects_are_counted_once():
    video = two_squares()
    same = replace(video, masks=video.masks | {(1, 0): masks.encode(square(4))})
    truth = queries(same, PROTOCOLS["ytvos"])[2].truths[0]
    assert (masks.decode(truth) == (square(0) | square(4))).all()


def test_hidden_ground_truth_is_refused_with_a_way_out():
    with pytest.raises(ScoreError, match=r"split valid is hidden .*server"):
        queries(hidden(), PROTOCOLS["ytvos"])


def annotated_in(*places: int) -> Video:
    video = two_squares()
    return replace(
        video,
        frames=tuple(replace(frame, annotated=index in places) for index, frame in enumerate(video.frames)),
        masks={key: mask for key, mask in video.masks.items() if key[1] in places},
    )


def test_a_sequence_without_inner_frames_asks_nothing_and_one_with_a_single_one_does():
    rules = PROTOCOLS["davis-semi"]
    for places in ((0, 5), (2,)):
        assert nothing_counts(annotated_in(*places), rules) and queries(annotated_in(*places), rules) == []
        assert not nothing_counts(annotated_in(*places), PROTOCOLS["davis-objects"])
    (query,) = queries(annotated_in(0, 3, 5), rules)
    assert query.frames == (3,) and not nothing_counts(annotated_in(0, 3, 5), rules)


def test_without_any_annotated_frame_the_truth_of_a_video_is_hidden_but_a_sample_is_just_not_there():
    silent = annotated_in()
    with pytest.raises(
        ScoreError, match=r"has no annotated frames; is its ground truth hidden\? Score a split"
    ):
        queries(silent, PROTOCOLS["ytvos"])
    assert queries(silent, PROTOCOLS["jhmdb"]) == [] and nothing_counts(silent, PROTOCOLS["jhmdb"])


def test_objects_that_all_enter_late_count_in_no_protocol_for_objects():
    video = lone_square()  # object 7 in the last frame alone
    assert nothing_counts(video, PROTOCOLS["davis-objects"])
    assert not nothing_counts(replace(video, objects=(), masks={}), PROTOCOLS["davis-objects"])
    assert not nothing_counts(video, PROTOCOLS["davis-expressions"])


def test_a_number_below_the_largest_of_the_first_frame_counts_with_or_without_an_object():
    video = two_squares()
    moved = {(3 if object_id == 0 else object_id, n): mask for (object_id, n), mask in video.masks.items()}
    late = replace(video, objects=(Object(object_id=1), Object(object_id=3)), masks=moved)
    asked = queries(late, PROTOCOLS["davis-objects"])
    assert [(q.expression_id, q.text == NOWHERE) for q in asked] == [("1", False), ("2", True), ("3", False)]
    assert areas(asked) == [[0] * 3 + [64] * 3, [0] * 6, [64] * 6]


def test_ids_that_number_a_whole_data_set_have_no_gaps():
    video = two_squares()
    moved = {(object_id + 9_000, n): mask for (object_id, n), mask in video.masks.items()}
    many = replace(video, objects=(Object(object_id=9_000), Object(object_id=9_001)), masks=moved)
    assert [query.expression_id for query in queries(many, PROTOCOLS["davis-objects"])] == ["9000"]


def test_a_video_without_expressions_asks_nothing():
    silent = replace(two_squares(), expressions=(), objects=(Object(object_id=1),), masks={})
    assert queries(silent, PROTOCOLS["ytvos"]) == []
