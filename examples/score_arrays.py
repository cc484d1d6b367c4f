"""Scores masks that are numpy arrays; no file of predictions is written.

Draws a small release, prepares it, shifts every true mask by two pixels, and prints the scores of that
under the dataset's protocol: J&F, J and F in percent, each with its 95 % interval. Then J and F of a
single pair of masks.
"""

import tempfile
from pathlib import Path

import numpy as np

import rvosbench as rv
from rvosbench import masks, synthetic


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        release, out = Path(folder, "release"), Path(folder, "store")
        synthetic.write("ytvos", release, videos=4, seed=0, frames=4, size=(48, 64))
        rv.prepare("ytvos", release, out)
        store = rv.open_store(out)

        print(rv.evaluate(shifted, store, split="train"))

        video = next(iter(store))
        truth = next(iter(video.masks.values()))
        answer = masks.encode(np.roll(masks.decode(truth), 2, axis=1))
        j, f = rv.score_pairs([answer], [truth])
        print(f"one pair: J {j[0]:.3f}, F {f[0]:.3f}")


def shifted(video):
    """Expression id -> (T, H, W) bool for a video: the true masks, two pixels to the right.

    Your own model stands here. `rv.evaluate` calls this once per video, so that memory holds the masks of
    one; a dict from (video id, expression id) to masks does as well.
    """
    answers = {}
    for expression in video.expressions:
        answer = np.zeros((len(video.frames), video.height, video.width), bool)
        for (object_id, frame), mask in video.masks.items():
            if object_id in expression.object_ids:
                answer[frame] |= np.roll(masks.decode(mask), 2, axis=1)
        answers[expression.expression_id] = answer
    return answers


if __name__ == "__main__":
    main()
