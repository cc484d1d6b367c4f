"""How often the intervals of scores hold the number that they are about: percentiles, and BCa for comparison.

Run: OMP_NUM_THREADS=1 python benchmarks/intervals.py
Prints a table in Markdown. Scores of videos are drawn from a distribution of known mean, the interval is
computed as `rvos evaluate` computes it, and it is counted how often the mean lies in it. BCa is
`scipy.stats.bootstrap` on the means of the videos. Takes about two minutes with --times 2000.
"""

from __future__ import annotations

import argparse
import platform
from datetime import date
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from rvosbench.analysis.bootstrap import interval

EXPRESSIONS = 4  # of a video


def drawn(videos: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """(videos, EXPRESSIONS) scores of mean 0.5, as J&F has them: mostly high or low, alike within a video."""
    difficulty = generator.beta(0.8, 0.8, (videos, 1))
    return generator.beta(4 * difficulty + 0.01, 4 * (1 - difficulty) + 0.01, (videos, EXPRESSIONS))


def coverage(videos: int, times: int, seed: int) -> tuple[float, float]:
    """The share of intervals that hold 0.5: of percentiles, and of BCa."""
    generator = np.random.default_rng(seed)
    owners = [video for video in range(videos) for _ in range(EXPRESSIONS)]
    held = np.zeros(2)
    for number in range(times):
        scores = drawn(videos, generator)
        low, high = interval(scores.ravel(), owners, number)
        other = bootstrap(
            (scores.mean(axis=1),), np.mean, n_resamples=2000, method="BCa", rng=np.random.default_rng(number)
        ).confidence_interval
        held += (low <= 0.5 <= high, other.low <= 0.5 <= other.high)
    percentiles, accelerated = (held / times).tolist()
    return percentiles, accelerated


def main() -> None:
    parser = argparse.ArgumentParser(description="Count how often intervals hold.")
    parser.add_argument("--times", type=int, default=2000, help="intervals for each number of videos")
    times = parser.parse_args().times
    print(
        f"{date.today()}, numpy {version('numpy')}, scipy {version('scipy')}, {platform.system()};", end=" "
    )
    print(f"{times:,} intervals of 95 % a row, {EXPRESSIONS} expressions a video")
    print("\n| videos | percentiles | BCa |\n|---|---|---|")
    for videos in (10, 30, 90, 200):
        percentiles, accelerated = coverage(videos, times, videos)
        print(f"| {videos} | {100 * percentiles:.1f} % | {100 * accelerated:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
