"""The protocol that belongs to a dataset."""

from __future__ import annotations

from rvosbench.errors import PluginError, UnknownNameError
from rvosbench.plugins.registry import DATASETS


def default_protocol(dataset: str) -> str | None:
    """The protocol that a dataset is scored under unless another one is named.

    Returns:
        None for a dataset that no installed package brings, or only a broken one: its store can be scored
        all the same, under a protocol that is named.

    Example:
        >>> default_protocol("refcoco+")
        'refcoco'
    """
    try:
        return DATASETS[dataset].protocol
    except (UnknownNameError, PluginError):
        return None
