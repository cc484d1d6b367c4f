"""Named protocols: what is averaged over what. Numbers under two protocols are not comparable.

Every score carries its protocol. One is listed here only when `rvosbench.evaluate` carries it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rvosbench.errors import UnknownNameError
from rvosbench.registry import unknown

_SAMPLE_METRICS = ("oIoU", "mIoU", "P@0.5", "P@0.6", "P@0.7", "P@0.8", "P@0.9")
_DAVIS_METRICS = ("J&F", "J", "F", "J recall", "J decay", "F recall", "F decay")


@dataclass(frozen=True, kw_only=True, slots=True)
class Protocol:
    """How predictions become numbers."""

    name: str
    title: str
    explanation: str  # two lines, for `rvos list protocols`
    unit: Literal["expression", "object", "frame sample"]  # what the mean is taken over
    metrics: tuple[str, ...]
    main_metric: str  # what a leaderboard ranks by
    frames: Literal["all", "inner"] = "all"  # of the annotated frames; "inner": without first and last
    absent: Literal["empty is right", "no sample"] = "empty is right"
    """Annotated frames without the object: an empty prediction scores 1 there, or they do not count."""
    candidates: Literal["best", "all"] = "best"
    matching: Literal["none", "hungarian"] = "none"  # of predictions and objects, per video
    annotators: Literal["each", "mean"] = "each"  # sentences alone, or merged per annotator and averaged
    void: bool = False  # pixels marked as void count for nothing
    unverified: str | None = None  # what could not be compared with the official evaluator


_BUILT_IN = (
    Protocol(
        name="ytvos",
        title="Refer-YouTube-VOS",
        explanation="J&F of every sentence as a binary mask, mean over frames, then sentences.\n"
        "A frame without the object scores 1 if nothing is predicted there, else 0.",
        unit="expression",
        metrics=("J&F", "J", "F"),
        main_metric="J&F",
        unverified="The public server's code was never published; that it treats absent objects and the "
        "first and last frame like this is unverified.",
    ),
    Protocol(
        name="mevis",
        title="MeViS",
        explanation="J&F of every sentence against the union of its objects, all frames.\n"
        "Without target, or where it is absent: 1 if nothing is predicted, else 0.",
        unit="expression",
        metrics=("J&F", "J", "F"),
        main_metric="J&F",
        unverified="The public server is assumed to run the published evaluation code.",
    ),
    Protocol(
        name="davis-expressions",
        title="Ref-DAVIS17, every sentence",
        explanation="J&F of every sentence as a binary mask: all frames, void pixels left out.\n"
        "No merging, no matching: answering with the wrong object costs the score.",
        unit="expression",
        metrics=_DAVIS_METRICS,
        main_metric="J&F",
        void=True,
    ),
    Protocol(
        name="davis-objects",
        title="DAVIS 2017, objects",
        explanation="J&F of every object against its label: all frames, void pixels left out,\n"
        "mean over objects; no sentences. Takes palette PNGs per sequence.",
        unit="object",
        metrics=_DAVIS_METRICS,
        main_metric="J&F",
        void=True,
    ),
    Protocol(
        name="davis-semi",
        title="DAVIS 2017, semi-supervised",
        explanation="J&F of every object as in the semi-supervised task: without the first and\n"
        "last frame, void is background. Takes palette PNGs per sequence.",
        unit="object",
        metrics=_DAVIS_METRICS,
        main_metric="J&F",
        frames="inner",
    ),
    Protocol(
        name="a2d",
        title="A2D-Sentences",
        explanation="mAP over all candidates, as published; P@K and IoU of the best-scored one.\n"
        "A sample is a sentence in an annotated frame that shows its object.",
        unit="frame sample",
        metrics=("mAP", *_SAMPLE_METRICS),
        main_metric="mAP",
        absent="no sample",
        candidates="all",
    ),
    Protocol(
        name="a2d-top1",
        title="A2D-Sentences, one answer",
        explanation="As a2d, but only the best-scored candidate takes part, in mAP too. Published\n"
        "mAP is not comparable: all candidates raise it by about three points.",
        unit="frame sample",
        metrics=("mAP", *_SAMPLE_METRICS),
        main_metric="mAP",
        absent="no sample",
    ),
    Protocol(
        name="jhmdb",
        title="JHMDB-Sentences",
        explanation="mAP over all candidates, as published; P@K and IoU of the best-scored one.\n"
        "A sample is a sentence in an annotated frame of its clip.",
        unit="frame sample",
        metrics=("mAP", *_SAMPLE_METRICS),
        main_metric="mAP",
        absent="no sample",
        candidates="all",
    ),
    Protocol(
        name="refcoco",
        title="RefCOCO, RefCOCO+, RefCOCOg",
        explanation="oIoU (= cIoU), mIoU (= gIoU) and P@K of the best-scored mask per sentence.\n"
        "A sentence without target scores 1 if nothing is predicted, else 0.",
        unit="frame sample",
        metrics=_SAMPLE_METRICS,
        main_metric="oIoU",
        absent="no sample",
    ),
)

PROTOCOLS: Mapping[str, Protocol] = {protocol.name: protocol for protocol in _BUILT_IN}


def protocol_named(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        UnknownNameError: there is none; the message names the nearest.
    """
    if name not in PROTOCOLS:
        raise UnknownNameError(unknown("protocol", name, list(PROTOCOLS)))
    return PROTOCOLS[name]
