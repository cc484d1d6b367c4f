"""How many ranked answers a run should hold, so that its dataset's own protocol can score it."""

from __future__ import annotations

from rvosbench.errors import PluginError, UnknownNameError
from rvosbench.plugins.registry import DATASETS, PROTOCOLS


def needed_candidates(dataset: str, available: int) -> int:
    """Candidates per expression that the default protocol of a dataset looks at.

    Args:
        dataset: its name, which need not be one that is installed.
        available: how many the model can give.

    Returns:
        `available` where the protocol ranks all candidates, else 1.
    """
    try:
        protocol = PROTOCOLS[DATASETS[dataset].protocol]
    except (UnknownNameError, PluginError, AttributeError):
        return available if dataset in ("a2d", "jhmdb") else 1
    return available if protocol.candidates == "all" else 1
