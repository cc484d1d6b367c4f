"""How many ranked answers a run should hold, so that its dataset's own protocol can score it."""

from __future__ import annotations

from rvosbench.plugins.defaults import default_protocol
from rvosbench.plugins.registry import PROTOCOLS


def needed_candidates(dataset: str, available: int) -> int:
    """Candidates per expression that the default protocol of a dataset looks at.

    Args:
        dataset: its name, which need not be one that is installed.
        available: how many the model can give.

    Returns:
        `available` where the protocol ranks all candidates, else 1.
    """
    name = default_protocol(dataset)
    ranks_all = name is not None and name in PROTOCOLS and PROTOCOLS[name].candidates == "all"
    return available if ranks_all else 1
