"""`--dry-run` of commands that run a model: what would be run; nothing is loaded or written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rvosbench.errors import MissingPathError

if TYPE_CHECKING:
    from rvosbench.files.places import Content
    from rvosbench.plugins.recipe import Recipe
    from rvosbench.store import Store


def facts_of(store: Store, split: str, limit: int | None = None) -> dict[str, Any]:
    """What a model would see of a store.

    Raises:
        UnknownNameError: no such split.
    """
    videos = store.video_ids(split)
    facts: dict[str, Any] = {"dataset": store.name, "store": store.folder, "split": split}
    if limit is None:
        return facts | {"videos": len(videos), "expressions": store.splits[split]["expressions"]}
    return facts | {"videos": min(limit, len(videos)), "of_videos": len(videos)}


def free_folder(out: Path | None, *, overwrite: bool = False, content: Content | None = None) -> str:
    """Where a run would go; the arguments are those of `check_folder`.

    Raises:
        OutputError: nothing can be written there.
        click.UsageError: no folder is named, and there is no workspace.
    """
    from rvosbench.files.places import check_folder
    from rvosbench.workspace.here import from_here

    from .places import workspace_instead_of

    if out is None:
        return f"a new run in {from_here(workspace_instead_of('--out').runs)}"
    check_folder(out, overwrite=overwrite, content=content, parents=True)
    return str(out)


def weights_at(path: Path | None, name: str) -> dict[str, Path]:
    """Weights that must be there.

    Raises:
        MissingPathError: they are not.
    """
    if path is None:
        return {}
    if not path.exists():
        raise MissingPathError(f"{path} is not there; expected the weights that --{name} names")
    return {name: path}


def recipe_facts(recipe: Recipe) -> dict[str, Any]:
    """A recipe as it stands in run.json, without what is not set."""
    return {key: value for key, value in recipe.as_json().items() if value not in (None, [], {})}


def show(command: str, facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what would be run: a line for each fact, or one JSON object."""
    from rvosbench.files.text import strip_control

    from .console import print_json

    if as_json:
        print_json({"schema_version": 1, "dry_run": True, "command": command, **facts})
        return
    click.echo(f"What rvos {command} would do; nothing is written:")
    rows = [row for key, value in facts.items() for row in _rows(key, value)]
    width = max(len(key) for key, _ in rows)
    for key, text in rows:
        click.echo(strip_control(f"  {key:<{width}}  {text}"))


def _rows(key: str, value: Any) -> list[tuple[str, str]]:
    """A fact as lines; what is nested is a line for each part."""
    name = key.replace("_", " ")
    if isinstance(value, Mapping):
        return [row for part, item in value.items() for row in _rows(f"{name} {part}", item)]
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        numbered = enumerate(value, start=1)
        return [row for number, item in numbered for row in _rows(f"{name} {number}", item)]
    if isinstance(value, list | tuple):
        return [(name, ", ".join(map(str, value)))] if value else []
    if value is None:
        return []
    return [(name, f"{value:,}" if type(value) is int and key != "seed" else str(value))]
