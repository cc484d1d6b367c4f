"""Ground truth that is not whole: refused, or scored where it is, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rvosbench.errors import ScoreError
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.store.partial_truth import say


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
