"""Ways to damage a release: its bytes and names here, what its files say in `content_mutations`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.datasets.content_mutations import CONTENT_DAMAGE

FILE_NAMES = (
    "x",
    "CON.png",
    ".hidden",
    "a b",
    "00009.jpg",
    "00000.jpg",
    "00001.png",
    "00002.h5",
    "99999999999.h5",
    "0.h5",
    "x.h5",
    "00000.JPG",
    "a\nb.jpg",
    "аaa",  # noqa: RUF001
    "x" * 200,
    os.fsdecode(b"\xff\xfe.jpg"),
    os.fsdecode(b"\xff\xfe"),
    "test.txt",
    "mask_dict.json",
    "meta_expressions.json",
    "meta_expressions_v2.json",
    "refs(google).p",
    "instances.json",
)


def drop(path, data):
    path.unlink()


def drop_folder(path, data):
    shutil.rmtree(path.parent)


def truncate(path, data):
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, max(0, len(content) - 1)))])


def corrupt(path, data):
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))


def corrupt_head(path, data):
    """The first bytes decide most."""
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        if content:
            content[data.draw(st.integers(0, min(len(content) - 1, 63)))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))


def cut_out(path, data):
    content = path.read_bytes()
    start = data.draw(st.integers(0, max(0, len(content) - 1)))
    path.write_bytes(content[:start] + content[start + data.draw(st.integers(1, 64)) :])


def insert(path, data):
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:at] + data.draw(st.binary(min_size=1, max_size=16)) + content[at:])


def rename(path, data):
    _move(path, path.with_name(data.draw(st.sampled_from(FILE_NAMES))))


def rename_folder(path, data):
    _move(path.parent, path.parent.with_name(data.draw(st.sampled_from(FILE_NAMES))))


def move_up(path, data):
    _move(path, path.parents[1] / path.name)


def _move(path, target):
    if not target.exists():
        path.rename(target)


def swap(path, data):
    others = [p for p in sorted(path.parents[1].rglob("*")) if p.is_file()]
    other = data.draw(st.sampled_from(others))
    first, second = path.read_bytes(), other.read_bytes()
    path.write_bytes(second)
    other.write_bytes(first)


def file_into_folder(path, data):
    path.unlink()
    path.mkdir()


def folder_into_file(path, data):
    folder = path.parent
    shutil.rmtree(folder)
    folder.write_bytes(b"x")


def link_in_a_loop(path, data):
    path.unlink()
    path.symlink_to(path.name)


def unreadable_kind(path, data):
    """A pipe: reading it would wait for ever."""
    path.unlink()
    os.mkfifo(path)


FILE_DAMAGE = (
    drop,
    drop_folder,
    truncate,
    corrupt,
    corrupt_head,
    cut_out,
    insert,
    rename,
    rename_folder,
    move_up,
    swap,
    file_into_folder,
    folder_into_file,
    link_in_a_loop,
    unreadable_kind,
)


def damage(root: Path, data: Any) -> str:
    """Damage one file or folder of a release; what was done, in words."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    if not files:
        return "nothing is left"
    # Half of the time one of the few files that the images would outvote.
    few = [path for path in files if path.suffix not in (".jpg", ".png")] or files
    path = data.draw(st.sampled_from(few) | st.sampled_from(files), label="file")
    known = CONTENT_DAMAGE.get(path.suffix, ())
    how = data.draw(st.sampled_from([*known, *known, *known, *FILE_DAMAGE]), label="damage")
    try:
        how(path, data)
    except Exception:  # an earlier damage can leave a file that nothing opens
        return f"{how.__name__} of {path} failed: it was damaged before"
    return f"{how.__name__} of {path}"
