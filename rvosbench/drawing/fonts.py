"""A font that can draw a text: DejaVu Sans, which comes with matplotlib, else one of this machine's.

DejaVu Sans has Latin, Greek, Cyrillic, Hebrew, Arabic and a few more. For a text in another script the
fonts of the machine are asked which of them has its characters, once per script and process.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterable
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_ALWAYS_THERE = 0x530  # Latin, Greek and Cyrillic end here
_PLAIN = ("cjk", "unicode", "sans", "gothic", "hei", "pingfang")  # names of fonts that resemble DejaVu Sans


def font_for(text: str, size: int) -> Font:
    """The font of `size` px that has most of the characters of `text`."""
    path = _font_file(_special(text))
    return _opened(path, size)


def undrawable(text: str) -> str:
    """The characters of `text` that no font here has; they are drawn as boxes."""
    special = _special(text)
    path = _font_file(special)
    if not special or path is None:
        return special
    return "".join(each for each in special if each not in _characters(path))


def _special(text: str) -> str:
    """The characters that DejaVu Sans may lack, each once."""
    special = (each for each in text if ord(each) >= _ALWAYS_THERE and each.isprintable() and each != "…")
    return "".join(dict.fromkeys(special))


@functools.lru_cache(maxsize=256)
def _font_file(special: str) -> Path | None:
    """The file of the first font that has all these characters, or most of them; None without any font."""
    usual = _dejavu()
    if usual is not None and (not special or set(special) <= _characters(usual)):
        return usual
    wanted = set(special)
    best, best_count = usual, len(wanted & _characters(usual)) if usual is not None else 0
    for path in _machine_fonts():
        count = len(wanted & _characters(path))
        if count > best_count and _can_be_opened(path):
            best, best_count = path, count
        if best_count == len(wanted):
            break
    return best


@functools.lru_cache(maxsize=256)
def _opened(path: Path | None, size: int) -> Font:
    # Pillow's own font has ASCII and little else.
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(str(path), size)


def _dejavu() -> Path | None:
    # Found without importing matplotlib.
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    return path if path.is_file() else None


def _machine_fonts() -> Iterable[Path]:
    """The fonts installed on this machine, upright and plain ones first."""
    from matplotlib.font_manager import findSystemFonts  # only for texts that need it

    def order(path: Path) -> tuple[bool, bool, str]:
        name = path.name.lower()
        slanted = any(word in name for word in ("bold", "italic", "oblique", "black", "light", "thin"))
        return slanted, not any(word in name for word in _PLAIN), name

    return sorted((Path(path) for path in findSystemFonts()), key=order)


@functools.lru_cache(maxsize=64)
def _characters(path: Path) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(str(path)).get_charmap()))
    except (RuntimeError, OSError, ValueError):  # a damaged file, or one that is no font
        return frozenset()


def _can_be_opened(path: Path) -> bool:
    """Pictures in colour, such as emoji, come in fixed sizes only."""
    try:
        _opened(path, 16)
    except OSError:
        return False
    return True
