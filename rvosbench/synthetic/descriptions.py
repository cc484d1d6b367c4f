"""What an expression says, without its words, and of which objects of a scene that is true.

Every part of a description is judged by the geometry of the clip (centres, radii, depth, presence) with
three answers: yes, no, and too close to call. An expression is fit for use when it is a clear yes for one
object and a clear no for all others, so that nobody could argue about the ground truth.

Lengths are px of a 96x128 frame (`Scene.unit` scales them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvosbench.synthetic.paths import DIRECTIONS
from rvosbench.synthetic.scenes import OUTER_RADIUS, Scene, SceneObject

MOVES: Final = "moves"
"""The motion of everything that does not stay still."""

SUPERLATIVE_SIZES: Final = ("smallest", "largest")
SIDES: Final = ("left", "right", "top", "bottom")
WHENS: Final = ("throughout", "start", "end")
ORDERS: Final = ("last-in", "first-out", "late", "gone")
RELATIONS: Final = (
    "left-of",
    "right-of",
    "above",
    "below",
    "behind",
    "in-front",
    "passes-behind",
    "passes-before",
)

_MOVED: Final = 18.0  # at least so far, to count as a movement
_RESTED: Final = 1.5  # at most so far, to count as rest
_APART: Final = 11.0  # between two centres, to say which is farther left
_LARGER: Final = 1.2  # ratio of radii
_LATER: Final = 0.15  # of the clip


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """The meaning of an expression: all its parts hold at once; None says nothing."""

    colour: str | None = None
    shape: str | None = None
    size: str | None = None  # "small", "large" or one of SUPERLATIVE_SIZES
    position: tuple[str, str] | None = None  # (side, when): the farthest one on that side
    motion: str | None = None  # one of paths.MOTIONS, or MOVES
    order: str | None = None
    relation: tuple[str, Description] | None = None  # (name, the landmark)


def refers(scene: Scene, description: Description) -> tuple[int, ...]:
    """The object ids that the description is clearly true of, ascending."""
    return tuple(obj.object_id for obj in scene.objects if holds(scene, obj, description) is True)


def may_refer(scene: Scene, description: Description) -> tuple[int, ...]:
    """The object ids that the description is not clearly false of: `refers` and the doubtful ones."""
    return tuple(obj.object_id for obj in scene.objects if holds(scene, obj, description) is not False)


def identifies(scene: Scene, description: Description) -> int | None:
    """The one object that the description means beyond doubt, or None."""
    meant = None
    for obj in scene.objects:
        answer = holds(scene, obj, description)
        if answer is None or (answer and meant is not None):
            return None
        if answer:
            meant = obj.object_id
    return meant


def holds(scene: Scene, obj: SceneObject, description: Description) -> bool | None:
    """Whether the description is true of an object: True, False, or None for too close to call."""
    if not _noun_fits(obj, description):
        return False
    return _all(_answers(scene, obj, description))


def _answers(scene: Scene, obj: SceneObject, description: Description) -> Iterator[bool | None]:
    """One answer for every part of a description but the noun."""
    rivals = _rivals(scene, description)
    if description.size in SUPERLATIVE_SIZES:
        yield _is_extreme_size(obj, rivals, description.size)
    if description.position is not None:
        yield _is_farthest(scene, obj, rivals, *description.position)
    if description.motion is not None:
        yield _moves_like(scene, obj, description.motion)
    if description.order is not None:
        yield _comes_or_goes(scene, obj, rivals, description.order)
    if description.relation is not None:
        yield _stands_to(scene, obj, *description.relation)


def _noun_fits(obj: SceneObject, description: Description) -> bool:
    size = None if description.size in SUPERLATIVE_SIZES else description.size
    return (
        description.colour in (None, obj.colour)
        and description.shape in (None, obj.shape)
        and size in (None, obj.size)
    )


def _rivals(scene: Scene, description: Description) -> list[SceneObject]:
    """Whom a superlative compares with: "the leftmost circle" the circles, if there are several, else all."""
    named = [obj for obj in scene.objects if _noun_fits(obj, description)]
    return named if len(named) > 1 else list(scene.objects)


def _all(answers: Iterator[bool | None]) -> bool | None:
    """Conjunction: one clear no decides, then one doubt."""
    doubt = False
    for answer in answers:
        if answer is False:
            return False
        doubt |= answer is None
    return None if doubt else True


def _first(value: float, others: list[float], margin: float) -> bool | None:
    """Whether `value` is the greatest, by a margin."""
    lead = value - max(others, default=-np.inf)
    return True if lead >= margin else False if lead <= 0 else None


def _is_extreme_size(obj: SceneObject, rivals: list[SceneObject], size: str) -> bool | None:
    sign = 1 if size == "largest" else -1
    others = [sign * float(np.log(rival.radius)) for rival in rivals if rival is not obj]
    return _first(sign * float(np.log(obj.radius)), others, float(np.log(_LARGER)))


def _is_farthest(
    scene: Scene, obj: SceneObject, rivals: list[SceneObject], side: str, when: str
) -> bool | None:
    """Whether an object is farthest on a side in every frame of a time, by its centre and by its edge."""
    span = max(1, scene.frames // 4)
    frames = {"throughout": slice(None), "start": slice(span), "end": slice(-span, None)}[when]
    axis = 0 if side in ("left", "right") else 1
    sign = 1 if side in ("right", "bottom") else -1
    others = [rival for rival in rivals if rival is not obj]
    # (N, t): how much farther than each other object; an object that is not there is no rival.
    absent = ~np.stack([other.present[frames] for other in others])
    if absent.all(axis=0).mean() > 0.5:
        return None  # "the leftmost" of one is true, and says nothing
    ahead = np.stack([sign * (obj.centres - other.centres)[frames, axis] for other in others])
    by_centre = np.where(absent, np.inf, ahead).min(axis=0)
    shorter = np.array([[other.radius - obj.radius] for other in others])
    by_edge = np.where(absent, np.inf, ahead - shorter).min(axis=0)
    there = obj.present[frames]
    if (there & (by_centre >= _APART * scene.unit) & (by_edge >= 2 * scene.unit)).all():
        return True
    # First in some frames and not in others is neither true nor false of the clip.
    return None if (there & (by_centre > 0)).any() else False


def motion_of(scene: Scene, obj: SceneObject) -> str | None:
    """What an object is seen to do: one of `paths.MOTIONS`, None when that cannot be said clearly."""
    path = obj.centres[obj.present] / scene.unit
    extent = np.ptp(path, axis=0)
    if extent.max() <= _RESTED:
        return "still"
    if len(path) < 4:
        return None
    if extent.min() >= 0.8 * _MOVED:
        steps = np.diff(path, axis=0)
        heading = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
        return "loop" if abs(heading[-1] - heading[0]) > 2 * np.pi else None
    axis = int(extent.argmax())
    if extent[axis] < _MOVED or extent[1 - axis] > _RESTED:
        return None
    return _straight(path[:, axis] - path[0, axis], axis)


def _straight(along: NDArray[np.float64], axis: int) -> str | None:
    """The motion on one axis: onwards, onwards and then rest, or there and back."""
    farthest = float(along[np.abs(along).argmax()])
    name = {(0, False): "left", (0, True): "right", (1, False): "up", (1, True): "down"}[axis, farthest > 0]
    progress = along / farthest  # 0 at the start, 1 at the farthest point
    steps = np.diff(progress)
    last = max(2, len(along) // 3)
    if progress[-1] > 0.99 and (steps >= -0.01).all():
        if abs(progress[-1] - progress[-last - 1]) < 0.02:
            return f"{name}-stop"
        # As fast at the end as in the middle: nobody could say that it stopped.
        return name if steps[-1] > 0.5 * steps.mean() else None
    turn = int(progress.argmax())
    went_back = (steps[:turn] >= -0.01).all() and (steps[turn:] <= 0.01).all()
    return f"{name}-back" if progress[-1] < 0.15 and went_back else None


def _moves_like(scene: Scene, obj: SceneObject, motion: str) -> bool | None:
    seen = motion_of(scene, obj)
    if motion == MOVES:
        return None if seen is None else seen != "still"
    if seen is None or seen == motion:
        return None if seen is None else True
    # What moves left and then stops did move left; a loop leads everywhere: doubtful, not false.
    plain = motion in DIRECTIONS
    same_axis = {"left", "right"} if motion in ("left", "right") else {"up", "down"}
    if plain and (seen == "loop" or ("-" in seen and seen.partition("-")[0] in same_axis)):
        return None
    return False


def _comes_or_goes(scene: Scene, obj: SceneObject, rivals: list[SceneObject], order: str) -> bool | None:
    """Whether an object appears last, disappears first, is missing at the start or at the end."""
    first, last = _first_and_last(obj)
    if order == "late":
        return True if first >= _LATER * scene.frames else False if first == 0 else None
    if order == "gone":
        absent = scene.frames - 1 - last
        return True if absent >= _LATER * scene.frames else False if absent == 0 else None
    others = [_first_and_last(rival) for rival in rivals if rival is not obj]
    margin = max(1.0, _LATER * scene.frames)
    if order == "last-in":
        return _first(first, [other_first for other_first, _ in others], margin)
    return _first(-last, [-other_last for _, other_last in others], margin)


def _first_and_last(obj: SceneObject) -> tuple[int, int]:
    seen = np.flatnonzero(obj.present)
    return int(seen[0]), int(seen[-1])


def _stands_to(scene: Scene, obj: SceneObject, relation: str, landmark: Description) -> bool | None:
    """Whether an object stands to the landmark as said, in all frames that show both."""
    mark_id = identifies(scene, landmark)
    if mark_id is None or mark_id == obj.object_id:
        return False if mark_id is not None else None
    mark = next(other for other in scene.objects if other.object_id == mark_id)
    together = obj.present & mark.present
    if together.sum() < 0.5 * scene.frames:
        return None
    away = (obj.centres[together] - mark.centres[together]) / scene.unit  # (t, 2) from mark to object
    if relation in _SIDE_OF:
        return _is_beside(away, *_SIDE_OF[relation])
    return _overlaps(scene, obj, mark, away, relation)


_SIDE_OF: Final = {"left-of": (0, -1), "right-of": (0, 1), "above": (1, -1), "below": (1, 1)}


def _is_beside(away: NDArray[np.float64], axis: int, sign: int) -> bool | None:
    """Whether one object keeps to one side of another, and that more than it keeps to another side."""
    along, across = sign * away[:, axis], np.abs(away[:, 1 - axis])
    if (along >= _APART).all() and (along >= 0.8 * across).all():
        return True
    return False if (along <= 0).all() else None


def _overlaps(
    scene: Scene, obj: SceneObject, mark: SceneObject, away: NDArray[np.float64], relation: str
) -> bool | None:
    """Whether an object is behind or in front of another; `passes-`: for a time, while it moves."""
    distance = np.hypot(away[:, 0], away[:, 1]) * scene.unit
    reach = obj.radius * OUTER_RADIUS[obj.shape] + mark.radius * OUTER_RADIUS[mark.shape]
    if (distance > reach).all():
        return False
    # So near that shapes of any outline cover each other.
    covered = distance < 0.65 * (obj.radius + mark.radius)
    if covered.mean() < 0.15:
        return None
    if (obj.depth < mark.depth) != relation.endswith("behind"):
        return False
    if not relation.startswith("passes"):
        return True
    return True if motion_of(scene, obj) not in (None, "still") and not covered.all() else None
