import subprocess
import sys
from pathlib import Path

import pytest
from PIL import ImageFont

from rvosbench.drawing import fonts


@pytest.fixture
def machine(monkeypatch):
    """A machine that has the given font files and no others."""

    def have(*paths):
        monkeypatch.setattr(fonts, "_machine_fonts", lambda: [Path(path) for path in paths])
        fonts._font_file.cache_clear()

    yield have
    fonts._font_file.cache_clear()


def matplotlib_font(name):
    return fonts._dejavu().with_name(name)


def family(font):
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font.getname()[0]


@pytest.mark.parametrize("text", ["the cup", "große Fähre…", "красная чашка", "κόκκινο", "שלום", "القط"])
def test_common_scripts_are_set_in_dejavu(machine, text):
    machine()
    assert family(fonts.font_for(text, 12)) == "DejaVu Sans"
    assert fonts.undrawable(text) == ""


def test_a_script_that_no_font_has_is_named(machine):
    machine()
    assert family(fonts.font_for("左边 the cup", 12)) == "DejaVu Sans"
    assert fonts.undrawable("左边 the cup 左") == "左边"


def test_another_font_of_the_machine_is_taken_when_it_has_the_characters(machine, tmp_path):
    other = lacking_in_dejavu("STIXGeneral.ttf")
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    machine(tmp_path / "damaged.ttf", tmp_path / "gone.ttf", matplotlib_font("STIXGeneral.ttf"))
    assert family(fonts.font_for(f"the {other}", 12)) == "STIXGeneral"
    assert fonts.undrawable(f"the {other}") == ""
    assert fonts.undrawable(f"the {other} 左") == "左"


def lacking_in_dejavu(name):
    found = fonts._characters(matplotlib_font(name)) - fonts._characters(fonts._dejavu())
    return min(each for each in found if each.isprintable() and 0x2000 < ord(each) < 0xE000)


def test_a_text_in_latin_letters_loads_no_matplotlib():
    code = (
        "import sys; from rvosbench.drawing.fonts import font_for, undrawable; font_for('größer', 12);"
        "undrawable('größer'); print([name for name in ('matplotlib', 'fontTools') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
