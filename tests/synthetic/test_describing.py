"""Expressions of a scene: an independent reader, who measures pixels, finds the one object that it means."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rvosbench.synthetic.describing import describe
from rvosbench.synthetic.descriptions import identifies, may_refer, refers
from rvosbench.synthetic.language import KINDS, kind_of
from rvosbench.synthetic.render import render
from rvosbench.synthetic.scenes import COLOURS, SHAPES, Scene, generator, make_scene

RELATION = (
    r"to the left of|left of|on the left of|to the right of|right of|on the right of|"
    r"that is above|above|below|under|"
    r"that passes behind|passing behind|that is behind|behind|partly hidden by|"
    r"that passes in front of|passing in front of|that is in front of|in front of|partly covering"
)


class Reader:
    """Understands an expression by its words and a scene by the masks of its objects, drawn one at a time."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.labels = render(scene).labels
        self.masks = {
            obj.object_id: render(replace(scene, objects=(obj,))).labels > 0 for obj in scene.objects
        }
        self.looks = {obj.object_id: (obj.colour, obj.shape) for obj in scene.objects}
        self.seen = {i: mask.any(axis=(1, 2)) for i, mask in self.masks.items()}
        self.area = {i: mask.sum() / self.seen[i].sum() for i, mask in self.masks.items()}
        self.centre = {i: np.array([self._centre(frame) for frame in mask]) for i, mask in self.masks.items()}

    @staticmethod
    def _centre(mask):
        y, x = np.nonzero(mask)
        return (x.mean(), y.mean()) if len(x) else (np.nan, np.nan)

    def understand(self, text: str) -> set[int]:
        match = re.match(rf"(?:the|a|an)? ?(.*?) (?:{RELATION}) the (.*)$", text)
        head, mark = (match.group(1), match.group(2)) if match else (text, None)
        named = {i for i in self.looks if self._is_named(i, head)}
        rivals = named if len(named) > 1 else set(self.looks)
        if mark is not None:
            (landmark,) = (i for i in self.looks if self._is_named(i, mark))
            return {i for i in named - {landmark} if self._stands(i, landmark, text)}
        return {i for i in named if self._is_meant(i, rivals, text)}

    def _is_named(self, i: int, words: str) -> bool:
        said = set(words.split())
        colour, shape = self.looks[i]
        small = self.area[i] < 740  # px², half-way between the largest small and the smallest large object
        return (
            (not said & set(COLOURS) or colour in said)
            and (not said & set(SHAPES) or shape in said)
            and (not said & {"small", "little"} or small)
            and (not said & {"large", "big"} or not small)
        )

    def _is_meant(self, i: int, rivals: set[int], text: str) -> bool:
        first = {j: np.flatnonzero(self.seen[j])[0] for j in self.looks}
        last = {j: np.flatnonzero(self.seen[j])[-1] for j in self.looks}
        others = rivals - {i}
        if re.search("largest|biggest|smallest", text):
            sign = -1 if "smallest" in text else 1
            return all(sign * self.area[i] > sign * self.area[j] for j in others)
        if re.search("appears later|not there at the start", text):
            return bool(first[i] > 0)
        if re.search("before the end|gone at the end", text):
            return bool(last[i] < self.scene.frames - 1)
        if re.search(r"\bappears?\b|shows up", text):
            return all(first[i] > first[j] for j in others)
        if re.search("disappear|vanish", text):
            return all(last[i] < last[j] for j in others)
        if re.search("most|est", text):
            return self._is_farthest(i, others, text)
        return self._moves(i, text)

    def _is_farthest(self, i: int, others: set[int], text: str) -> bool:
        axis = 0 if re.search("left|right", text) else 1
        sign = 1 if re.search("right|lowest|bottom", text) else -1
        frames = range(self.scene.frames)
        if re.search("starts|at the start|at first", text):
            frames = frames[:1]
        elif re.search("ends up|at the end|in the end", text):
            frames = frames[-1:]
        return all(
            self.seen[i][t]
            and all(
                sign * self.centre[i][t, axis] > sign * self.centre[j][t, axis]
                for j in others
                if self.seen[j][t]
            )
            for t in frames
        )

    def _moves(self, i: int, text: str) -> bool:
        track = self.centre[i][self.seen[i]]
        extent = np.ptp(track, axis=0)
        if re.search("does not stay still", text):
            return bool(extent.max() > 2)
        if re.search("still|does not move", text):
            return bool(extent.max() < 2)
        if re.search("round|loop", text):
            return bool(extent.min() > 10)
        direction = re.search("left|right|up|down", text)
        if direction is None:
            return bool(extent.max() > 2) if re.search("mov", text) else True
        axis, sign = {"left": (0, -1), "right": (0, 1), "up": (1, -1), "down": (1, 1)}[direction.group()]
        along = sign * (track[:, axis] - track[0, axis])
        if extent[1 - axis] > 3 or along.max() < 12:
            return False
        rests = abs(along[-1] - along[-len(along) // 3]) < 1.5
        if re.search("back|returns", text):
            return bool(abs(along[-1]) < 6)
        if re.search("stop|stays there", text):
            return bool(rests and along[-1] > 12)
        return bool(not rests and along[-1] > 12)

    def _stands(self, i: int, mark: int, text: str) -> bool:
        both = self.seen[i] & self.seen[mark]
        if re.search("behind|hidden|front|covering", text):
            overlap = self.masks[i] & self.masks[mark]
            owner = i if re.search("front|covering", text) else mark
            meets = overlap.any() and (self.labels[overlap] == owner).sum() > 0
            return bool(
                meets and ("pass" not in text or np.ptp(self.centre[i][self.seen[i]], axis=0).max() > 2)
            )
        axis, sign = next(
            side
            for word, side in {
                "left": (0, -1),
                "right": (0, 1),
                "above": (1, -1),
                "below": (1, 1),
                "under": (1, 1),
            }.items()
            if word in text
        )
        away = sign * (self.centre[i][both] - self.centre[mark][both])[:, axis]
        return bool((away > 0).all())


def mirrored(scene: Scene) -> Scene:
    flipped = [
        replace(obj, angle=-obj.angle, centres=obj.centres * (-1, 1) + (scene.width - 1, 0))
        for obj in scene.objects
    ]
    return replace(scene, objects=tuple(flipped))


def swapped(text: str) -> str:
    return text.replace("left", "@").replace("right", "left").replace("@", "right")


@pytest.mark.parametrize("seed", range(8))
def test_a_reader_who_measures_pixels_finds_exactly_the_object_meant(seed):
    for index in range(8):
        scene = make_scene(seed, index)
        reader = Reader(scene)
        for expression in describe(scene, generator(seed, index, 1)):
            assert reader.understand(expression.text) == {expression.object_id}, (seed, index, expression)


def test_in_the_mirror_the_expression_with_left_and_right_swapped_means_the_same_object():
    checked = 0
    for index in range(25):
        scene = make_scene(21, index)
        expressions = [s for s in describe(scene, generator(21, index, 1)) if swapped(s.text) != s.text]
        if expressions:
            reader = Reader(mirrored(scene))
            for expression in expressions:
                assert reader.understand(swapped(expression.text)) == {expression.object_id}, expression
                checked += 1
    assert checked > 20


def test_expressions_of_images_hold_too():
    for index in range(15):
        scene = make_scene(4, index, frames=1)
        reader = Reader(scene)
        for expression in describe(scene, generator(4, index, 1)):
            assert expression.kind not in ("motion", "order")
            assert reader.understand(expression.text) == {expression.object_id}, expression


def test_every_object_gets_two_to_four_different_expressions_in_the_order_of_ids():
    for index in range(30):
        scene = make_scene(9, index)
        expressions = describe(scene, generator(9, index, 1))
        counts = Counter(expression.object_id for expression in expressions)
        assert set(counts) == {obj.object_id for obj in scene.objects}
        assert all(2 <= count <= 4 for count in counts.values())
        assert [s.object_id for s in expressions] == sorted(s.object_id for s in expressions)
        assert len({expression.text for expression in expressions}) == len(expressions)


def test_an_expression_is_certain_of_one_object_and_impossible_of_all_others():
    for index in range(30):
        scene = make_scene(12, index)
        for expression in describe(scene, generator(12, index, 1)):
            assert refers(scene, expression.description) == (expression.object_id,)
            assert may_refer(scene, expression.description) == (expression.object_id,)
            assert identifies(scene, expression.description) == expression.object_id
            assert kind_of(expression.text) == expression.kind


@pytest.mark.parametrize(("frames", "size"), [(2, (96, 128)), (5, (64, 64)), (30, (120, 160))])
def test_other_lengths_and_sizes_work_too(frames, size):
    for index in range(6):
        scene = make_scene(1, index, frames=frames, size=size)
        assert len(describe(scene, generator(1, index, 1))) >= 2 * len(scene.objects)


def test_all_kinds_occur_in_the_intended_shares_and_guessing_is_right_for_a_third():
    kinds: Counter[str] = Counter()
    guessed = 0.0
    for index in range(150):
        scene = make_scene(0, index)
        for expression in describe(scene, generator(0, index, 1)):
            kinds[expression.kind] += 1
            guessed += 1 / len(scene.objects)
    total = sum(kinds.values())
    assert set(kinds) == set(KINDS)
    attributes = sum(kinds[name] for name in ("colour", "shape", "size", "compound")) / total
    assert 0.58 < attributes < 0.75
    assert 0.07 < kinds["position"] / total < 0.16
    assert 0.08 < kinds["motion"] / total < 0.18
    assert 0.01 < kinds["order"] / total < 0.07
    assert 0.03 < kinds["relation"] / total < 0.1
    assert 0.27 < guessed / total < 0.38
