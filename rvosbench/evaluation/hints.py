"""What a reader of a number should know, and would not ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow.compute as pc

from rvosbench.errors import PluginError
from rvosbench.evaluation.collect import ScoredVideos
from rvosbench.evaluation.targets import NOWHERE
from rvosbench.files.text import counted, some
from rvosbench.plugins.defaults import default_protocol
from rvosbench.plugins.protocol import Protocol
from rvosbench.plugins.registry import PROTOCOLS


def better_name(rules: Protocol, dataset: str) -> str | None:
    """Which protocol gives the same number under the name that papers on this dataset use.

    Returns:
        A sentence; None where the protocol belongs to the dataset, or nothing better is known.

    Example:
        >>> better_name(PROTOCOLS["mevis"], "davis")
        "'mevis' is the protocol of mevis; on davis the same numbers are reported as 'davis-plain'"
    """
    if not rules.datasets or dataset in rules.datasets:
        return None
    names = [name for name in PROTOCOLS if _is_better(name, rules, dataset)]
    if not names:
        return None
    own = default_protocol(dataset)
    name = own if own in names else names[0]
    return (
        f"'{rules.name}' is the protocol of {', '.join(rules.datasets)}; on {dataset} the same numbers are "
        f"reported as '{name}'"
    )


def _is_better(name: str, rules: Protocol, dataset: str) -> bool:
    try:
        other = PROTOCOLS[name]
    except PluginError:  # a broken package is named where its protocol is asked for
        return False
    return dataset in other.datasets and other.same_numbers(rules)


def remarks(scored: ScoredVideos, rules: Protocol) -> Iterator[str]:
    """What was left out of the scores, and what was counted besides the objects of the release."""
    if scored.unscored:
        yield left_out(scored.unscored, rules)
    if rules.unit == "object":
        rows = scored.expressions.filter(pc.equal(scored.expressions["text"], NOWHERE)).to_pylist()
        if nowhere := [f"{row['video_id']}/{row['expression_id']}" for row in rows]:
            yield (
                f"{counted(len(nowhere), 'label')} below the largest of a first frame, of no object: "
                f"counted as in DAVIS, 1 where nothing is predicted, else 0 ({some(nowhere)})"
            )


def left_out(videos: Sequence[str], rules: Protocol) -> str:
    """Which videos a protocol leaves out, and why."""
    reasons = []
    if rules.frames == "inner":
        reasons.append("the first and the last annotated frame do not count")
    if rules.unit == "object":
        reasons.append("objects that enter after the first annotated frame do not count")
    if rules.unit == "frame sample":
        reasons.append("no frame is annotated")
    return (
        f"{counted(len(videos), 'video')} left out, of which nothing counts under '{rules.name}' "
        f"({'; '.join(reasons)}): {some(videos)}"
    )
