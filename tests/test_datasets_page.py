"""docs/datasets.md: one section per dataset, with the numbers that its card checks a release against."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rvosbench.datasets.specs.mevis import CARD_V2
from rvosbench.plugins.options import describe_options
from rvosbench.plugins.registry import DATASETS

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "datasets.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))
BUILT_IN = sorted(name for name, entry in DATASETS.entries().items() if entry.distribution == "rvosbench")


def cards(name):
    return [DATASETS[name].card, *([CARD_V2] if name == "mevis" else [])]


def test_the_page_has_a_section_for_every_dataset_and_for_no_other():
    assert sorted(SECTIONS) == BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_section_says_title_and_counts_of_its_card(name):
    for card in cards(name):
        assert card.title in SECTIONS[name]
        for counts in card.counts.values():
            for number in counts.values():
                assert f"{number:,}" in SECTIONS[name]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_section_explains_every_option(name):
    for row in describe_options(DATASETS[name].options):
        assert f"`{row.name}`" in SECTIONS[name]
        for choice in row.type.split("|") if "|" in row.type else ():
            assert f"`{choice}`" in (SECTIONS[name] if name == "mevis" else SECTIONS["refcoco"])


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_section_tells_where_to_get_it_its_licence_and_damage(name):
    text = SECTIONS[name] if name not in ("refcoco+", "refcocog") else SECTIONS["refcoco"]
    for topic in ("**Get it.**", "**Licence.**", "**Layout.**", "**Counts", "**Known damage.**"):
        assert topic in text
    assert cards(name)[0].homepage in text
