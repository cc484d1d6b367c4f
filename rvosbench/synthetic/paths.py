"""How an object moves: offsets over time, before anybody knows where in the picture it starts.

Time `u` runs from 0 at the first frame of an object to 1 at its last; offsets are (T, 2) px, x then y
(y grows downwards), and the first one is (0, 0).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

DIRECTIONS: Final = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0)}

MOTIONS: Final = (
    "still",
    "loop",
    *DIRECTIONS,
    *(f"{direction}-stop" for direction in DIRECTIONS),
    *(f"{direction}-back" for direction in DIRECTIONS),
)
"""Everything an object can do. `-stop`: it moves, then rests; `-back`: it returns to where it was."""

REVOLUTIONS: Final = 1.5
"""Of a loop. Not a whole number: seen at the start, middle and end it must not look like a return."""

_STOP_TIME: Final = 0.45


def offsets(motion: str, u: NDArray[np.float64], reach: float, phase: float) -> NDArray[np.float64]:
    """Where an object is, relative to where it started.

    Args:
        motion: one of `MOTIONS`.
        u: (T,) time in [0, 1].
        reach: px from one end of the path to the other; the diameter of a loop.
        phase: angle in radians at which a loop begins; loops all turn the same way.

    Returns:
        (T, 2) px.
    """
    if motion == "still":
        return np.zeros((len(u), 2))
    if motion == "loop":
        angle = phase + 2 * np.pi * REVOLUTIONS * u
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1) * reach / 2
        return np.asarray(circle - circle[:1])
    direction, _, ending = motion.partition("-")
    progress = {"": u, "stop": np.minimum(u / _STOP_TIME, 1.0), "back": 1 - np.abs(2 * u - 1)}[ending]
    return np.asarray(progress[:, None] * np.array(DIRECTIONS[direction]) * reach)
