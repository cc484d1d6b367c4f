"""How many ranked answers a run should hold, so that a protocol can score it."""

from __future__ import annotations

from rvosbench.errors import PluginError, UnknownNameError
from rvosbench.plugins.defaults import default_protocol
from rvosbench.plugins.registry import PROTOCOLS


def needed_candidates(dataset: str, available: int, protocol: str | None = None) -> int:
    """Candidates per expression that a protocol looks at.

    Args:
        dataset: its name, which need not be one that is installed.
        available: how many the model can give.
        protocol: its name. Without one, the dataset's own.

    Raises:
        UnknownNameError: no protocol has that name.

    Returns:
        `available` where the protocol ranks all candidates, else 1.

    Example:
        >>> needed_candidates("a2d", 20), needed_candidates("ytvos", 20)
        (20, 1)
    """
    if protocol is not None:
        return available if PROTOCOLS[protocol].candidates == "all" else 1
    name = default_protocol(dataset)
    if name is None:
        return 1
    try:
        ranks_all = PROTOCOLS[name].candidates == "all"
    except (UnknownNameError, PluginError):  # evaluate says so, when it is to be scored
        return 1
    return available if ranks_all else 1
