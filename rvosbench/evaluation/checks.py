"""What was probably a mistake: refused, or said."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from rvosbench.errors import ScoreError
from rvosbench.evaluation.collect import ScoredVideos, Task, asked_of, without_truth
from rvosbench.evaluation.cut_masks import GENERAL
from rvosbench.evaluation.hints import left_out, remarks
from rvosbench.evaluation.inputs import Given
from rvosbench.plugins.model import Trait
from rvosbench.plugins.protocol import Protocol

_log = logging.getLogger(__name__)


def check_videos(task: Task, video_ids: Sequence[str], surplus: Sequence[str]) -> None:
    """Refuse videos without predictions; warn of predictions without a video, unless they may be ignored.

    Args:
        task: what is scored, with which tolerance.
        video_ids: those that are to be scored.
        surplus: videos with predictions that the split does not have.

    Raises:
        ScoreError: there are videos without predictions, or predictions of no video.
    """
    name = f"{task.store.name}/{task.split}"
    if surplus and task.tolerance.surplus == "error":
        _log.warning(
            "predictions for %d videos that %s does not have are ignored, such as %s",
            len(surplus),
            name,
            ", ".join(surplus[:3]),
        )
    if task.tolerance.missing == "zero" and len(surplus) < len(task.source.video_ids()):
        return
    absent = sorted(set(video_ids) - set(task.source.video_ids()))
    unanswered = [
        video_id
        for video_id in absent
        if not without_truth(video_id, task)
        and asked_of(task.store.video(task.split, video_id), task.rules, task.left_out)
    ]
    if unanswered:
        raise ScoreError(
            f"{len(unanswered)} of {len(video_ids)} videos of {name} have no predictions: "
            f"{', '.join(unanswered[:3])}{' ...' if len(unanswered) > 3 else ''}; "
            + (
                "predict them too, or add --missing zero, which every table will say"
                if len(surplus) < len(task.source.video_ids())
                else "the predictions are of no video of this split, are they of another one?"
            )
        )


def check_scored(
    scored: ScoredVideos,
    rules: Protocol,
    what: Given,
    name: str,
    allow_empty: bool,
    reason: Callable[[], str] = lambda: GENERAL,
) -> None:
    """Refuse what was probably a mistake.

    Args:
        scored: all videos.
        rules: the protocol.
        what: the predictions.
        name: of the dataset and split.
        allow_empty: masks may be empty without exception.
        reason: says why all may be empty.

    Raises:
        ScoreError: there is nothing to score, or all masks are empty.
    """
    if not scored.annotators:
        why = f"; {left_out(scored.unscored, rules)}" if scored.unscored else ""
        raise ScoreError(
            f"{name} has nothing to score under '{rules.name}' (unit: {rules.unit}){why}; "
            "choose another split or protocol"
        )
    for remark in remarks(scored, rules):
        _log.warning("%s", remark)
    on_purpose = what.record is not None and Trait.EMPTY_ANSWERS in what.record.traits
    if scored.all_empty and not (allow_empty or on_purpose):
        raise ScoreError(
            f"all masks in {what.shown} are empty; {reason()} If they are meant to be, add --allow-empty"
        )
    if what.record is None and scored.equals_truth:
        _log.warning("every mask in %s equals the ground truth to the pixel; is it a copy of it?", what.shown)
