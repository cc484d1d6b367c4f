"""Which kind of tree a path is, told by its content; archives in archives are gone into."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from rvosbench.errors import FormatError
from rvosbench.files.foreign import what_it_is
from rvosbench.files.text import some
from rvosbench.submission.trees.folder import Folder
from rvosbench.submission.trees.positioned import PositionedFile, open_path
from rvosbench.submission.trees.tars import Tar, looks_like_tar
from rvosbench.submission.trees.tree import Tree, is_archive
from rvosbench.submission.trees.zips import Zip

_DEEPEST = 3  # archives in archives


def open_tree(path: Path, contents: Callable[[Tree], bool]) -> tuple[Tree, tuple[str, ...]]:
    """The files of a folder or an archive.

    Args:
        path: of a folder, or of a zip or tar archive under any name.
        contents: whether a tree holds what is looked for. One that does not, but holds one archive,
            stands for that archive.

    Returns:
        The tree, and notes about the way there.

    Raises:
        FormatError: it is neither, is damaged, or holds several archives.
    """
    tree: Tree = Folder(path) if path.is_dir() else _archive(partial(open_path, path), str(path))
    notes = list(tree.notes)
    for _ in range(_DEEPEST):
        if contents(tree):
            break
        inner = sorted(name for name in tree.names() if is_archive(name))
        if not inner:
            break
        if len(inner) > 1:
            raise FormatError(
                f"{tree.shown} holds {len(inner)} archives: {some('/'.join(name) for name in inner)}; "
                "expected the results themselves, or one archive: name one of them, or unpack them"
            )
        outer, (name,) = tree, inner
        tree = _archive(partial(_file_in, outer, name), f"{outer.shown}:{'/'.join(name)}")
        notes += [f"{outer.shown}: the results are in the archive {'/'.join(name)}", *tree.notes]
    return tree, tuple(notes)


def _file_in(tree: Tree, name: tuple[str, ...]) -> PositionedFile:
    return tree.file_of(name)


def _archive(opener: Callable[[], PositionedFile], shown: str) -> Tree:
    file = opener()
    head = file.bytes_at(0, 512)
    if looks_like_tar(head) or shown.lower().endswith(".tar"):
        return Tar(opener, shown, file)
    try:
        return Zip(opener, shown, file)
    except FormatError:
        kind = what_it_is(head)
        if kind is None or kind == "a zip archive":
            raise
        raise FormatError(
            f"{shown} is {kind}; expected PNG folders, a zip or tar archive, JSON, npz or Parquet"
        ) from None
