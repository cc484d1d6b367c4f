"""Whether label maps went through JPEG, or through a resize that mixes values.

Both leave values that no object has, scattered along the edges. Counting the values proves nothing: a video
of a crowd has forty objects. What genuine maps do not have is many pixels that none of their eight neighbours
agrees with. In the maps of DAVIS, YouTube-VOS and A2D there are at most two in a frame, also after they were
made eight times smaller by dropping pixels; JPEG leaves hundreds, one for every three to ten steps from one
label to the next.

What cannot be told: a map of one object with id 1 after JPEG is a map with frayed edges; ids next to each
other (1, 2, 3) after JPEG of a low quality, or after a resize that mixes them, turn into each other in whole
strips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvosbench.masks.label_runs import label_runs

_FEWEST_LABELS = (
    3  # a mask of one or two objects with frayed edges, such as of grass, is none of ours to judge
)
_MOST_LONE = 24  # pixels that agree with no neighbour, in all maps of a video
_MOST_SHARE = 0.02  # of them among the steps from one label to the next


class Noise:
    """What the label maps of one video look like, one after the other.

    Example:
        >>> noise = Noise()
        >>> noise.add(np.zeros((4, 4), np.uint8))
        >>> noise.fault() is None
        True
    """

    def __init__(self) -> None:
        self._labels: set[int] = set()
        self._lone = 0
        self._steps = 0

    def add(self, labels: NDArray[np.uint8]) -> None:
        """Look at the next (H, W) map."""
        runs = label_runs(labels)
        present = set(np.flatnonzero(np.bincount(runs.label)).tolist()) - {0}
        self._labels |= present
        self._steps += len(runs.start) - 1
        if len(present) > 1:
            # Down its column, a lone pixel is a run of its own.
            single = runs.start[(runs.stop - runs.start == 1) & (runs.label != 0)]
            self._lone += _lone(labels, single)

    def fault(self) -> str | None:
        """What is wrong with the maps, or None."""
        if len(self._labels) < _FEWEST_LABELS or self._lone < _MOST_LONE:
            return None
        if self._lone < _MOST_SHARE * self._steps:
            return None
        return (
            f"{len(self._labels)} values from {min(self._labels)} to {max(self._labels)}, and {self._lone} "
            "pixels that no pixel around them agrees with, as JPEG or a resize that mixes values leaves them"
        )


def _lone(labels: NDArray[np.uint8], pixels: NDArray[np.int64]) -> int:
    """How many of some pixels, counted down the columns, have another label than all eight around them."""
    height, width = labels.shape
    x, y = np.divmod(pixels, height)
    own = labels[y, x]
    alone = np.ones(len(pixels), np.bool_)
    for right in (-1, 0, 1):
        for down in (-1, 0, 1):
            if right or down:
                inside = (x + right >= 0) & (x + right < width) & (y + down >= 0) & (y + down < height)
                near = labels[(y + down).clip(0, height - 1), (x + right).clip(0, width - 1)]
                alone &= ~inside | (near != own)
    return int(np.count_nonzero(alone))
