import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvosbench.errors import InvalidDataError, OutputError, ScoreError
from rvosbench.reporting import page
from rvosbench.reporting.page import ReportOptions, extremes, write_page
from rvosbench.runs.run import open_run
from rvosbench.runs.scores import percent
from tests.reporting.runs import EVIL, late, nothing, scored_run, store_of_annotators, store_of_pairs, truth
from tests.tiny_store import two_squares, write_store

ADDRESSES = {"src", "href", "srcset", "action", "formaction", "poster", "data", "xlink:href", "background"}


class Document(HTMLParser):
    """What a browser would make of a page: elements with attributes, and the text between them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.scripts, self.styles, self._inside = [], [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        {"script": self.scripts, "style": self.styles}.get(self._inside, self.texts).append(data)

    def text(self):
        return " ".join(" ".join(self.texts).split())


def kind_of(text):
    return "blue" if "blue" in text else "other"


@pytest.fixture
def store(tmp_path):
    return store_of_pairs(tmp_path / "store")


@pytest.fixture
def document(store, tmp_path):
    run = scored_run(tmp_path / "runs" / "mine", store, late, model="soc")
    other = scored_run(tmp_path / "runs" / "swap", store, nothing, model="soc", mismatched_expressions=True)
    blind = scored_run(tmp_path / "runs" / "blind", store, nothing, model="random-object", is_oracle=True)
    out = write_page(
        run, store, options=ReportOptions(others=[blind, other], mismatched=other, kind_of=kind_of)
    )
    assert out == run / "report" / "index.html"
    assert sorted(path.name for path in out.parent.iterdir()) == ["index.html", "index.over_time.json"]
    return Document(out.read_text(encoding="utf-8"))


def test_expressions_are_only_ever_text(document):
    tags = [tag for tag, _ in document.elements]
    assert tags.count("script") == 1 and tags.count("style") == 1
    (script,) = document.scripts
    assert script == (Path(page.__file__).parent / "templates" / "page.js").read_text(encoding="utf-8")
    assert EVIL in document.text()
    pictures = [attributes for tag, attributes in document.elements if tag == "img"]
    assert len(pictures) == 11
    assert not [a for _, attributes in document.elements for a in attributes if a.startswith("on")]


def test_the_page_asks_nothing_of_the_network(document):
    for tag, attributes in document.elements:
        for name in ADDRESSES & attributes.keys():
            assert attributes[name].startswith("data:"), (tag, name)
    assert not re.search(r"url\(|@import", document.styles[0])
    assert not re.search(r"fetch|XMLHttp|import\b|innerHTML|eval", document.scripts[0])


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(document):
    (policy,) = (
        a["content"] for _, a in document.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == "'none'" and rules.pop("img-src") == "data:"
    for name, content in (("style-src", document.styles[0]), ("script-src", document.scripts[0])):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules.pop(name) == f"'sha256-{digest}'"
    assert set(rules.values()) == {"'none'"}
    # The policy would block them without a word.
    assert not [tag for tag, attributes in document.elements if "style" in attributes]


def test_the_page_tells_the_numbers(document):
    text = document.text()
    assert "11 expressions in 3 videos" in text
    assert "Does it listen?" in text and "Worst expressions" in text and "Best expressions" in text
    assert "random-object : one of the true objects" in text
    assert "3 in 3 videos" in text and "8 in 3 videos" in text  # blue and other
    assert re.search(r"oracle: reads the ground truth", text)


def test_the_page_shows_what_happens_over_time(document):
    text = document.text()
    assert "J by tenth of the clip" in text and "Mean over 11 expressions in 3 videos" in text
    assert "Does it hold still?" in text and "the true objects" in text
    lines = [a for tag, a in document.elements if tag == "polyline" and len(a["points"].split()) == 10]
    assert len(lines) == 1
    for point in lines[0]["points"].split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 600 and 4 <= y <= 116


def test_the_same_run_gives_the_same_bytes(store, tmp_path):
    run = scored_run(tmp_path / "run", store, late)
    first = write_page(run, store, tmp_path / "1.html").read_bytes()
    assert write_page(run, store, tmp_path / "2.html").read_bytes() == first


def test_worst_and_best_by_hand(store, tmp_path):
    run = scored_run(
        tmp_path / "run", store, lambda v, e, n: truth(v, e, n) if v.video_id != "c" else nothing(v, e, n)
    )
    text = write_page(run, store, options=ReportOptions(worst=2, best=1)).read_text(encoding="utf-8")
    shown = re.findall(r'data-score="([^"]+)"', text)
    assert [float(score) for score in shown] == [0, 0, 1]


def test_a_single_frame_and_a_run_without_company(tmp_path):
    from tests.tiny_store import square, video

    store = write_store(tmp_path / "s", [video("v", "train", {0: {0: square(4)}}, {"it": (0,)}, frames=1)])
    run = scored_run(tmp_path / "run", store, truth)
    text = Document(write_page(run, store).read_text(encoding="utf-8")).text()
    assert "1 expression in 1 video" in text and "1 frame" in text
    assert "Over the clip" not in text and "hold still" not in text


@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=30),
    worst=st.integers(0, 20),
    best=st.integers(0, 20),
)
@settings(max_examples=100, deadline=None)
def test_extremes_never_overlap_and_are_the_extremes(scores, worst, best):
    count = len(scores)
    table = pa.table(
        {"video_id": ["v"] * count, "expression_id": [f"{n:03d}" for n in range(count)], "j_and_f": scores}
    )
    low, high = extremes(table, worst, best)
    assert len(low) <= worst and len(high) <= best and not set(low) & set(high)
    assert len(low) + len(high) == min(count, worst + best)
    value = {("v", f"{n:03d}"): score for n, score in enumerate(scores)}
    assert [value[key] for key in low] == sorted(scores)[: len(low)]
    assert [value[key] for key in high] == sorted(scores, reverse=True)[: len(high)]


def test_refusals_leave_nothing(store, tmp_path):
    run = scored_run(tmp_path / "run", store, truth)
    with pytest.raises(InvalidDataError, match="0 or more"):
        ReportOptions(worst=-1)
    with pytest.raises(ScoreError, match="another store"):
        write_page(run, write_store(tmp_path / "other", [two_squares("a")]))
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_page(run, store, tmp_path / "taken")
    assert not (run / "report").exists()
    assert not list(tmp_path.glob(".*partial*"))


def for_some(each, expression_id, frame):
    """Right for the annotators w and x, late for y, nothing for z."""
    (expression,) = (e for e in each.expressions if e.expression_id == expression_id)
    answer = {"y": late, "z": nothing}.get(expression.annotator, truth)
    return answer(each, expression_id, frame)


@pytest.mark.parametrize("protocol", ["davis-official", "ytvos"])
def test_annotators_stand_side_by_side(tmp_path, protocol):
    store = store_of_annotators(tmp_path / "annotators")
    run = scored_run(tmp_path / "runs" / "mine", store, for_some, protocol=protocol)
    scores = open_run(run).scores(protocol)
    text = Document(write_page(run, store).read_text(encoding="utf-8")).text()
    table = text[text.index("Each annotator alone") :].partition("Percent, over")[0].split()
    names = ["J&F", "J", "F"]
    expected = ["Each", "annotator", "alone", "annotator", *names]
    for annotator in sorted(scores.by_annotator):
        expected += [annotator, *(percent(scores.by_annotator[annotator][name]) for name in names)]
    expected += ["together", *(percent(scores.metrics[name].value) for name in names)]
    assert table == expected
    assert table[7:10] == ["anno_0" if protocol == "davis-official" else "w", "100.0", "100.0"]
    assert "that each of 4 annotators wrote" in text


def test_where_nobody_is_known_to_have_written_the_expressions_there_is_no_such_table(document):
    assert "Each annotator" not in document.text()


def test_the_name_of_an_annotator_is_only_ever_text(tmp_path):
    made = two_squares("d")
    named = [replace(e, annotator=who) for e, who in zip(made.expressions, (EVIL, "y" * 200), strict=False)]
    store = write_store(tmp_path / "evil", [replace(made, expressions=tuple(named))])
    document = Document(
        write_page(scored_run(tmp_path / "run", store, late), store).read_text(encoding="utf-8")
    )
    assert EVIL in document.text() and "y" * 200 in document.text()
    assert [tag for tag, _ in document.elements].count("script") == 1
