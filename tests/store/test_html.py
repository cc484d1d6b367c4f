from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image

from rvosbench.preparation import prepare
from rvosbench.store import Store, open_store
from rvosbench.synthetic import write
from tests.datasets import tiny_releases


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("html")
    write("ytvos", root / "release", videos=8, seed=1, frames=8, size=(240, 320))
    prepare("ytvos", root / "release", root / "store", options={"trainval": 0.5})
    return open_store(root / "store")


def pictures(html):
    return [base64.b64decode(data) for data in re.findall(r"data:image/jpeg;base64,([^\"]+)", html)]


def test_a_store_shows_counts_and_filmstrips_and_stays_small(store):
    html = store._repr_html_()
    assert len(html) < 300_000
    assert "Ref-YouTube-VOS" in html
    for split, counts in store.splits.items():
        assert f"<td>{split}</td><td>{counts['videos']}</td><td>{counts['frames']}</td>" in html
    strips = [Image.open(io.BytesIO(data)) for data in pictures(html)]
    assert len(strips) == 2
    for strip in strips:
        assert strip.width == pytest.approx(760, abs=20) and strip.height >= 100
    assert store.expressions("train")[0].text in html


def test_pictures_that_are_too_large_are_left_out(store, monkeypatch):
    from rvosbench.store import html

    monkeypatch.setattr(html, "_MOST_BYTES", 1000)
    assert pictures(store._repr_html_()) == []


def test_without_the_release_it_says_why_there_are_no_frames(store, tmp_path):
    moved = Store.open(store.folder, tmp_path / "gone")
    text = moved._repr_html_()
    assert pictures(text) == []
    assert "No frames are shown: " in text and "Ref-YouTube-VOS" in text and "gone" in text


def test_what_a_release_says_cannot_become_markup(tmp_path):
    root = tiny_releases.ytvos(tmp_path / "release")
    path = root / "meta_expressions" / "train" / "meta_expressions.json"
    path.write_text(path.read_text().replace("a wide box", "<script>alert(1)</script>\\u001b"))
    prepare("ytvos", root, tmp_path / "store")
    text = open_store(tmp_path / "store")._repr_html_()
    assert "<script" not in text and "\x1b" not in text
    assert "&lt;script&gt;" in text
    assert len(pictures(text)) == 2
