"""Scores of a slice that nobody foresaw: expressions by their length, and by whether they name a motion.

Prints J&F of every slice of a run with its 95 % interval over videos, best first, and then the three
worst expressions as a data frame.
"""

import tempfile
from pathlib import Path

import rvosbench as rv
from rvosbench import synthetic
from rvosbench.analysis.slices import by_slice

MOVES = {"moves", "moving", "slides", "goes", "turns", "bounces", "passes"}


def length(row):
    """The slice of an expression, from its row; None would leave it out."""
    words = len(row["text"].split())
    return "short" if words <= 3 else "medium" if words <= 6 else "long"


def motion(row):
    return "names a motion" if MOVES & set(row["text"].split()) else "names none"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        synthetic.write("ytvos", folder / "release", videos=8, seed=0, frames=4, size=(48, 64))
        rv.prepare("ytvos", folder / "release", folder / "store")
        rv.predict("centre", folder / "store", split="train", out=folder / "run")
        rv.evaluate(folder / "run")

        run = rv.open_run(folder / "run")
        for kind_of in (length, motion):
            for part in by_slice(run.expressions(), kind_of):
                print(
                    f"{part.kind:15} J&F {100 * part.mean:5.1f} [{100 * part.low:.1f}, {100 * part.high:.1f}]"
                    f"  {part.n} expressions in {part.n_videos} videos"
                )

        worst = run.to_pandas().nsmallest(3, "j_and_f")
        print(worst[["video_id", "text", "j_and_f"]].to_string(index=False))


if __name__ == "__main__":
    main()
