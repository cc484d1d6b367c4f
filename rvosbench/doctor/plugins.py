"""Datasets, models and whatever else other packages bring: whether each can be had."""

from __future__ import annotations

from collections.abc import Iterator

from rvosbench.doctor.check import Check
from rvosbench.files.text import printable
from rvosbench.plugins.registry import DATASETS, MODELS, Registry

OWN = "rvosbench"


def look() -> Iterator[Check]:
    """A line per kind, and one for each that is broken: of another package a warning, of ours a failure."""
    for registry in (DATASETS, MODELS):
        yield from _look(registry)


def _look(registry: Registry) -> Iterator[Check]:
    plural = f"{registry.kind}s"
    working: list[str] = []
    for name, entry in registry.entries().items():
        try:
            registry[name]
        except (Exception, SystemExit) as error:
            yield Check(plural, "fail" if entry.distribution == OWN else "warn", printable(str(error)))
        else:
            working.append(name if entry.distribution == OWN else f"{name} ({entry.distribution})")
    yield Check(plural, "ok", ", ".join(working))
