"""A Ref-YouTube-VOS of as many videos as one likes, and plugins that watch or disturb its reading.

A module of its own and not a fixture, because worker processes import it too. Where reading is watched,
the environment variable READ_LOG names a file that gets a line for each video that is read; MAIN_PROCESS
holds the id of the process that prepares.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from rvosbench.datasets.refer_youtube_vos import ReferYoutubeVos
from rvosbench.datasets.specs.ytvos import SPEC
from rvosbench.errors import DatasetError
from rvosbench.plugins.dataset import ReadVideo
from rvosbench.plugins.registry import DATASETS
from rvosbench.work import program
from tests.datasets import tiny_releases as tiny

LOG = "READ_LOG"
MAIN = "MAIN_PROCESS"


def many_videos(root: Path, count: int, *, valid: int = 0) -> Path:
    """`count` train videos v000 ... of two frames, and some valid ones of one."""
    for split, number in (("train", count), ("valid", valid)):
        videos = {}
        for index in range(number):
            name = f"v{index:03d}" if split == "train" else f"w{index:03d}"
            labels = tiny.labels({1: (1 + index % 9, 12, 3, 9), 2: (14, 20, 4 + index % 20, 30)})
            shown = {"00000": labels, "00005": tiny.ONE_OBJECT}
            tiny.write_video(root / split, name, shown if split == "train" else {"00000": None})
            said = (f"box {index}", "1" if split == "train" else None)
            videos[name] = {
                "frames": list(shown) if split == "train" else ["00000"],
                "expressions": tiny.expressions(said),
            }
        if number:
            tiny.write_json(tiny.meta_expressions(root, split), {"videos": videos})
    return root


def damage(root: Path, video_id: str) -> Path:
    """Cut an annotation of a train video."""
    path = root / "train" / "Annotations" / video_id / "00005.png"
    path.write_bytes(path.read_bytes()[:-20])
    return path


def content(folder: Path) -> dict[str, str]:
    """Every file of a store -> its SHA-256."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


class Watched(ReferYoutubeVos):
    """Notes what is read."""

    def read(self, split: str, video_id: str) -> ReadVideo:
        if LOG in os.environ:
            with Path(os.environ[LOG]).open("a") as log:
                log.write(f"{os.getpid()}:{split}/{video_id}\n")
        return super().read(split, video_id)


def is_worker() -> bool:
    """Whether this process reads for another one."""
    return os.environ[MAIN] != str(os.getpid())


class Slow(Watched):
    """So slow in the main process that the others get their share, although they start late."""

    main_s = 0.3

    def read(self, split: str, video_id: str) -> ReadVideo:
        time.sleep(0.05 if is_worker() else self.main_s)
        return super().read(split, video_id)


class Slower(Slow):
    """So slow that there is no doubt."""

    main_s = 1.5


class Stuck(Watched):
    """Never done with v002 and later."""

    def read(self, split: str, video_id: str) -> ReadVideo:
        read = super().read(split, video_id)
        if video_id >= "v002":
            time.sleep(600)
        return read


class Deadly(Slower):
    """A worker dies of its first video."""

    def read(self, split: str, video_id: str) -> ReadVideo:
        if is_worker():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(split, video_id)


class Broken(Slower):
    """Has a bug in workers, and prints where nobody should."""

    def read(self, split: str, video_id: str) -> ReadVideo:
        sys.stdout.write("chatter\n")
        os.write(1, b"more chatter\n")
        read = super().read(split, video_id)
        if is_worker() and video_id >= "v004":
            raise ZeroDivisionError("a bug")
        return read


class Vanishing(Watched):
    """The release is gone when v003 is read, as when a network share is."""

    def read(self, split: str, video_id: str) -> ReadVideo:
        if video_id >= "v003" and self.release_dir.is_dir():
            self.release_dir.rename(self.release_dir.with_name("elsewhere"))
        return super().read(split, video_id)


class Locked(Watched):
    """Cannot be sent to another process."""

    def __init__(self, release_dir, options):
        super().__init__(release_dir, options)
        self.handle = lambda: None


class Remarkable(Slow):
    """Has something to say about every video; refuses v001."""

    def read(self, split: str, video_id: str) -> ReadVideo:
        if video_id == "v001":
            raise DatasetError(f"{video_id} is too odd")
        return replace(super().read(split, video_id), problems=(f"{video_id} is odd",))


class Homeless(Slower):
    """Can be sent to another process, but not opened there."""

    def __reduce__(self):
        return (_fail, ())


def _fail():
    raise OSError("no such plugin here")


def _spec(plugin):
    return replace(SPEC, card=replace(SPEC.card, name=plugin.__name__.lower()), open=plugin)


PLUGINS = (Broken, Deadly, Homeless, Locked, Remarkable, Slow, Slower, Stuck, Vanishing, Watched)
SPECS = {plugin.__name__.lower(): _spec(plugin) for plugin in PLUGINS}
NAMES = {name: f"{__name__}:{name.upper()}" for name in SPECS}
globals().update({name.upper(): spec for name, spec in SPECS.items()})


def register() -> None:
    """In this process: the command `rvos` does not know them."""
    DATASETS._built_in.update(NAMES)
    os.environ[MAIN] = str(os.getpid())


def main() -> None:
    """`rvos` with the plugins, and with the Ctrl-C that a shell's background job has not."""
    from rvosbench_cli.main import main as rvos

    program._own_source = lambda: b""  # somebody may be at work on the sources while the tests run
    register()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rvos(sys.argv[1:])
