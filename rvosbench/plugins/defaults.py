"""The protocol that belongs to a dataset."""

from __future__ import annotations

_OF_DATASET = {
    "a2d": "a2d",
    "davis": "davis-expressions",
    "jhmdb": "jhmdb",
    "mevis": "mevis",
    "refcoco": "refcoco",
    "refcoco+": "refcoco",
    "refcocog": "refcoco",
    "ytvos": "ytvos",
}


def default_protocol(dataset: str) -> str | None:
    """The protocol that a dataset is scored under unless another one is named.

    Returns:
        None for a dataset that nobody registered.

    Example:
        >>> default_protocol("refcoco+")
        'refcoco'
    """
    return _OF_DATASET.get(dataset)
