"""Ground truth that is not whole: refused, or scored where it is, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rvosbench.errors import ScoreError
from rvosbench.plugins.protocol import Protocol
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.store.partial_truth import say
from rvosbench.types import Video


def partly_annotated(
    store: Store, split: str, video_ids: Sequence[str], tolerance: Tolerance
) -> Mapping[str, tuple[int, int]]:
    """The videos to be scored that have masks in fewer frames than the source of their truth promises.

    Args:
        store: the ground truth.
        split: of the store.
        video_ids: the videos to be scored.
        tolerance: whether they may be scored on the frames that are annotated.

    Returns:
        Video -> (frames with masks, frames that should have them).

    Raises:
        ScoreError: there are some, and `tolerance.truth` is "error".
    """
    wanted = set(video_ids)
    partly = {k: counts for k, counts in store.partly_annotated(split).items() if k in wanted}
    if partly and tolerance.truth == "error":
        raise ScoreError(
            f"the ground truth of {store.name}/{split} is not whole: {say(partly, videos=len(video_ids))}; "
            "fetch the masks of every frame and prepare again, or score the annotated frames with "
            "--truth annotated"
        )
    return partly


def rules_for(video: Video, rules: Protocol) -> Protocol:
    """The rules for a video whose ground truth is not whole.

    The public masks of valid show each object once, in the frame where it enters: a later one does not show
    the objects before it, and they are there all the same. Of such a video only the frames count in which an
    object is drawn; that it is not drawn says nothing.
    """
    drawn = Counter(object_id for object_id, _ in video.masks)
    once = len(video.frames) > 1 and drawn and max(drawn.values()) == 1
    return replace(rules, absent="no sample") if once else rules
