"""What a protocol asks about a video: the frames that count, and the right answer in each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.metrics.labels import counted_ids, label_ids
from rvosbench.plugins.protocol import ANNOTATORS, Protocol
from rvosbench.types import VOID, Rle, Video

NOWHERE = "no object has this label"
"""The text of an object that DAVIS counts though it is on no pixel, see `rvosbench.metrics.labels`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """One expression (or object) about one video, with the right answers."""

    expression_id: str  # of an expression, or the object id as text, or <annotator>/<object id>
    text: str  # the expression, or the object's category
    frames: tuple[int, ...]  # the positions that count, ascending
    truths: tuple[Rle, ...]  # one per frame
    voids: tuple[Rle | None, ...] | None  # one per frame; None when the protocol knows no void
    annotator: str | None = None  # whose expressions answer, where the mean is taken over annotators
    author: str | None = None  # of the expression; the annotator, where expressions are merged


def queries(video: Video, protocol: Protocol) -> list[Query]:
    """All queries of a video, in the order of its expressions (or objects); by annotator where these count.

    None about a video of which nothing counts, see `nothing_counts`.

    Raises:
        ScoreError: the ground truth is hidden.
    """
    asked = _objects(video) if protocol.unit == "object" else _expressions(video)
    if not asked or nothing_counts(video, protocol):
        return []
    annotated = _annotated(video)
    frames = annotated[1:-1] if protocol.frames == "inner" else annotated
    if not frames:
        raise ScoreError(
            f"video {video.video_id} of split {video.split} has no annotated frames; is its ground truth "
            "hidden? Score a split with annotations, or write the zip for the benchmark's server: "
            "rvos submit RUN --server NAME --out FILE.zip"
        )
    wanted = []
    for expression_id, text, object_ids, author in asked:
        truths = tuple(_union(video, object_ids, frame) for frame in frames)
        counted = frames
        if protocol.absent == "no sample" and object_ids:
            visible = [index for index, truth in enumerate(truths) if masks.area(truth)]
            counted = tuple(frames[index] for index in visible)
            truths = tuple(truths[index] for index in visible)
        if counted:
            wanted.append(
                Query(
                    expression_id=expression_id,
                    text=text,
                    frames=counted,
                    truths=truths,
                    voids=_voids(video, counted) if protocol.void else None,
                    author=author,
                )
            )
    if protocol.annotators == "each":
        return wanted
    return [
        replace(
            query, expression_id=f"{annotator}/{query.expression_id}", annotator=annotator, author=annotator
        )
        for annotator in ANNOTATORS
        for query in wanted
    ]


def nothing_counts(video: Video, protocol: Protocol) -> bool:
    """Whether a video has expressions or objects, and no frame or object that the protocol counts.

    It is left out, and the scores name it: a sequence of two frames, where the first and the last do not
    count; a video none of whose frames is a sample; objects that are not in the first annotated frame. The
    official evaluators stop with an error at the first kind and pass over the others.
    """
    annotated = len(_annotated(video))
    if protocol.unit == "frame sample":
        return not annotated and bool(video.expressions)
    if protocol.frames == "inner" and 0 < annotated <= 2:
        return True
    return protocol.unit == "object" and annotated > 0 and bool(label_ids(video)) and not counted_ids(video)


def _annotated(video: Video) -> tuple[int, ...]:
    return tuple(index for index, frame in enumerate(video.frames) if frame.annotated)


_Asked = list[tuple[str, str, tuple[int, ...], str | None]]


def _expressions(video: Video) -> _Asked:
    asked = []
    for expression in video.expressions:
        if expression.object_ids is None:
            raise ScoreError(
                f"the ground truth of split {video.split} is hidden (video {video.video_id}, expression "
                f"{expression.expression_id} has no object_ids); score a split with annotations, or write "
                "the zip for the benchmark's server: rvos submit RUN --server NAME --out FILE.zip"
            )
        asked.append((expression.expression_id, expression.text, expression.object_ids, expression.annotator))
    return asked


def _objects(video: Video) -> _Asked:
    """The objects that DAVIS counts."""
    categories = {obj.object_id: obj.category or "" for obj in video.objects}
    return [
        (str(object_id), categories.get(object_id, NOWHERE), (object_id,), None)
        for object_id in counted_ids(video)
    ]


def _union(video: Video, object_ids: tuple[int, ...], frame: int) -> Rle:
    visible = [video.masks[i, frame] for i in object_ids if (i, frame) in video.masks]
    return masks.union(visible, video.height, video.width)


def _voids(video: Video, frames: tuple[int, ...]) -> tuple[Rle | None, ...] | None:
    void = [obj.object_id for obj in video.objects if obj.category == VOID]
    if not void:
        return None
    return tuple(
        _union(video, tuple(void), frame) if any((i, frame) in video.masks for i in void) else None
        for frame in frames
    )
