"""The names of stores and runs in a workspace, and what a name means."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

from rvosbench.errors import MissingPathError, OutputError
from rvosbench.files.kept import is_abandoned
from rvosbench.files.locations import local_path
from rvosbench.files.partials import clean_up, final_of
from rvosbench.files.text import strip_control
from rvosbench.plugins.options import options_as_text, parse_options
from rvosbench.plugins.registry import DATASETS
from rvosbench.runs.run import SCORES_FOLDER
from rvosbench.store.schema import MANIFEST
from rvosbench.workspace.find import find_workspace
from rvosbench.workspace.here import from_here
from rvosbench.workspace.record import Workspace

SHELF = "RVOS_STORES"
"""The environment variable that names a folder with stores; it comes before the workspace's."""

_UNSAFE = re.compile(r"[^A-Za-z0-9+._-]+")
_MANY = 100_000  # runs of one name; something is wrong then


def store_name(dataset: str, options: Mapping[str, str] | None = None, *, limit: int | None = None) -> str:
    """What the store of a dataset is called in a workspace.

    The name of the dataset, then every value that is not the default one of an option that makes another
    dataset of it (`names_store` in its metadata), then how many videos it is cut to: whoever trains on
    `ytvos` must not get a trial of five videos.

    Args:
        dataset: such as "refcoco".
        options: of `rvos prepare`, as typed.
        limit: of `rvos prepare`.

    Raises:
        UnknownNameError: no such dataset or option.
        OptionError: an option has no such value.

    Example:
        >>> store_name("ytvos", {"trainval": "0.1"})
        'ytvos'
        >>> store_name("refcoco", {"split-by": "google", "sentences": "raw"})
        'refcoco-google-raw'
        >>> store_name("mevis", {"mevis-version": "1"}, limit=5)
        'mevis-v1-first5'
    """
    parts = [dataset]
    record = DATASETS[dataset].options
    chosen = options_as_text(parse_options(record, options or {}, owner=f"the dataset '{dataset}'"))
    for entry in fields(record):
        value = chosen.get(entry.name.replace("_", "-"))
        if value is not None and entry.metadata.get("names_store"):
            word = entry.name.rpartition("_")[2]
            parts.append(f"{word[0]}{value}" if value[:1].isdigit() else value)
    if limit is not None:
        parts.append(f"first{limit}")
    return "-".join(_safe(part) for part in parts)


def store_path(
    workspace: Workspace, dataset: str, options: Mapping[str, str] | None = None, *, limit: int | None = None
) -> Path:
    """Where the store of a dataset goes; see `store_name`."""
    return workspace.stores / store_name(dataset, options, limit=limit)


@contextmanager
def new_run(workspace: Workspace, model: str, dataset: str) -> Iterator[Path]:
    """A run folder of its own: `runs/<model>-<dataset>-<n>` with the first free n.

    The empty folder is made at once, which is how two processes never get the same one, on shared disks
    too. Where the body leaves it empty, because it failed before it had anything to keep, it goes again.

    Args:
        workspace: where.
        model: such as "soc".
        dataset: the name of the dataset or store.

    Raises:
        OutputError: the folder of the runs cannot be written.
    """
    stem = run_stem(model, dataset)
    with _claimed(workspace, (f"{stem}-{number}" for number in _free_numbers(workspace.runs, stem))) as run:
        yield run


def run_stem(model: str, dataset: str) -> str:
    """What the names of all runs of a model on a dataset or store begin with."""
    return f"{_safe(model)}-{_safe(dataset)}"


@contextmanager
def answers_run(workspace: Workspace, source: str, split: str) -> Iterator[Path]:
    """A run folder for answers to a split: `runs/<source>-<split>`, with a number if it is taken.

    Made and removed as by `new_run`; one that a killed process has claimed and begun is taken again, so that
    the same command goes on, or scores again.

    Args:
        workspace: where.
        source: what answers: the name of a trained run, or the stem of a model's runs on a store.
        split: of the store.

    Raises:
        OutputError: the folder of the runs cannot be written.
    """
    stem = f"{_safe(source)}-{_safe(split)}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, _MANY))
    with _claimed(workspace, names, go_on=True) as claimed:
        yield claimed


