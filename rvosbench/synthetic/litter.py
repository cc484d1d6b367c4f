"""What archives bring along from other systems; no reader may take it for a part of the release."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_APPLE_DOUBLE: Final = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ".ljust(82, b"\x00")
_DS_STORE: Final = b"\x00\x00\x00\x01Bud1".ljust(64, b"\x00")
_THUMBS: Final = bytes.fromhex("d0cf11e0a1b11ae1").ljust(64, b"\x00")  # an OLE container
_PICTURES: Final = (".jpg", ".png", ".mp4")


def litter(folder: Path) -> None:
    """Leave the traces of macOS and Windows in every folder of a release."""
    entries = sorted(folder.rglob("*"))
    for here in (folder, *(path for path in entries if path.is_dir())):
        (here / ".DS_Store").write_bytes(_DS_STORE)
    for path in entries:
        path.with_name(f"._{path.name}").write_bytes(_APPLE_DOUBLE)
        double = folder / "__MACOSX" / path.relative_to(folder).with_name(f"._{path.name}")
        double.parent.mkdir(parents=True, exist_ok=True)
        double.write_bytes(_APPLE_DOUBLE)
        if path.suffix in _PICTURES:
            (path.parent / "Thumbs.db").write_bytes(_THUMBS)
