"""English: fluent, mirrorable, and its kind can be read off the words."""

from __future__ import annotations

import re
from itertools import product

import pytest

from rvosbench.synthetic.descriptions import MOVES, ORDERS, RELATIONS, SIDES, WHENS, Description
from rvosbench.synthetic.language import KINDS, grammar_sentences, kind, kind_of, phrasings
from rvosbench.synthetic.paths import MOTIONS
from rvosbench.synthetic.scenes import COLOURS, SHAPES

NOUNS = [
    {},
    {"colour": "red"},
    {"shape": "star"},
    {"colour": "orange", "shape": "cross"},
    {"size": "small"},
    {"size": "large", "colour": "blue"},
    {"size": "small", "colour": "black", "shape": "square"},
    {"size": "largest"},
    {"size": "smallest", "shape": "circle"},
]


def every_description():
    marks = [
        Description(colour=colour, shape=shape)
        for colour, shape in (("red", "square"), ("blue", None), (None, "star"))
    ]
    cues = [
        *({"motion": motion} for motion in (*MOTIONS, MOVES)),
        *({"order": order} for order in ORDERS),
        *({"position": position} for position in product(SIDES, WHENS)),
        *({"relation": relation} for relation in product(RELATIONS, marks)),
    ]
    return [Description(**noun) for noun in NOUNS if noun] + [
        Description(**noun, **cue) for noun, cue in product(NOUNS, cues)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the red one", "colour"),
        ("a square", "shape"),
        ("the object shaped like a star", "shape"),
        ("the smallest circle", "size"),
        ("little shape", "size"),
        ("the red square", "compound"),
        ("the red shape that moves left", "compound"),
        ("the square that moves left and then stops", "motion"),
        ("the one standing still", "motion"),
        ("the rightmost yellow one", "position"),
        ("the circle closest to the top at first", "position"),
        ("the circle that appears last", "order"),
        ("the first shape to vanish", "order"),
        ("the circle left of the red square", "relation"),
        ("the shape that passes behind the star", "relation"),
        ("The Circle That Appears Last ", "order"),
        ("a man in a hat", "other"),
    ],
)
def test_kinds_by_hand(text, expected):
    assert kind_of(text) == expected


def test_the_kind_read_from_the_words_is_the_kind_of_the_description():
    descriptions = every_description()
    assert {kind(description) for description in descriptions} == set(KINDS)
    for description in descriptions:
        for text in phrasings(description):
            assert kind_of(text) == kind(description), text


def test_a_description_has_several_phrasings_and_no_two_are_equal():
    for description in every_description():
        texts = phrasings(description)
        assert len(texts) >= 2
        assert len(set(texts)) == len(texts)


def test_no_two_descriptions_are_said_alike():
    """Except that "one", "object" and "shape" mean the same: a text has one meaning."""
    meaning: dict[str, Description] = {}
    for description in every_description():
        for text in phrasings(description):
            assert meaning.setdefault(text, description) == description, text


def test_the_grammar_is_sorted_without_repetition_and_stable():
    expressions = grammar_sentences()
    assert expressions == sorted(set(expressions)) == grammar_sentences()
    assert 5_000 < len(expressions) < 30_000


def test_the_grammar_uses_every_word_that_any_description_needs():
    known = {word for expression in grammar_sentences() for word in expression.split()}
    used = {
        word
        for description in every_description()
        for text in phrasings(description)
        for word in text.split()
    }
    assert used <= known
    assert {*COLOURS, *SHAPES} <= known


def test_expressions_are_plain_lower_case_english():
    for expression in grammar_sentences():
        assert re.fullmatch(r"[a-z]+( [a-z]+)*", expression), expression
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]|\b(\w+) \1\b(?<!round round)", expression), (
            expression
        )


def test_left_and_right_can_be_swapped_as_plain_substrings():
    words = {word for expression in grammar_sentences() for word in expression.split()}
    assert {word for word in words if "left" in word or "right" in word} == {
        "left",
        "right",
        "leftmost",
        "rightmost",
    }
