"""The directive `protocols`: what every registered protocol does, field by field, read off its record."""

from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from rvosbench.plugins.protocol import Protocol
from rvosbench.plugins.registry import PROTOCOLS


def markdown() -> str:
    """The page's text: one table of all, then a section for each. All of it stands below headings."""
    lines = ["## At a glance", "", "| protocol | for | a mean over | ranks by |", "|---|---|---|---|"]
    lines += [
        f"| [`{name}`](#{name}) | {rules.title} | {rules.unit}s | {rules.main_metric} |"
        for name, rules in PROTOCOLS.items()
    ]
    for rules in PROTOCOLS.values():
        lines += section(rules)
    return "\n".join(lines)


def section(rules: Protocol) -> Iterator[str]:
    """One protocol in Markdown."""
    yield from ("", f"## `{rules.name}`", "", f"**{rules.title}.** {' '.join(rules.explanation.split())}")
    yield from ("", "| | |", "|---|---|")
    for question, answer in facts(rules):
        yield f"| {question} | {answer} |"
    if rules.unverified:
        yield from ("", "> [!WARNING]", f"> {rules.unverified}")


def facts(rules: Protocol) -> Iterator[tuple[str, str]]:
    """What the record says, in words."""
    yield "metrics", ", ".join(rules.metrics)
    yield "a leaderboard ranks by", rules.main_metric
    yield "the mean is taken over", f"{rules.unit}s"
    yield "annotated frames", {"all": "all", "inner": "all but the first and the last"}[rules.frames]
    yield (
        "frames without the object",
        {
            "empty is right": "an empty prediction scores 1",
            "no sample": "do not count",
        }[rules.absent],
    )
    yield "candidates", {"best": "the best-scored one", "all": "all, ranked"}[rules.candidates]
    yield (
        "matching",
        {"none": "none: an answer belongs to what was asked", "hungarian": "Hungarian"}[rules.matching],
    )
    yield (
        "annotators",
        {"each": "each expression on its own", "mean": "merged per annotator, mean over them"}[
            rules.annotators
        ],
    )
    yield "void pixels", "left out" if rules.void else "count as background"
    if rules.unit == "frame sample":
        yield (
            "a sample is called",
            {
                "instance": "`v_<video>_f_<frame>_i_<expression>`",
                "frame": "`v_<video>_f_<frame>`, where a video has one expression",
            }[rules.sample_ids],
        )
    yield "datasets", ", ".join(f"`{name}`" for name in rules.datasets) or "any"


class ProtocolsDirective(SphinxDirective):
    """Stands for all registered protocols."""

    def run(self) -> list[nodes.Node]:
        """A table, then sections."""
        return self.parse_text_to_nodes(markdown(), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_directive("protocols", ProtocolsDirective)
    return {"parallel_read_safe": True}
