"""Descriptions as English: several phrasings each, and the kind of an expression from its words alone.

Mirroring a picture and swapping "left" and "right" in its expressions keeps them true: no word but these two
and their superlatives contains them, and no phrase speaks of clockwise.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Final

from rvosbench.synthetic.descriptions import (
    MOVES,
    ORDERS,
    RELATIONS,
    SIDES,
    SUPERLATIVE_SIZES,
    WHENS,
    Description,
)
from rvosbench.synthetic.paths import MOTIONS
from rvosbench.synthetic.scenes import COLOURS, SHAPES, SIZES

KINDS: Final = ("colour", "shape", "size", "compound", "position", "motion", "order", "relation")

_GENERIC: Final = ("shape", "object", "one")
_SIZE_WORDS: Final = {
    "small": ("small", "little"),
    "large": ("large", "big"),
    "smallest": ("smallest",),
    "largest": ("largest", "biggest"),
}
_MOTION_CLAUSES: Final = {
    "": ("that moves {0}", "moving {0}", "that slides {0}", "that goes {1}"),
    "stop": (
        "that moves {0} and then stops",
        "that goes {1} and then stays there",
        "that slides {0} before it stops",
        "moving {0} and then stopping",
    ),
    "back": (
        "that moves {0} and then turns back",
        "that goes {1} and comes back",
        "that slides {0} and then returns",
        "moving {0} and then turning back",
    ),
    "still": ("that stays still", "that does not move", "standing still"),
    "loop": ("that goes round and round", "moving in a loop", "that moves around in a loop"),
    MOVES: ("that moves", "that is moving", "that does not stay still"),
}
_TOWARDS: Final = {
    "left": ("left", "to the left"),
    "right": ("right", "to the right"),
    "up": ("up", "upwards"),
    "down": ("down", "downwards"),
}
# side -> (superlative, where it is, as an adverb)
_SIDE_WORDS: Final = {
    "left": ("leftmost", "furthest to the left", "closest to the left edge"),
    "right": ("rightmost", "furthest to the right", "closest to the right edge"),
    "top": ("highest", "closest to the top", "nearest to the top edge"),
    "bottom": ("lowest", "closest to the bottom", "nearest to the bottom edge"),
}
_POSITION_PHRASES: Final = {
    "throughout": ("the {0} {noun}", "the {noun} {1}", "the {noun} {2}"),
    "start": ("the {noun} that starts {1}", "the {noun} that is {0} at the start", "the {noun} {1} at first"),
    "end": ("the {noun} that ends up {1}", "the {noun} that is {0} at the end", "the {noun} {1} in the end"),
}
_ORDER_PHRASES: Final = {
    "last-in": ("the {noun} that appears last", "the last {noun} to appear", "the {noun} that shows up last"),
    "first-out": (
        "the {noun} that disappears first",
        "the first {noun} to vanish",
        "the first {noun} to disappear",
    ),
    "late": ("the {noun} that appears later", "the {noun} that is not there at the start"),
    "gone": ("the {noun} that disappears before the end", "the {noun} that is gone at the end"),
}
_RELATION_PHRASES: Final = {
    "left-of": ("to the left of", "left of", "on the left of"),
    "right-of": ("to the right of", "right of", "on the right of"),
    "above": ("above", "that is above"),
    "below": ("below", "under"),
    "behind": ("behind", "partly hidden by", "that is behind"),
    "in-front": ("in front of", "partly covering", "that is in front of"),
    "passes-behind": ("that passes behind", "passing behind"),
    "passes-before": ("that passes in front of", "passing in front of"),
}

_RELATION_WORDS: Final = re.compile(
    r"\b(?:(?:left|right) of|above the|below the|under the|behind the|hidden by|in front of|covering)\b"
)
_ORDER_WORDS: Final = re.compile(r"\b(?:appears?|disappears?|vanish|shows up|not there|gone)\b")
_POSITION_WORDS: Final = re.compile(r"\b(?:leftmost|rightmost|highest|lowest|furthest|closest|nearest)\b")
_MOTION_WORDS: Final = re.compile(r"\b(?:mov(?:es?|ing)|slides|goes|still)\b")
_COLOUR_WORDS: Final = re.compile(rf"\b(?:{'|'.join(COLOURS)})\b")
_SHAPE_WORDS: Final = re.compile(rf"\b(?:{'|'.join(SHAPES)})\b")
_SIZE_WORDS_ANY: Final = re.compile(
    rf"\b(?:{'|'.join(word for words in _SIZE_WORDS.values() for word in words)})\b"
)


def kind(description: Description) -> str:
    """Which of `KINDS` a description is: the cue that takes the most looking.

    `compound` is a colour together with a shape, a size or a motion; `size` may come with a shape.
    """
    if description.relation is not None:
        return "relation"
    if description.order is not None:
        return "order"
    if description.position is not None:
        return "position"
    if description.motion is not None:
        return "motion" if description.colour is None else "compound"
    if description.colour is not None:
        return "colour" if description.shape is None and description.size is None else "compound"
    return "shape" if description.size is None else "size"


def kind_of(text: str) -> str:
    """`kind` by rule from the words of an expression, so that a release needs no column for it.

    Example:
        >>> kind_of("the square that moves left and then stops")
        'motion'
    """
    words = text.lower()
    for name, pattern in (
        ("relation", _RELATION_WORDS),
        ("order", _ORDER_WORDS),
        ("position", _POSITION_WORDS),
    ):
        if pattern.search(words):
            return name
    has_colour = _COLOUR_WORDS.search(words) is not None
    if _MOTION_WORDS.search(words):
        return "compound" if has_colour else "motion"
    has_shape, has_size = _SHAPE_WORDS.search(words) is not None, _SIZE_WORDS_ANY.search(words) is not None
    if has_colour:
        return "compound" if has_shape or has_size else "colour"
    return "size" if has_size else "shape" if has_shape else "other"


def phrasings(description: Description) -> tuple[str, ...]:
    """All the ways in which a description is said; deterministic, without repetition."""
    if description.relation is not None:
        name, landmark = description.relation
        marks = [f"the {noun}" for noun in _nouns(landmark)]
        phrases = _RELATION_PHRASES[name]
        return tuple(
            f"the {noun} {phrase} {mark}"
            for noun in _nouns(description)
            for phrase in phrases
            for mark in marks
        )
    if description.order is not None:
        return _fill(_ORDER_PHRASES[description.order], description)
    if description.position is not None:
        side, when = description.position
        return _fill(_POSITION_PHRASES[when], description, *_SIDE_WORDS[side])
    if description.motion is not None:
        return tuple(
            f"the {noun} {clause}"
            for noun in _nouns(description)
            for clause in _motion_clauses(description.motion)
        )
    return _attributes(description)


def grammar_sentences() -> list[str]:
    """Sorted expressions that use every word and every phrase there is: what a tokeniser is trained on."""
    colours, shapes, sizes = (None, *COLOURS), (None, *SHAPES), (None, *SIZES)
    plain = [
        Description(colour=colour, shape=shape, size=size)
        for colour, shape, size in product(colours, shapes, (*sizes, *SUPERLATIVE_SIZES))
        if colour or shape or size
    ]
    nouns = [(None, None), *((colour, None) for colour in COLOURS), *((None, shape) for shape in SHAPES)]
    both = list(product(COLOURS, SHAPES))
    motions = [
        Description(colour=colour, shape=shape, motion=motion)
        for (colour, shape), motion in product([*nouns, *both], (*MOTIONS, MOVES))
    ]
    positions = [
        Description(colour=colour, shape=shape, position=position)
        for (colour, shape), position in product(nouns, product(SIDES, WHENS))
    ]
    orders = [
        Description(colour=colour, shape=shape, order=order)
        for (colour, shape), order in product(nouns, ORDERS)
    ]
    relations = [
        Description(shape=shape, relation=(name, Description(colour=colour, shape=mark)))
        for shape, name, (colour, mark) in product(shapes, RELATIONS, both)
    ]
    every = [*plain, *motions, *positions, *orders, *relations]
    return sorted({text for description in every for text in phrasings(description)})


def _nouns(description: Description) -> list[str]:
    """What stands after "the": "small red square", or a generic word where the shape is not named."""
    sizes = _SIZE_WORDS[description.size] if description.size else ("",)
    nouns = (description.shape,) if description.shape else _GENERIC
    return [
        " ".join(word for word in (size, description.colour, noun) if word)
        for noun, size in product(nouns, sizes)
    ]


def _fill(phrases: tuple[str, ...], description: Description, *words: str) -> tuple[str, ...]:
    return tuple(phrase.format(*words, noun=noun) for noun in _nouns(description) for phrase in phrases)


def _motion_clauses(motion: str) -> list[str]:
    if motion in _MOTION_CLAUSES:
        return list(_MOTION_CLAUSES[motion])
    direction, _, ending = motion.partition("-")
    return [clause.format(*_TOWARDS[direction]) for clause in _MOTION_CLAUSES[ending]]


def _attributes(description: Description) -> tuple[str, ...]:
    """A noun phrase: with "the", with "a", bare, or with the colour behind the noun."""
    nouns = _nouns(description)
    phrases = [f"the {noun}" for noun in nouns]
    if description.size in SUPERLATIVE_SIZES:
        sizeless = _nouns(Description(colour=description.colour, shape=description.shape))
        phrases += [
            f"the {noun} that is the {size}" for noun in sizeless for size in _SIZE_WORDS[description.size]
        ]
    else:
        named = [noun for noun in nouns if not noun.endswith(" one")]
        phrases += [f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}" for noun in named] + named
    if description.colour is not None:
        colourless = _nouns(Description(shape=description.shape, size=description.size))
        phrases += [f"the {noun} that is {description.colour}" for noun in colourless]
    elif description.shape is not None and description.size is None:
        phrases.append(f"the object shaped like a {description.shape}")
    return tuple(phrases)
