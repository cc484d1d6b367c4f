"""Which datasets a folder is a release of, as far as their specs can tell."""

from __future__ import annotations

from pathlib import Path

from rvosbench.errors import PluginError
from rvosbench.plugins.dataset import DatasetSpec
from rvosbench.plugins.registry import DATASETS

_MOST_SUBFOLDERS = 200


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
