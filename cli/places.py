"""Where things are when the command line does not say: the workspace decides. What was typed always wins."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from .names import names_in_workspace
from .paths import PathType

if TYPE_CHECKING:
    from rvosbench.store import Store
    from rvosbench.workspace import Workspace


class RunPath(PathType):
    """A run's folder, or its name in the workspace."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The folder."""
        from rvosbench.workspace.names import resolve_run

        return resolve_run(str(super().convert(value, param, ctx)))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names of runs, and files."""
        names = [CompletionItem(name) for name in names_in_workspace("runs") if name.startswith(incomplete)]
        return [*names, *super().shell_complete(ctx, param, incomplete)]


class CheckpointPath(PathType):
    """Weights, the trained run that they are in, or its name in the workspace."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The file or folder with the weights."""
        from rvosbench.workspace.choices import resolve_checkpoint

        return resolve_checkpoint(Path(str(super().convert(value, param, ctx))))


def from_workspace(key: str, otherwise: Any) -> Callable[[], Any]:
    """The default of an option: a setting of rvos.toml.

    Args:
        key: of rvos.toml.
        otherwise: without a workspace.
    """

    def value() -> Any:
        from rvosbench.workspace import find_workspace

        ctx = click.get_current_context(silent=True)
        if ctx is not None and ctx.resilient_parsing:  # a shell completes; a broken file is said later
            return otherwise
        workspace = find_workspace()
        return otherwise if workspace is None else getattr(workspace, key)

    return value


def device_option(text: str = "cpu, cuda, cuda:1 ...") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--device`, by default the workspace's."""
    return click.option(
        "--device",
        default=from_workspace("device", "cpu"),
        help=f"{text}  [default: the workspace's, else cpu]",
    )


def preset_of(model: str) -> str | None:
    """The preset that the workspace chooses for a model; None where it chooses none."""
    from rvosbench.workspace import find_workspace

    workspace = find_workspace()
    return None if workspace is None else workspace.model(model).preset


def workspace_instead_of(word: str) -> Workspace:
    """The workspace that says what the command line does not.

    Args:
        word: the option or argument that was left out.

    Raises:
        click.UsageError: there is none.
    """
    from rvosbench.workspace import find_workspace
    from rvosbench.workspace.find import no_workspace

    workspace = find_workspace()
    if workspace is None:
        raise click.UsageError(f"missing '{word}', which only a workspace can replace: {no_workspace()}")
    return workspace


def release_and_store(
    dataset: str, root: Path | None, out: Path | None, options: dict[str, str], limit: int | None
) -> tuple[Path, Path, dict[str, str]]:
    """Where `rvos prepare` reads and writes, and the dataset's options.

    Says what was not typed.
    """
    from rvosbench.workspace import find_workspace
    from rvosbench.workspace.choices import prepare_options, release_of
    from rvosbench.workspace.here import from_here
    from rvosbench.workspace.names import store_path

    from .console import note

    workspace = find_workspace()
    if workspace is not None:
        typed, options = options, prepare_options(workspace, dataset, options)
        for key in options.keys() - typed.keys():
            note(f"Option of rvos.toml: {key} = {options[key]}")
    if root is None:
        root = release_of(workspace or workspace_instead_of("--root"), dataset)
        note(f"Release: {root}")
    if out is None:
        workspace = workspace or workspace_instead_of("--out")
        out = from_here(store_path(workspace, dataset, options, limit=limit))
        note(f"Store: {out}")
    return root, out, options


@contextmanager
def training_folder(out: Path | None, model: str, store: Store, *, resume: bool) -> Iterator[Path]:
    """The run folder of `rvos train`: the one that was named, else a new one of the workspace.

    Raises:
        click.UsageError: none was named, and there is no workspace, or there are several processes, each
            of which would take another.
    """
    from rvosbench.workspace.choices import run_to_resume, store_label
    from rvosbench.workspace.names import new_run

    from .console import note

    if out is not None:
        yield out
        return
    workspace = workspace_instead_of("--out")
    if int(os.environ.get("WORLD_SIZE") or 1) > 1:
        raise click.UsageError("missing option '--out': several processes must be told of the same folder")
    label = store_label(workspace, store)
    if resume:
        run = run_to_resume(workspace, model, label)
        note(f"Run: {run}")
        yield run
        return
    with new_run(workspace, model, label) as run:
        note(f"Run: {run}")
        yield run


@contextmanager
def answers_folder(
    out: Path | None, model: str, checkpoint: Path | None, store: Store, split: str
) -> Iterator[Path]:
    """The run folder of `rvos predict`: the one that was named, else a new one of the workspace.

    Raises:
        click.UsageError: none was named, and there is no workspace.
    """
    from rvosbench.workspace.choices import store_label
    from rvosbench.workspace.names import answers_run, run_stem

    from .console import note

    if out is not None:
        yield out
        return
    workspace = workspace_instead_of("--out")
    trained = checkpoint.resolve().parent if checkpoint is not None else None
    if trained is not None and trained.parent == workspace.runs.resolve():
        source = trained.name
    else:
        source = run_stem(model, store_label(workspace, store))
    with answers_run(workspace, source, split) as run:
        note(f"Run: {run}")
        yield run


@contextmanager
def scores_folder(predictions: Path, store: Store, split: str) -> Iterator[Path]:
    """The run of the workspace for the scores of predictions that anybody wrote.

    It is the one that holds scores of the same file or folder, against the same store, so that the same
    command makes no second row; else a new one.

    Raises:
        click.UsageError: there is no workspace.
    """
    from rvosbench.submission.naming import name_of
    from rvosbench.workspace.choices import store_label
    from rvosbench.workspace.here import from_here
    from rvosbench.workspace.names import answers_run, run_stem
    from rvosbench.workspace.runs import run_of_predictions

    from .console import note

    workspace = workspace_instead_of("--out")
    earlier = run_of_predictions(workspace, predictions, store.fingerprint, split)
    if earlier is not None:
        run = from_here(earlier)
        note(f"Run: {run}")
        yield run
        return
    source = run_stem(name_of(predictions), store_label(workspace, store))
    with answers_run(workspace, source, split) as run:
        note(f"Run: {run}")
        yield run


def scored_runs() -> list[Path]:
    """All runs of the workspace with scores.

    Raises:
        click.UsageError: there is no workspace.
        MissingPathError: none has scores.
    """
    from rvosbench.errors import MissingPathError
    from rvosbench.workspace.here import from_here
    from rvosbench.workspace.runs import runs_of

    workspace = workspace_instead_of("RUN")
    runs = [from_here(run.path) for run in runs_of(workspace) if run.scores and run.shard is None]
    if not runs:
        raise MissingPathError(
            f"{from_here(workspace.runs)} has no run with scores, expected some to rank; score them with: "
            "rvos evaluate"
        )
    return runs