def resolve_store(text: str) -> Path:
    """The folder of a store that is named by a path, or by its name.

    A path wins over a name; a bare word is a path where a store of that name lies in the current folder.
    Names are looked up in the folder that RVOS_STORES names, then among the workspace's stores.

    Raises:
        MissingPathError: there is none; the message says where was looked.
    """
    direct = local_path(text)
    shelves = _shelves() if _is_name(text) and not (direct / MANIFEST).exists() else []
    for shelf in shelves:
        if (shelf / text).is_dir():
            return shelf / text
    if direct.exists():
        return direct
    if shelves:
        raise MissingPathError(
            f"no store is named '{text}' in {' or '.join(map(str, shelves))}; {_present(shelves)}make one "
            f"with: rvos prepare DATASET --out {shelves[0] / text}"
        )
    hint = f", or set {SHELF} to the folder that holds your stores" if _is_name(text) else ""
    raise MissingPathError(
        f"no store at {direct}; make one with: rvos prepare NAME --root RELEASE --out {direct}{hint}"
    )


def resolve_run(text: str) -> Path:
    """The folder of a run that is named by a path, or by its name in the workspace.

    A path wins over a name. What is nowhere is returned as the path that it would be: whoever opens it
    says what is missing.
    """
    direct = local_path(text)
    if direct.exists() or not _is_name(text):
        return direct
    workspace = find_workspace()
    if workspace is not None and (workspace.runs / text).is_dir():
        return from_here(workspace.runs / text)
    return direct


@contextmanager
def _claimed(workspace: Workspace, names: Iterator[str], *, go_on: bool = False) -> Iterator[Path]:
    folder = workspace.runs
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        run = next(run for name in names if (run := _make(folder / name, go_on=go_on)) is not None)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror}); mend it, set runs in rvos.toml, or choose a "
            "folder with --out"
        ) from error
    try:
        yield from_here(run)
    finally:
        # Whoever fails before it has begun leaves nothing, neither here nor on the way here.
        for empty in [run, *made]:
            with suppress(OSError):
                empty.rmdir()


def _make(run: Path, *, go_on: bool) -> Path | None:
    try:
        run.mkdir()
    except FileExistsError:
        return run if go_on and run.is_dir() and _is_left(run) else None
    return run


def _is_left(run: Path) -> bool:
    """Whether a process that was killed has claimed a folder and put nothing into it that counts."""
    names = [path.name for path in run.iterdir()]
    if not names:
        return is_abandoned(run)  # by rvos predict
    scores = run / SCORES_FOLDER
    if names != [SCORES_FOLDER] or not scores.is_dir():
        return False
    finals = {final_of(path) for path in scores.iterdir()}
    for final in finals:
        if final is None:
            return False
        clean_up(final)
    return bool(finals) and not any(scores.iterdir())  # else somebody is at work


def _free_numbers(folder: Path, stem: str) -> Iterator[int]:
    """Numbers above all that are in use, so that a higher number is a later run."""
    pattern = re.compile(rf"\.?{re.escape(stem)}-(\d+)(?:-.*|\.(?:partial|old).*)?")
    taken: list[int] = []
    with suppress(OSError):
        taken = [int(match[1]) for path in folder.iterdir() if (match := pattern.fullmatch(path.name))]
    first = max((number for number in taken if number < _MANY), default=0) + 1
    return iter(range(first, first + _MANY))


def _is_name(text: str) -> bool:
    return not {os.sep, os.altsep} & set(text) and text not in ("", ".", "..")


def _shelves() -> list[Path]:
    """Where stores are looked up by name."""
    shelf = os.environ.get(SHELF)
    workspace = find_workspace()
    own = [from_here(workspace.stores)] if workspace else []
    return [local_path(shelf), *own] if shelf else own


def _present(shelves: list[Path]) -> str:
    names = sorted({path.parent.name for shelf in shelves for path in shelf.glob(f"*/{MANIFEST}")})
    return f"there are: {', '.join(map(strip_control, names))}; " if names else ""


def _safe(text: str) -> str:
    """A part of a folder's name; models and datasets of plugins may be called anything."""
    return _UNSAFE.sub("_", text).strip("._-") or "unnamed"
