"""What a video must be before it may go into a store."""

from __future__ import annotations

from rvosbench.errors import DatasetError
from rvosbench.types import Video

_LONGEST_ID = 256  # Parquet drops the statistics of very long values, by which a video is found


def check(video: Video) -> None:
    """Refuse a video whose parts contradict each other.

    Raises:
        DatasetError: naming the video and the contradiction.
    """
    where = f"{video.split}/{video.video_id}".encode("ascii", "backslashreplace").decode()
    if not 0 < len(video.video_id) <= _LONGEST_ID:
        raise DatasetError(
            f"{where[:80]} has an id of {len(video.video_id)} characters, expected 1 to {_LONGEST_ID}"
        )
    _check_texts(video, where)
    if not video.frames:
        raise DatasetError(f"{where} has no frames; expected at least one")
    known = {obj.object_id for obj in video.objects}
    if known and not 0 <= min(known) <= max(known) < 2**31:
        raise DatasetError(
            f"{where} has object ids from {min(known)} to {max(known)}, expected 0 to 2**31 - 1"
        )
    if len(known) != len(video.objects):
        raise DatasetError(f"{where} lists an object twice: {sorted(o.object_id for o in video.objects)}")
    ids = [expression.expression_id for expression in video.expressions]
    if len(set(ids)) != len(ids):
        raise DatasetError(f"{where} has two expressions with one id: {sorted(ids)}")
    for expression in video.expressions:
        unknown = set(expression.object_ids or ()) - known
        if unknown:
            raise DatasetError(
                f"{where}, expression {expression.expression_id} ({expression.text!r}) means objects "
                f"{sorted(unknown)}, the video has {sorted(known)}"
            )
    for (object_id, frame_index), rle in video.masks.items():
        if object_id not in known:
            raise DatasetError(f"{where} has a mask of object {object_id}, its objects are {sorted(known)}")
        if not 0 <= frame_index < len(video.frames) or not video.frames[frame_index].annotated:
            raise DatasetError(f"{where} has a mask in frame {frame_index}, which is not an annotated frame")
        if (rle.height, rle.width) != (video.height, video.width):
            raise DatasetError(
                f"{where}, frame {video.frames[frame_index].name}: the mask is {rle.height}x{rle.width}, the "
                f"video {video.height}x{video.width} px (height x width)"
            )


def _check_texts(video: Video, where: str) -> None:
    """Refuse text that UTF-8, and so Parquet, cannot hold: half a surrogate pair, from a JSON escape."""
    texts = [video.video_id, video.source]
    texts += [text for frame in video.frames for text in (frame.name, frame.path) if text is not None]
    texts += [obj.category for obj in video.objects if obj.category is not None]
    for expression in video.expressions:
        texts += [expression.expression_id, expression.text, expression.annotator or ""]
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise DatasetError(f"{where} holds the text {text[:60]!a}, which is not valid Unicode") from None
