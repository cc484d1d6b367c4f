"""Names -> implementations, imported only when asked for.

Built-ins are a plain table of `"name": "module:attribute"` strings. Third parties add the entry point
groups `rvosbench.datasets`, `rvosbench.models` and `rvosbench.metrics`. Both go through one code path.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from rvosbench.errors import PluginError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an implementation lives, and who brought it."""

    name: str
    target: str  # "module:attribute"
    distribution: str  # the installed package that registered it


class Registry(Mapping[str, Any]):
    """A read-only mapping from a name to an implementation, imported at the first look-up.

    Example:
        >>> datasets = Registry("dataset", "rvosbench.datasets", {"json": "json:loads"})
        >>> datasets["json"]("[1]")
        [1]
    """

    def __init__(self, kind: str, group: str, built_in: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._built_in = dict(built_in)

    def entries(self) -> dict[str, Entry]:
        """Every registered name with its origin; imports none of them. Built-ins cannot be replaced."""
        found = {
            point.name: Entry(point.name, point.value, point.dist.name if point.dist else "unknown")
            for point in metadata.entry_points(group=self.group)
        }
        found |= {name: Entry(name, target, "rvosbench") for name, target in self._built_in.items()}
        return dict(sorted(found.items()))

    def __getitem__(self, name: str) -> Any:
        entries = self.entries()
        if name not in entries:
            raise UnknownNameError(unknown(self.kind, name, list(entries)))
        entry = entries[name]
        module, _, attribute = entry.target.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except Exception as error:  # a plugin may raise anything while it is imported
            raise PluginError(
                f"the {self.kind} '{name}' of the package {entry.distribution} cannot be imported from "
                f"{entry.target} ({type(error).__name__}: {error}); update or uninstall that package"
            ) from error

    def __contains__(self, name: object) -> bool:
        return name in self.entries()

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())


def unknown(kind: str, name: str, known: list[str]) -> str:
    """The message for a name that is not there: the nearest one, else all of them."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known) or 'none'}"
    return f"no {kind} is named '{name}'; {hint}"


DATASETS = Registry(
    "dataset",
    "rvosbench.datasets",
    {
        "a2d": "rvosbench.datasets.a2d_sentences:A2DSentences",
        "davis": "rvosbench.datasets.ref_davis17:RefDavis17",
        "jhmdb": "rvosbench.datasets.jhmdb_sentences:JhmdbSentences",
        "mevis": "rvosbench.datasets.mevis:Mevis",
        "refcoco": "rvosbench.datasets.refcoco:RefCoco",
        "refcoco+": "rvosbench.datasets.refcoco:RefCocoPlus",
        "refcocog": "rvosbench.datasets.refcoco:RefCocoG",
        "ytvos": "rvosbench.datasets.refer_youtube_vos:ReferYoutubeVos",
    },
)

MODELS = Registry(
    "model",
    "rvosbench.models",
    {
        "centre": "rvosbench.models.baselines:CENTRE",
        "everything": "rvosbench.models.baselines:EVERYTHING",
        "nothing": "rvosbench.models.baselines:NOTHING",
        "random-object": "rvosbench.models.baselines:RANDOM_OBJECT",
        "soc": "rvosbench.models.soc.factory:SOC_FACTORY",
    },
)
