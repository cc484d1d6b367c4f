from dataclasses import replace

import pytest
from PIL import Image

from rvosbench.analysis.slices import Slice
from rvosbench.errors import OutputError
from rvosbench.reporting.answers import ScoredRun
from rvosbench.reporting.cases import read_cases
from rvosbench.reporting.figures import filmstrip, kinds_chart
from tests.reporting.runs import EVIL, late, scored_run, store_of_pairs

SLICES = [Slice("colour", 40, 12, 0.8, 0.7, 0.9), Slice("$order$ <b>", 9, 1, 0.3, float("nan"), float("nan"))]


@pytest.fixture
def case(tmp_path):
    store = store_of_pairs(tmp_path / "store")
    run = scored_run(tmp_path / "run", store, late)
    return read_cases(ScoredRun(run, store), [("c", "0")])[0]


def test_filmstrip_shows_the_pixels_of_the_strip(case, tmp_path):
    with Image.open(filmstrip(case, tmp_path / "new" / "film.png")) as image:
        assert image.format == "PNG" and image.width == 12 * 120
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    assert (220, 30, 30) in colours  # the red square


@pytest.mark.parametrize("text", [EVIL, "$\\frac{1}", "中文 🙂", "word " * 300, "a\nb", ""])
def test_any_expression_can_be_a_title(case, tmp_path, text):
    filmstrip(replace(case, text=text), tmp_path / "film.png")


def test_kinds_chart_grows_with_the_kinds(tmp_path):
    heights = []
    for slices in (SLICES[:1], SLICES, SLICES * 4):
        with Image.open(kinds_chart(slices, tmp_path / "kinds.png", language_blind=SLICES[:1])) as image:
            heights.append(image.height)
    assert heights == sorted(set(heights))


def test_figures_are_the_same_bytes_every_time(case, tmp_path):
    assert (
        filmstrip(case, tmp_path / "1.png").read_bytes() == filmstrip(case, tmp_path / "2.png").read_bytes()
    )
    first, second = kinds_chart(SLICES, tmp_path / "3.png"), kinds_chart(SLICES, tmp_path / "4.png")
    assert first.read_bytes() == second.read_bytes()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        kinds_chart(SLICES, tmp_path / "file" / "kinds.png")
