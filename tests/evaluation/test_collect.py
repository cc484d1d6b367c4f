"""Rows of a video depend on that video alone, so a split may be scored in parts."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from rvosbench.evaluation.arrays import Arrays
from rvosbench.evaluation.collect import Task, joined, score_videos
from rvosbench.evaluation.compute import metric_values
from rvosbench.plugins.registry import METRICS, PROTOCOLS
from rvosbench.types import Segmentation
from tests.reporting.runs import store_of_annotators, store_of_pairs, truth


def drawn(video):
    """Two candidates for every expression, some of them right; a function of the video alone."""
    rng = np.random.default_rng(sum(video.video_id.encode()))
    answers = {}
    for expression in video.expressions:
        right = np.stack([truth(video, expression.expression_id, n) for n in range(len(video.frames))])
        masks = np.stack([np.roll(right, int(rng.integers(0, 5)), axis=2) for _ in range(2)])
        answers[expression.expression_id] = Segmentation(masks=masks, scores=rng.random(2).astype(np.float32))
    return answers


@pytest.mark.parametrize("protocol", ["ytvos", "a2d", "davis-official"])
def test_parts_joined_are_the_whole(tmp_path, protocol):
    make = store_of_annotators if protocol == "davis-official" else store_of_pairs
    store, rules = make(tmp_path / "store"), PROTOCOLS[protocol]
    ids = store.video_ids("train")
    ranks = "mAP" in rules.metrics
    task = Task(store=store, split="train", source=Arrays(drawn, ids), rules=rules, ranks=ranks)
    whole = score_videos(task, ids)
    parts = joined([score_videos(task, ids[:1]), score_videos(task, ids[1:])])
    assert parts.frames == whole.frames and parts.expressions == whole.expressions
    assert (parts.annotators, parts.sample_ids) == (whole.annotators, whole.sample_ids)
    metrics = {name: METRICS[name] for name in rules.metrics}
    one, other = (
        metric_values(metrics, scored.table, rules, annotators=scored.annotators, seed=0)
        for scored in (whole, parts)
    )
    assert one == other and list(one) == list(rules.metrics)


@pytest.mark.parametrize("block", [1, 2, 3])
def test_rows_gathered_in_blocks_are_the_same_rows(tmp_path, monkeypatch, block):
    store, rules = store_of_pairs(tmp_path / "store"), PROTOCOLS["a2d"]
    ids = store.video_ids("train")
    task = Task(store=store, split="train", source=Arrays(drawn, ids), rules=rules, ranks=True)
    whole = score_videos(task, ids)
    monkeypatch.setattr("rvosbench.evaluation.collect._BLOCK", block)
    blocks = score_videos(task, ids)
    assert blocks.frames == whole.frames and blocks.expressions == whole.expressions
    assert (blocks.annotators, blocks.sample_ids) == (whole.annotators, whole.sample_ids)
    for one, other in zip(astuple(blocks.matches), astuple(whole.matches), strict=True):
        assert (one == other).all()


def test_nothing_asked_is_no_row(tmp_path):
    store = store_of_pairs(tmp_path / "store")
    everything = frozenset(f"a/{number}" for number in range(4))
    task = Task(
        store=store,
        split="train",
        source=Arrays(drawn, ["a"]),
        rules=PROTOCOLS["ytvos"],
        left_out=everything,
    )
    scored = score_videos(task, ["a"])
    assert (scored.frames.num_rows, scored.annotators, scored.matches) == (0, (), None)
