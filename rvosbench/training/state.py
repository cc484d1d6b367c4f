"""States to resume from: weights, optimiser and the number of steps done, in one file each.

A file appears under its name only when it is whole. The last two are kept: if the newest turns out to be
damaged, the one before it is used.
"""

from __future__ import annotations

import json
import logging
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rvosbench.errors import CheckpointError
from rvosbench.files.atomic import atomic_file
from rvosbench.files.places import unwritable

_logger = logging.getLogger(__name__)
_NAME = re.compile(r"step-(\d{8})\.pt")
_KEEP = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A run between two steps. Everything that chance decides follows from the step's number."""

    step: int  # steps done
    seconds: float  # time spent on them
    model: dict[str, Any]  # state_dict
    optimiser: dict[str, Any]  # state_dict


def save(folder: Path, state: State, identity: Mapping[str, Any]) -> None:
    """Write a state and remove those that are no longer needed.

    Args:
        folder: made when it is not there.
        state: of the run.
        identity: plain values that say which run this is.

    Raises:
        OutputError: the folder cannot be written, for example because the disk is full.
    """
    path = folder / f"step-{state.step:08d}.pt"
    content = {
        "step": state.step,
        "seconds": state.seconds,
        "model": state.model,
        "optimiser": state.optimiser,
        "identity": json.dumps(identity, sort_keys=True),
    }
    with atomic_file(path) as partial, partial.open("wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:  # how torch says that the disk is full
            raise unwritable(path, error) from error
    for old in _states(folder)[_KEEP:]:
        old.unlink(missing_ok=True)


def latest(folder: Path, identity: Mapping[str, Any]) -> State | None:
    """The newest state that can be read; None when there is none at all.

    Raises:
        CheckpointError: all states are damaged, or they belong to another run.
    """
    damaged = None
    for path in _states(folder):
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            written = json.loads(content.pop("identity"))
            state = State(**content)
        except (
            OSError,
            RuntimeError,
            EOFError,
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            pickle.UnpicklingError,
        ) as error:
            damaged = path
            _logger.warning("%s is damaged (%s); trying the state before it", path, type(error).__name__)
            continue
        check_identity(path, written, dict(identity))
        return state
    if damaged is not None:
        raise CheckpointError(
            f"{damaged} and all other states in {folder} are damaged, expected one that loads; "
            "start again without --resume in a new --out"
        )
    return None


def _states(folder: Path) -> list[Path]:
    """All state files, the newest first."""
    return sorted((path for path in folder.glob("step-*.pt") if _NAME.fullmatch(path.name)), reverse=True)


def check_identity(path: Path, written: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Refuse what was written by a run with other settings.

    Raises:
        CheckpointError: naming the first setting that differs.
    """
    # Through JSON, as what was written came: tuples become lists.
    wanted = json.loads(json.dumps(expected))
    for key in wanted:
        if written.get(key) == wanted[key]:
            continue
        was, now = written.get(key), wanted[key]
        if isinstance(was, dict) and isinstance(now, dict):
            inner = next(name for name in {**now, **was} if was.get(name) != now.get(name))
            key, was, now = f"{key}.{inner}", was.get(inner), now.get(inner)
        raise CheckpointError(
            f"{path} belongs to a run with {key} = {was}, this one has {now}; "
            "resume with the same settings, or start in a new --out"
        )
