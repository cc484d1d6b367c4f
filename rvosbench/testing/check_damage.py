"""Whether a dataset notices what changed in its release: on copies, of which a file is edited or removed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from rvosbench.errors import InvalidDataError, MissingPathError, RvosbenchError
from rvosbench.plugins.dataset import Release
from rvosbench.testing.failure import expect
from rvosbench.testing.tried_release import Tried, video_keys
from rvosbench.types import Video

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_REMOVED = 12  # files of one kind


def _fingerprint_is_stable(tried: Tried) -> None:
    found = tried.open().fingerprint()
    expect(
        _SHA256.fullmatch(found), f"the fingerprint is {found!r}, expected a SHA-256 in hexadecimal digits"
    )
    expect(tried.open().fingerprint() == found, "the fingerprint is another one each time")
    moved = _copy(tried, "moved")
    expect(
        tried.open(moved).fingerprint() == found, "the fingerprint of a copy in another folder is another one"
    )


def _fingerprint_follows_the_index(tried: Tried) -> None:
    release = tried.open()
    for path in release.index_files():
        expect(path.is_file(), f"the index file {path} is not there")
    edited = _copy(tried, "edited")
    if not _change_an_expression(release, tried.release_dir, edited):
        return  # no index holds its expressions as plain text
    other = tried.open(edited)
    if _expressions(other) != _expressions(release):
        expect(
            other.fingerprint() != release.fingerprint(),
            "the fingerprint stays the same when an expression in an index file changes",
        )


def _expressions(release: Release) -> list[object]:
    return [release.expressions(*key) for key in video_keys(release)]


def _change_an_expression(release: Release, release_dir: Path, edited: Path) -> bool:
    """Replace a letter of an expression in the index files of the copy; False where none holds one."""
    texts = {expression.text for key in video_keys(release) for expression in release.expressions(*key)}
    plain = sorted(text for text in texts if re.fullmatch(r"[A-Za-z ]{4,}", text))
    for text in plain:
        before, after = text.encode(), (text[:-1] + ("x" if text[-1] != "x" else "y")).encode()
        changed = False
        for path in release.index_files():
            if path.is_relative_to(release_dir) and before in (content := path.read_bytes()):
                (edited / path.relative_to(release_dir)).write_bytes(content.replace(before, after))
                changed = True
        if changed:
            return True
    return False


def _no_missing_frame_is_taken(tried: Tried) -> None:
    copy = _copy(tried, "without-frames")
    release = tried.open(copy)
    for split, video_id in video_keys(release):
        paths = _frame_paths(copy, release.read(split, video_id).video)
        for path in paths[:_MOST_REMOVED]:
            with _Removed(path):
                try:
                    left = _frame_paths(copy, release.read(split, video_id).video)
                except (InvalidDataError, MissingPathError):
                    continue
            # Some releases have no list of frames: whatever lies in a folder is the video.
            expect(
                path not in left, f"{split}/{video_id} is read with the frame {path.name}, which is not there"
            )


def _frame_paths(root: Path, video: Video) -> list[Path]:
    return list(dict.fromkeys(root / frame.path for frame in video.frames if frame.path is not None))


def _a_missing_file_is_told(tried: Tried) -> None:
    copy = _copy(tried, "without-files")
    release = tried.open(copy)
    key = video_keys(release)[0]
    for path in release.sources(*key)[-_MOST_REMOVED:]:
        if path.is_relative_to(copy) and path.is_file():
            with _Removed(path):
                _reads_or_refuses(lambda: tried.open(copy).read(*key), f"without {path.name}")
    for path in release.index_files():
        if path.is_relative_to(copy):
            with _Removed(path):
                _reads_or_refuses(lambda: tried.open(copy), f"without {path.name}")


def _reads_or_refuses(attempt: Callable[[], object], what: str) -> None:
    """Some files are optional; but the only errors are those about releases."""
    try:
        attempt()
    except RvosbenchError as error:
        expect("\n" not in str(error), f"the error {what} has several lines")
    except Exception as error:
        found = f"{type(error).__name__} ({error})"
        expect(False, f"{what} it raises {found}; expected a DatasetError or a MissingPathError")


class _Removed:
    """A file that is away for the life of a block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = path.with_name(f"{path.name}.aside")

    def __enter__(self) -> None:
        self._path.rename(self._aside)

    def __exit__(self, *_: object) -> None:
        self._aside.rename(self._path)


def _copy(tried: Tried, name: str) -> Path:
    return Path(shutil.copytree(tried.release_dir, tried.folder / name))


DAMAGE_CLAIMS: tuple[tuple[str, Callable[[Tried], None]], ...] = (
    ("has a fingerprint that stays", _fingerprint_is_stable),
    ("has a fingerprint that follows the index", _fingerprint_follows_the_index),
    ("takes no frame that is missing", _no_missing_frame_is_taken),
    ("raises only errors about the release when a file is missing", _a_missing_file_is_told),
)
