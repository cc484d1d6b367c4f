"""A model in a script of its own: registered, asked, scored and ranked beside the floors.

Prints a leaderboard of three runs on synthetic videos, each value with its 95 % interval, and the
difference between the model and the centre floor, with its p value.
"""

import tempfile
from pathlib import Path

import numpy as np

import rvosbench as rv
from rvosbench import synthetic

COLOURS = {"red": (220, 40, 40), "green": (40, 170, 60), "blue": (50, 90, 220), "yellow": (240, 220, 50)}


class ColourWords:
    """Marks the pixels that have the colour which the expression names."""

    def segment(self, clip, expressions, candidates=1):
        frames = clip.frames[list(clip.wanted)].astype(int)  # (K, H, W, 3), those to answer for
        return [self.answer(frames, text) for text in expressions]

    def answer(self, frames, text):
        mask = np.zeros(frames.shape[:3], bool)
        for word, colour in COLOURS.items():
            if word in text.split():
                mask |= np.abs(frames - colour).sum(axis=-1) < 90
        return rv.Segmentation(masks=mask[None], scores=np.ones(1, np.float32))


def main() -> None:
    spec = rv.ModelSpec(summary="pixels of the named colour", load=lambda checkpoint, request: ColourWords())
    with tempfile.TemporaryDirectory() as name, rv.MODELS.register("named-colour", spec):
        folder = Path(name)
        synthetic.write("ytvos", folder / "release", videos=8, seed=1, frames=4, size=(48, 64))
        rv.prepare("ytvos", folder / "release", folder / "store")
        runs = []
        for model in ("named-colour", "centre", "everything"):
            run = rv.predict(model, folder / "store", split="train", out=folder / model)
            rv.evaluate(run)
            runs.append(run)
        print(rv.leaderboard(runs))
        print(rv.compare(runs[1], runs[0]))


if __name__ == "__main__":
    main()
