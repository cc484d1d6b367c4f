"""Which expressions a scene gets: two to four per object, of mixed kinds, each about one object only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Final, TypeVar

import numpy as np

from rvosbench.synthetic.descriptions import (
    MOVES,
    ORDERS,
    RELATIONS,
    SIDES,
    SUPERLATIVE_SIZES,
    Description,
    identifies,
    motion_of,
    refers,
)
from rvosbench.synthetic.language import kind, phrasings
from rvosbench.synthetic.scenes import Scene, SceneObject

_Choice = TypeVar("_Choice")
_Meant = Callable[[Description], "int | None"]  # the one object that a description means, or None

# How eagerly a kind is taken where a scene offers it; the shares that come out are in
# tests/synthetic/test_describing.py.
_KIND_WEIGHTS: Final = {
    "colour": 1.0,
    "shape": 0.6,
    "size": 0.6,
    "compound": 8.0,
    "position": 1.5,
    "motion": 1.5,
    "order": 8.0,
    "relation": 0.9,
}
# Weight of a description whose every part is needed, against 1 for the others: people say more than they
# must, "the red square that moves left" where "the square" would do.
_NEEDED: Final = 0.2


@dataclass(frozen=True, slots=True)
class SpokenExpression:
    """One referring expression."""

    object_id: int
    text: str
    description: Description

    @property
    def kind(self) -> str:
        """One of `language.KINDS`."""
        return kind(self.description)


def describe(
    scene: Scene, rng: np.random.Generator, per_object: tuple[int, int] = (2, 4)
) -> tuple[SpokenExpression, ...]:
    """Expressions for every object of a scene, in the order of the object ids.

    Args:
        scene: what to talk about.
        rng: decides which of the true expressions are taken.
        per_object: fewest and most expressions for one object.
    """
    expressions: list[SpokenExpression] = []

    @cache  # each is asked for many times: as itself, as part of longer ones, as a landmark
    def meant(description: Description) -> int | None:
        return identifies(scene, description)

    for obj in scene.objects:
        offered = _by_kind(scene, obj, meant)
        wanted = int(rng.integers(per_object[0], per_object[1] + 1))
        used_kinds: list[str] = []
        texts: set[str] = set()
        plain = Description(colour=obj.colour, shape=obj.shape)
        if meant(plain) == obj.object_id:  # what most people would say first
            texts.add(str(rng.choice(phrasings(plain))))
            expressions += [SpokenExpression(obj.object_id, text, plain) for text in texts]
        while len(texts) < wanted:
            # A second expression of a kind only when there is no other kind left.
            kinds = [name for name in offered if name not in used_kinds] or list(offered)
            name = _choose(rng, kinds, [_KIND_WEIGHTS[name] for name in kinds])
            used_kinds.append(name)
            description = _choose(rng, list(offered[name]), list(offered[name].values()))
            text = str(rng.choice(phrasings(description)))
            if text not in texts:
                texts.add(text)
                expressions.append(SpokenExpression(obj.object_id, text, description))
    return tuple(expressions)


def _by_kind(scene: Scene, obj: SceneObject, meant: _Meant) -> dict[str, dict[Description, float]]:
    """Kind -> the descriptions that mean this object and no other, with their weights."""
    offered: dict[str, dict[Description, float]] = {}
    for description in candidates(scene, obj):
        if meant(description) == obj.object_id:
            weight = 1.0 if _has_spare_part(description, meant) else _NEEDED
            offered.setdefault(kind(description), {})[description] = weight
    return offered


def _has_spare_part(description: Description, meant: _Meant) -> bool:
    """Whether the description would mean the same object with one part left out."""
    parts = [name for name in description.__slots__ if getattr(description, name) is not None]
    shorter = (replace(description, **{name: None}) for name in parts) if len(parts) > 1 else iter(())
    return any(meant(less) is not None for less in shorter)


def candidates(scene: Scene, obj: SceneObject) -> Iterator[Description]:
    """Descriptions that might be true of an object, whether or not they are true of others as well."""
    colour, shape, size = obj.colour, obj.shape, obj.size
    for with_colour, with_shape, with_size in product((None, colour), (None, shape), (None, size)):
        if with_colour or with_shape or with_size:
            yield Description(colour=with_colour, shape=with_shape, size=with_size)
    nouns = [(None, None), (None, shape), (colour, None), (colour, shape)]
    # "The leftmost square" promises several squares.
    shared = [noun for noun in nouns if len(refers(scene, Description(colour=noun[0], shape=noun[1]))) > 1]
    for superlative, (with_colour, with_shape) in product(SUPERLATIVE_SIZES, shared):
        if with_colour is None:
            yield Description(shape=with_shape, size=superlative)
    for side, (with_colour, with_shape) in product(SIDES, shared):
        yield Description(colour=with_colour, shape=with_shape, position=(side, "throughout"))
    for name, mark, with_colour, with_shape in product(
        RELATIONS, scene.objects, (None, colour), (None, shape)
    ):
        if mark is not obj:
            landmark = Description(colour=mark.colour, shape=mark.shape)
            yield Description(colour=with_colour, shape=with_shape, relation=(name, landmark))
    if scene.frames > 1:
        for position, (with_colour, with_shape) in product(product(SIDES, ("start", "end")), nouns):
            yield Description(colour=with_colour, shape=with_shape, position=position)
        for order, (with_colour, with_shape) in product(ORDERS, nouns):
            yield Description(colour=with_colour, shape=with_shape, order=order)
        for motion, (with_colour, with_shape) in product((motion_of(scene, obj), MOVES), nouns):
            yield Description(colour=with_colour, shape=with_shape, motion=motion)


def _choose(rng: np.random.Generator, choices: list[_Choice], weights: list[float]) -> _Choice:
    return choices[int(rng.choice(len(choices), p=np.array(weights) / sum(weights)))]
