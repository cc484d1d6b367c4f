"""A release by the name of its dataset, with options as they are written on a command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from rvosbench.errors import DatasetError, OptionError
from rvosbench.plugins.dataset import DatasetSpec, Release, ReportsSplits
from rvosbench.plugins.folders import datasets_of, recognises, release_nearby
from rvosbench.plugins.options import parse_options
from rvosbench.plugins.registry import DATASETS


def open_release(name: str, release_dir: Path, options: Mapping[str, object] | object = None) -> Release:
    """Open a release.

    Args:
        name: the dataset, such as "ytvos".
        release_dir: its folder.
        options: the dataset's own options, see `read_options`.

    Raises:
        UnknownNameError: no such dataset or option.
        OptionError: an option has a value that it cannot have.
        MissingPathError: the release, or an index file, is not there.
        DatasetError: the folder is the release of another dataset, or is empty, or an index is damaged or of
            another shape.
    """
    spec: DatasetSpec = DATASETS[name]
    chosen = read_options(name, options)
    if release_dir.is_dir() and recognises(spec, release_dir) is False:
        _refuse_another(spec, release_dir)
    return spec.open(release_dir, chosen)


def _refuse_another(spec: DatasetSpec, release_dir: Path) -> None:
    """Say which release a folder is, or where the right one lies; nothing where neither is known."""
    others = datasets_of(release_dir)
    if others:
        titles = " or ".join(DATASETS[other].card.title for other in others)
        commands = " or ".join(f"rvos prepare {other}" for other in others)
        raise DatasetError(
            f"{release_dir} looks like a release of {titles}, expected {spec.card.title}; use: {commands}"
        )
    nearby = release_nearby(spec, release_dir)
    if nearby is not None:
        raise DatasetError(
            f"{release_dir} is not the release of {spec.card.title}, but {nearby} looks like it; "
            f"use: --root {shlex.quote(str(nearby))}"
        )


def split_problems(release: Release, split: str) -> tuple[str, ...]:
    """What a copy of a split lacks besides what the release as a whole does, before a video is read."""
    return release.split_problems(split) if isinstance(release, ReportsSplits) else ()


def read_options(name: str, options: Mapping[str, object] | object = None) -> Any:
    """The options record of a dataset.

    Args:
        name: the dataset, such as "ytvos".
        options: a mapping such as {"trainval": "0.1"} or {"trainval": 0.1}, or the record itself.

    Raises:
        UnknownNameError: no such dataset or option.
        OptionError: an option has a value that it cannot have.
    """
    spec: DatasetSpec = DATASETS[name]
    given = {} if options is None else options
    if isinstance(given, spec.options):  # its types are checked too: a dataclass does not do that
        given = {entry.name: getattr(given, entry.name) for entry in fields(spec.options)}
    if not isinstance(given, Mapping):
        raise OptionError(
            f"the options of the dataset '{name}' are {type(options).__name__}, expected a mapping or "
            f"{spec.options.__name__}"
        )
    return parse_options(spec.options, given, owner=f"the dataset '{name}'")
