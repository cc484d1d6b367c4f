"""The README.md of a store: a dataset card that the Hugging Face hub and its viewer understand."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rvosbench.files.text import strip_control
from rvosbench.store.partial_truth import Counts, say
from rvosbench.types import Card

TABLES = ("videos", "frames", "objects", "expressions", "masks")


def card_text(
    card: Card,
    counts: Mapping[str, Mapping[str, int]],
    *,
    skipped: int = 0,
    partly: Mapping[str, Counts] | None = None,
) -> str:
    """Markdown with a YAML front matter: one config per table, one data file pattern per split.

    JSON strings are valid YAML strings, so titles with colons or quotes stay intact.

    Args:
        card: what is known about the release.
        counts: split -> table -> rows.
        skipped: videos of the release that are not in the store.
        partly: split -> the videos that have masks in fewer frames than their source promises.
    """
    lines = ["---", f"pretty_name: {json.dumps(card.title)}", "configs:"]
    for table in TABLES:
        lines += [f"- config_name: {table}", "  data_files:"]
        for split in counts:
            pattern = f"data/{table}/split={split}/*.parquet"
            lines += [f"  - split: {json.dumps(split.replace('-', '_'))}", f"    path: {json.dumps(pattern)}"]
    lines += [
        "---",
        "",
        f"# {card.title}",
        "",
        f"Homepage: {card.homepage}  ",
        f"Licence: {card.licence}",
        "",
    ]
    lines += ["| split | " + " | ".join(TABLES) + " |", "|---" * (len(TABLES) + 1) + "|"]
    for split, count in counts.items():
        lines.append(f"| {split} | " + " | ".join(f"{count[table]:,}" for table in TABLES) + " |")
    if skipped:
        lines += [
            "",
            f"Not in the store, because they cannot be read: {skipped:,} videos, see `problems.parquet`.",
        ]
    for split, videos in (partly or {}).items():
        lines += ["", f"The ground truth of {split} is not whole: {strip_control(say(videos))}."]
    lines += ["", "Written by rvosbench; the tables are described in its docs/format.md.", ""]
    lines += ["```bibtex", card.citation.strip(), "```", ""]
    return "\n".join(lines)
