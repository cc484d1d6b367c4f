"""What the examples talk about, as small as it can be: releases, stores, runs, a checkpoint, a video.

Every name that an example uses for something that is there before has an entry in `ITEMS`. An item is made
once per test session, under a lock, and copied to where an example needs it.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rvosbench.store import Store
from tests.docs import making
from tests.docs.running import run_rvos

_SMALL = "--frames 3 --size 48 64"
_HELDOUT = "--dataset stores/ytvos --split heldout"


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something that is there before an example runs."""

    by: tuple[str, ...] | Callable[[Path], None]  # commands, or what makes it at a path
    needs: tuple[str, ...] = ()


def _synth(layout: str, name: str, videos: int = 3) -> Item:
    return Item(by=(f"rvos synth {layout} --root {name} --videos {videos} {_SMALL}",))


def _run(model: str, name: str, *more: str, needs: tuple[str, ...] = ()) -> Item:
    return Item(
        by=(
            f"rvos predict {model} {_HELDOUT} --out {name} {' '.join(more)}",
            f"rvos evaluate {name}",
        ),
        needs=("stores/ytvos", *needs),
    )


ITEMS: dict[str, Item] = {
    "downloads/ref-youtube-vos": _synth("ytvos", "downloads/ref-youtube-vos", videos=20),
    "downloads/ref-davis": _synth("davis", "downloads/ref-davis"),
    "downloads/a2d": _synth("a2d", "downloads/a2d"),
    "downloads/mevis": _synth("mevis", "downloads/mevis"),
    "stores/ytvos": Item(
        by=("rvos prepare ytvos --root downloads/ref-youtube-vos --out stores/ytvos --trainval 0.1",),
        needs=("downloads/ref-youtube-vos",),
    ),
    "stores/davis": Item(
        by=("rvos prepare davis --root downloads/ref-davis --out stores/davis",),
        needs=("downloads/ref-davis",),
    ),
    "runs/training": Item(
        by=(
            "rvos train soc --preset soc-demo --dataset stores/ytvos --steps 2 --batch-size 2 "
            "--out runs/training",
        ),
        needs=("stores/ytvos",),
    ),
    "runs/soc": _run("soc", "runs/soc", "--checkpoint runs/training/checkpoint", needs=("runs/training",)),
    "runs/baseline": _run("everything", "runs/baseline"),
    "runs/random-object": _run("random-object", "runs/random-object"),
    "runs/centre-1": Item(
        by=(f"rvos predict centre {_HELDOUT} --shard 1/2 --out runs/centre-1",), needs=("stores/ytvos",)
    ),
    "runs/centre-2": Item(
        by=(f"rvos predict centre {_HELDOUT} --shard 2/2 --out runs/centre-2",), needs=("stores/ytvos",)
    ),
    "results.json": Item(
        by=(
            "rvos convert-predictions runs/baseline --dataset stores/ytvos --split heldout --to json "
            "--out results.json",
        ),
        needs=("runs/baseline",),
    ),
    "theirs.zip": Item(
        by=("rvos submit runs/baseline --server ytvos --out theirs.zip",), needs=("runs/baseline",)
    ),
    "results/osvos": Item(by=making.davis_results, needs=("stores/davis",)),
    "rvos.toml": Item(by=making.workspace_file),
    "releases/a2d_sentences": _synth("a2d", "releases/a2d_sentences"),
    "holiday.mp4": Item(by=making.holiday),
    "frames": Item(by=making.frames),
    "soc_tiny.tar": Item(by=making.original_checkpoint, needs=("roberta-base",)),
    "roberta-base": Item(by=making.text_encoder),
}


REAL_VIDEOS = {"0a2f2bd294": "stores/ytvos"}
"""The id of a video that examples name -> the store that it is in."""


class Scratch:
    """The items of one test session."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: shared by all processes of the session.
        """
        self._folder = folder
        self._made = folder / ".made"
        self._made.mkdir(parents=True, exist_ok=True)

    def provide(self, name: str, workspace: Path) -> None:
        """Put an item, and what it needs, into a folder that lacks it."""
        if (workspace / name).exists():
            return
        for needed in ITEMS[name].needs:
            self.provide(needed, workspace)
        with self._lock():
            self._make(name)
        source, target = self._folder / name, workspace / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)

    def stand_in(self, word: str) -> str:
        """`word`, or, where it is the id of a video of a real release, that of a video here."""
        if word not in REAL_VIDEOS:
            return word
        store = self._folder / REAL_VIDEOS[word]
        return Store.open(store).video_ids("train")[0]

    def _make(self, name: str) -> None:
        mark = self._made / name.replace("/", "-")
        if mark.exists():
            return
        item = ITEMS[name]
        for needed in item.needs:
            self._make(needed)
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with chdir(self._folder):
            if callable(item.by):
                item.by(path)
            else:
                for line in item.by:
                    ran = run_rvos(shlex.split(line)[1:])
                    assert ran.code == 0, f"{line}\n{ran.err}"
        mark.touch()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def items_named(word: str) -> list[str]:
    """The items that a word of a command line names: one, or a path inside one."""
    path = os.path.normpath(word)
    return [name for name in ITEMS if path == name or path.startswith(f"{name}/")]
