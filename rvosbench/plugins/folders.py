"""What a path holds: a store, a run, weights, a release of which dataset; and which command looks at it.

Told by the names of a few files, so that every command that is given the wrong one can say what it was given.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rvosbench.errors import PluginError
from rvosbench.files.partials import is_partial
from rvosbench.plugins.dataset import DatasetSpec
from rvosbench.plugins.registry import DATASETS

_MOST_SUBFOLDERS = 200
_MOST_BYTES = 1024 * 1024  # of a run.json

Kind = Literal[
    "nothing",
    "file",
    "zip",
    "weights",
    "store",
    "unfinished store",
    "run",
    "training run",
    "unfinished training run",
    "scores",
    "checkpoint",
    "workspace",
    "release",
    "predictions",
    "empty folder",
    "folder",
]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a path holds."""

    kind: Kind
    text: str  # with an article, such as "a run of rvos predict"
    command: str | None = None  # that looks at it

    def __str__(self) -> str:
        return self.text + (f", see it with: {self.command}" if self.command else "")


def contents_of(path: Path) -> Contents:
    """Say what a path holds. Reads names, and run.json; never raises.

    Example:
        >>> contents_of(Path("no/such/folder"))
        Contents(kind='nothing', text='nothing', command=None)
    """
    try:
        if not path.exists():
            return Contents("nothing", "nothing")
        return _folder(path) if path.is_dir() else _file(path)
    except (OSError, ValueError):  # not readable, or a name that no file can have
        return Contents("folder", "a folder that cannot be read")


def _file(path: Path) -> Contents:
    if path.suffix == ".zip":
        command = _command("rvos evaluate --predictions", path, "--dataset STORE")
        return Contents("zip", "a zip, as the public servers take it", command)
    if path.suffix in (".pth", ".tar", ".pt", ".safetensors", ".bin"):
        return Contents("weights", "a file with weights", f"rvos predict MODEL --checkpoint {_quoted(path)}")
    return Contents("file", "a file")


def _folder(path: Path) -> Contents:
    names = {entry.name for entry in path.iterdir()}
    if not names:
        return Contents("empty folder", "an empty folder")
    if "dataset.json" in names:
        return Contents("store", "a store", _command("rvos info", path))
    if is_partial(path):
        return Contents("unfinished store", "what an interrupted run left")
    if (path / "data" / "videos").is_dir():
        return Contents("unfinished store", "a store that was not finished")
    if "run.json" in names:
        return _run(path, names)
    if names & {"scores", "scores.json"}:
        command = _command("rvos leaderboard", path)
        return Contents("scores", "the scores of predictions from elsewhere", command)
    if {"config.json", "model.safetensors"} <= names:
        return Contents("checkpoint", "a checkpoint", f"rvos predict MODEL --checkpoint {_quoted(path)}")
    if "log.jsonl" in names:
        return Contents("unfinished training run", "an unfinished run of rvos train")
    if "rvos.toml" in names:
        return Contents("workspace", "a workspace", "rvos status")
    datasets = datasets_of(path)
    if datasets:
        titles = " or ".join(DATASETS[name].card.title for name in datasets)
        prepare = " or ".join(f"rvos prepare {name}" for name in datasets)
        return Contents("release", f"a release of {titles}", f"{prepare} --root {_quoted(path)}")
    if any(name.endswith(".parquet") for name in names):
        command = _command("rvos evaluate --predictions", path, "--dataset STORE")
        return Contents("predictions", "a folder of Parquet files, as predictions are", command)
    return Contents("folder", "a folder that holds neither a store nor a run")


def _run(path: Path, names: set[str]) -> Contents:
    record = _read(path / "run.json")
    if "checkpoint" in names and "predictions" not in names:
        model = record.get("model") if isinstance(record.get("model"), str) else "MODEL"
        command = f"rvos predict {model} --checkpoint {_quoted(path / 'checkpoint')}"
        return Contents("training run", "a run of rvos train", command)
    facts = [record.get(key) for key in ("model", "dataset", "split")]
    about = " ({} on {}/{})".format(*facts) if all(isinstance(fact, str) for fact in facts) else ""
    is_scored = bool(names & {"scores", "scores.json"})
    command = _command("rvos leaderboard" if is_scored else "rvos evaluate", path)
    return Contents("run", f"a run of rvos predict{about}", command)


def _read(path: Path) -> dict[str, Any]:
    """run.json, as far as it can be read."""
    if path.stat().st_size > _MOST_BYTES:
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _command(verb: str, path: Path, *rest: str) -> str:
    return " ".join([verb, _quoted(path), *rest])


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def recognises(spec: DatasetSpec, folder: Path) -> bool | None:
    """Whether a folder is a release of this dataset; None when the dataset does not tell."""
    if spec.recognise is None:
        return None
    try:
        return bool(spec.recognise(folder))
    except Exception:  # a plugin, or a folder that cannot be listed: opening it says what is wrong
        return None


def datasets_of(folder: Path) -> tuple[str, ...]:
    """The datasets that recognise a folder as their release; usually one or none."""
    found = []
    for name in DATASETS:
        try:
            spec = DATASETS[name]
        except PluginError:
            continue  # told by whoever asks for it
        if recognises(spec, folder):
            found.append(name)
    return tuple(found)


def release_nearby(spec: DatasetSpec, folder: Path) -> Path | None:
    """A folder in this one, or around it, that is a release of the dataset."""
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir())[:_MOST_SUBFOLDERS]
    except OSError:
        inside = []
    candidates = [*inside, *folder.absolute().parents[:2]]
    return next((path for path in candidates if recognises(spec, path)), None)
