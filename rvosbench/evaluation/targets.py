"""What a protocol asks about a video: the frames that count, and the right answer in each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.plugins.protocol import ANNOTATORS, Protocol
from rvosbench.types import VOID, Rle, Video


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """One expression (or object) about one video, with the right answers."""

    expression_id: str  # of an expression, or the object id as text, or <annotator>/<object id>
    text: str  # the expression, or the object's category
    frames: tuple[int, ...]  # the positions that count, ascending
    truths: tuple[Rle, ...]  # one per frame
    voids: tuple[Rle | None, ...] | None  # one per frame; None when the protocol knows no void
    annotator: str | None = None  # whose expressions answer, where the mean is taken over annotators


def queries(video: Video, protocol: Protocol) -> list[Query]:
    """All queries of a video, in the order of its expressions (or objects); by annotator where these count.

    Raises:
        ScoreError: the ground truth is hidden, or too few frames are annotated.
    """
    asked = _objects(video) if protocol.unit == "object" else _expressions(video)
    if not asked:
        return []
    annotated = tuple(index for index, frame in enumerate(video.frames) if frame.annotated)
    frames = annotated[1:-1] if protocol.frames == "inner" else annotated
    if not frames:
        raise ScoreError(
            f"video {video.video_id} of split {video.split} has {len(annotated)} annotated frames, "
            f"{protocol.name} counts {protocol.frames} of them and none is left; is its ground truth hidden? "
            "Score a split with annotations, or write the zip for the benchmark's server: rvos submit RUN "
            "--server NAME --out FILE.zip"
        )
    wanted = []
    for expression_id, text, object_ids in asked:
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
                )
            )
    if protocol.annotators == "each":
        return wanted
    return [
        replace(query, expression_id=f"{annotator}/{query.expression_id}", annotator=annotator)
        for annotator in ANNOTATORS
        for query in wanted
    ]


_Asked = list[tuple[str, str, tuple[int, ...]]]


def _expressions(video: Video) -> _Asked:
    asked = []
    for expression in video.expressions:
        if expression.object_ids is None:
            raise ScoreError(
                f"the ground truth of split {video.split} is hidden (video {video.video_id}, expression "
                f"{expression.expression_id} has no object_ids); score a split with annotations, or write "
                "the zip for the benchmark's server: rvos submit RUN --server NAME --out FILE.zip"
            )
        asked.append((expression.expression_id, expression.text, expression.object_ids))
    return asked


def _objects(video: Video) -> _Asked:
    """The objects up to the largest id in the first annotated frame, as DAVIS counts them.

    What enters later under a higher id is ignored there, so it is here.
    """
    objects = [obj for obj in video.objects if obj.category != VOID]
    first = next((index for index, frame in enumerate(video.frames) if frame.annotated), None)
    seen = [obj.object_id for obj in objects if (obj.object_id, first) in video.masks]
    return [
        (str(obj.object_id), obj.category or "", (obj.object_id,))
        for obj in objects
        if obj.object_id <= max(seen, default=0)
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
