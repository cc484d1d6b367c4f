"""Which videos and images can be read and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rvosbench.doctor.check import Check
from rvosbench.doctor.imports import Imported

_VIDEO = {
    "h264": {"h264"},
    "hevc": {"hevc"},
    "vp8": {"vp8"},
    "vp9": {"vp9"},
    "av1": {"libdav1d", "libaom-av1"},
    "mpeg4": {"mpeg4"},
}
_NEEDED = "h264"  # A2D's clips


def look(imported: Mapping[str, Imported]) -> Iterator[Check]:
    """One line for videos that are read, one for videos that are written, one for images."""
    av = imported.get("av")
    if av is None or av.error is not None:
        yield Check("decoders", "fail", "unknown, as av cannot be imported; it reads and writes video")
    else:
        decoders = set(av.facts.get("decoders", ()))
        present = [name for name, codecs in _VIDEO.items() if codecs & decoders]
        yield _line("decoders", present, [name for name in _VIDEO if name not in present], _NEEDED)
        encoders = list(av.facts.get("encoders", ()))
        yield _line("encoders", encoders, [name for name in ("libx264",) if name not in encoders], "mpeg4")
    pil = imported.get("PIL")
    if pil is not None and pil.error is None:
        formats = list(pil.facts.get("formats", ()))
        for name in ("JPEG", "PNG"):
            if name not in formats:
                yield Check("images", "fail", f"pillow cannot read {name}; reinstall pillow")
        yield Check("images", "ok", " ".join(formats))


def _line(name: str, present: list[str], missing: list[str], needed: str) -> Check:
    text = " ".join(present) or "none"
    if not missing:
        return Check(name, "ok", text)
    return Check(
        name,
        "warn" if needed in present else "fail",
        f"{text}; missing: {' '.join(missing)}, reinstall av from PyPI to get all",
    )
