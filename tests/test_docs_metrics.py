"""docs/metrics.md says what the protocols do: every fact in its table is read back from the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rvosbench.plugins.registry import PROTOCOLS

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "metrics.md").read_text(encoding="utf-8")


def table() -> dict[str, list[str]]:
    """Protocol -> the other cells of its row."""
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", PAGE, flags=re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in rows}


def section(name: str) -> str:
    return PAGE.partition(f"\n### `{name}`\n")[2].partition("\n#")[0]


def test_the_table_holds_every_protocol():
    assert sorted(table()) == sorted(PROTOCOLS)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_fact_of_a_protocol_is_the_codes(name):
    rules = PROTOCOLS[name]
    facts = [rules.unit, rules.frames, rules.absent, rules.candidates, rules.matching, rules.annotators]
    assert table()[name] == [*facts, "yes" if rules.void else "no", rules.main_metric]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_has_a_section(name):
    assert len(section(name).split()) > 10


@pytest.mark.parametrize("name", ["ytvos", "mevis"])
def test_an_unverified_server_is_called_that(name):
    assert PROTOCOLS[name].unverified
    assert "the server's rule is unverified" in " ".join(section(name).split()).lower()


def test_what_the_page_names_can_be_imported():
    from importlib import import_module

    names = set(re.findall(r"`(rvosbench(?:\.[a-z_0-9]+)+)", PAGE))
    assert len(names) >= 6
    for name in names:
        try:
            import_module(name)
        except ModuleNotFoundError:
            module, _, attribute = name.rpartition(".")
            assert hasattr(import_module(module), attribute), name
