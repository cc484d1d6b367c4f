"""The images of a folder by their names without suffix: one file a name, or none of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

from rvosbench.errors import DatasetError, InvalidDataError
from rvosbench.files.text import shown

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
"""In any case: cameras and old systems write .JPG and .PNG."""


def images_by_name(
    names: Iterable[str], folder: Path | str, *, error: type[InvalidDataError] = DatasetError
) -> dict[str, str]:
    """Name without suffix -> file name of the images among the files of a folder, sorted.

    Two files of one name are refused: of 00000.jpg and 00000.png one is the frame and the other a mask drawn
    on it, and nothing in the names says which. So are names that differ in case only, which are one file on
    macOS and Windows.

    Args:
        names: the files; other files than images are passed over.
        folder: where they lie, for the message.
        error: what to raise; a prediction is no part of a release.

    Raises:
        InvalidDataError: of the type `error`: two images have one name.

    Example:
        >>> images_by_name(["00005.JPG", "00000.jpg", "notes.txt"], "frames")
        {'00000': '00000.jpg', '00005': '00005.JPG'}
    """
    files: dict[str, str] = {}
    seen: dict[str, str] = {}  # name in one case -> file name
    for name in sorted(names):
        path = PurePath(name)
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        other = seen.setdefault(path.stem.casefold(), name)
        if other != name:
            what = "their suffix" if PurePath(other).stem == path.stem else "upper and lower case"
            raise error(
                f"{folder} holds {shown(other)} and {shown(name)}, two images that differ only in {what}; "
                "expected one image a frame (were frames extracted twice, or masks put beside them?): move "
                "the others to a folder of their own"
            )
        files[path.stem] = name
    return files
