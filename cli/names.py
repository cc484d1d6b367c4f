"""Parameters that take a name, so that a shell can complete it; whether it exists is said where it is used.

None of the lists imports torch, numpy or a plugin: a shell asks for them at every press of the tab key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from .commands import WORDS
from .listing import KINDS
from .paths import NameOrPathType


class Name(click.ParamType):  # type: ignore[type-arg]  # generic only in the newest click
    """A name out of a list that other packages can make longer."""

    def __init__(self, kind: str, names: Callable[[click.Context], Iterable[str]]) -> None:
        self.name = kind
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it was given."""
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin like `incomplete`."""
        return [CompletionItem(name) for name in self._names(ctx) if name.startswith(incomplete)]


def _datasets(ctx: click.Context) -> Iterable[str]:
    from rvosbench.plugins.registry import DATASETS

    return DATASETS


def _models(ctx: click.Context) -> Iterable[str]:
    from rvosbench.plugins.registry import MODELS

    return MODELS


def _protocols(ctx: click.Context) -> Iterable[str]:
    from rvosbench.plugins.registry import PROTOCOLS

    return PROTOCOLS


def _metrics(ctx: click.Context) -> Iterable[str]:
    from rvosbench.plugins.registry import METRICS

    return METRICS


def _presets(ctx: click.Context) -> Iterable[str]:
    from rvosbench.errors import RvosbenchError
    from rvosbench.plugins.registry import MODELS

    # The words, not the parsed parameters: an option without its value ends the parsing.
    named = [word for word in ctx.meta.get(WORDS, ()) if word in MODELS] or ["soc"]
    try:
        return getattr(MODELS[named[0]], "presets", ())
    except RvosbenchError:  # said when the command runs
        return ()


def names_in_workspace(key: str) -> list[str]:
    """The names of what is in the workspace.

    Args:
        key: "stores" or "runs".
    """
    from rvosbench.errors import RvosbenchError
    from rvosbench.workspace.find import find_workspace
    from rvosbench.workspace.folders import folders

    try:
        workspace = find_workspace()
    except RvosbenchError:  # said when the command runs
        return []
    return [] if workspace is None else [folder.name for folder in folders(getattr(workspace, key))]


class StoreName(NameOrPathType):
    """A store's name in the workspace, or its folder."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names of the workspace's stores, and files."""
        names = [name for name in names_in_workspace("stores") if name.startswith(incomplete)]
        return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]


DATASET = Name("dataset", _datasets)
MODEL = Name("model", _models)
METRIC = Name("metric", _metrics)
PRESET = Name("preset", _presets)
PROTOCOL = Name("protocol", _protocols)
STORE = StoreName()
"""A store's name, or its folder."""
LIST_KIND = Name("kind", lambda _: KINDS)
"""Of `rvos list`."""
EXPORT_LAYOUT = Name("layout", lambda _: ("png", "mask-dict", "coco"))
"""Of `rvos export`."""
SERVER = Name("server", lambda _: ("mevis", "mosev2", "ytvos", "davis", "lvvis"))
"""Of `rvos submit`."""
