"""Datasets, models and whatever else other packages bring: whether each can be had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rvosbench.doctor.check import Check
from rvosbench.errors import PluginError
from rvosbench.plugins.registry import DATASETS, METRICS, MODELS, OURS, PROTOCOLS, Registry


def look() -> Iterator[Check]:
    """A line per kind, and one for each that is broken: of another package a warning, of ours a failure."""
    for registry in (DATASETS, MODELS, METRICS, PROTOCOLS):
        yield from _look(registry)


def _look(registry: Registry[Any]) -> Iterator[Check]:
    plural = f"{registry.kind}s"
    broken = registry.broken()
    working: list[str] = []
    for name, entry in registry.entries().items():
        try:
            registry[name]
        except PluginError as error:
            broken.pop(name, None)
            yield Check(plural, "fail" if entry.distribution == OURS else "warn", str(error))
        else:
            working.append(name if entry.distribution == OURS else f"{name} ({entry.distribution})")
    for reason in broken.values():  # names that are claimed twice, packages that cannot be read
        yield Check(plural, "warn", reason)
    if working:
        yield Check(plural, "ok", ", ".join(working))
