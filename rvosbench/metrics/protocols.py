"""Named protocols: what is averaged over what. Numbers under two protocols are not comparable.

Every score carries its protocol. One is listed here only when `rvosbench.evaluate` carries it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rvosbench.errors import UnknownNameError
from rvosbench.plugins.registry import unknown

ANNOTATORS = ("anno_0", "anno_1", "anno_2", "anno_3")
"""What the four annotators of Ref-DAVIS17 are called where their sentences are merged."""

_SAMPLE_METRICS = ("oIoU", "mIoU", "P@0.5", "P@0.6", "P@0.7", "P@0.8", "P@0.9")
_DAVIS_METRICS = ("J&F", "J", "F", "J recall", "J decay", "F recall", "F decay")


@dataclass(frozen=True, kw_only=True, slots=True)
class Protocol:
    """How predictions become numbers."""

    name: str
    title: str
    explanation: str  # two lines of at most 59 characters: `rvos list protocols` fits 80 columns
    unit: Literal["expression", "object", "frame sample"]  # what the mean is taken over
    metrics: tuple[str, ...]
    main_metric: str  # what a leaderboard ranks by
    frames: Literal["all", "inner"] = "all"  # of the annotated frames; "inner": without first and last
    absent: Literal["empty is right", "no sample"] = "empty is right"
    """Annotated frames without the object: an empty prediction scores 1 there, or they do not count."""
    candidates: Literal["best", "all"] = "best"
    matching: Literal["none", "hungarian"] = "none"
    """Label n answers for object n, or in every video the labels are dealt out so that J&F is highest."""
    annotators: Literal["each", "mean"] = "each"
    """A sentence is answered alone, or the sentences of an annotator share the pixels of a frame, so that
    none belongs to two, and the mean is taken over the annotators."""
    void: bool = False  # pixels marked as void count for nothing
    unverified: str | None = None  # what could not be compared with the official evaluator

    @property
    def answers(self) -> Literal["expression", "object", "annotator"]:
        """What a prediction answers: a sentence, a labelled object, or all that an annotator describes."""
        if self.annotators == "mean":
            return "annotator"
        return "object" if self.unit == "object" else "expression"


_BUILT_IN = (
    Protocol(
        name="ytvos",
        title="Refer-YouTube-VOS",
        explanation="J&F of each sentence's mask: mean over frames, sentences.\n"
        "Object absent: 1 if nothing is predicted there, else 0.",
        unit="expression",
        metrics=("J&F", "J", "F"),
        main_metric="J&F",
        unverified="The public server's code was never published; that it treats absent objects and the "
        "first and last frame like this is unverified.",
    ),
    Protocol(
        name="mevis",
        title="MeViS",
        explanation="J&F of each sentence against the union of its objects.\n"
        "No target, or absent: 1 if nothing is predicted, else 0.",
        unit="expression",
        metrics=("J&F", "J", "F"),
        main_metric="J&F",
        unverified="The public server is assumed to run the published evaluation code.",
    ),
    Protocol(
        name="davis-expressions",
        title="Ref-DAVIS17, every sentence",
        explanation="J&F of each sentence's mask; all frames, without void.\n"
        "No merging or matching: the wrong object costs the score.",
        unit="expression",
        metrics=_DAVIS_METRICS,
        main_metric="J&F",
        void=True,
    ),
    Protocol(
        name="davis-official",
        title="Ref-DAVIS17, merged and matched",
        explanation="J&F of objects after merging an annotator's sentences and\n"
        "Hungarian matching per video; mean of the 4 annotators.",
        unit="object",
        metrics=_DAVIS_METRICS,
        main_metric="J&F",
        matching="hungarian",
        annotators="mean",
        void=True,
        unverified="Published numbers merge soft masks, pixel by pixel. A run holds one binary mask per "
        "sentence and frame: a pixel that several sentences of an annotator claim goes to the one with the "
        "highest score in that frame, of equal ones to the lowest object. Where masks overlap, numbers can "
        "differ from soft merging. Label maps in anno_0 to anno_3 are scored as they are, as published.",
    ),
    Protocol(
        name="davis-objects",
        title="DAVIS 2017, objects",
        explanation="J&F of each object's label; all frames, without void.\n"
        "No sentences: takes palette PNGs per sequence.",
        unit="object",
        metrics=_DAVIS_METRICS,
        main_metric="J&F",
        void=True,
    ),
    Protocol(
        name="davis-semi",
        title="DAVIS 2017, semi-supervised",
        explanation="As davis-objects, but without the first and last frame;\n"
        "void is background: the semi-supervised task of DAVIS.",
        unit="object",
        metrics=_DAVIS_METRICS,
        main_metric="J&F",
        frames="inner",
    ),
    Protocol(
        name="a2d",
        title="A2D-Sentences",
        explanation="mAP of all candidates; P@K and IoU of the best-scored one.\n"
        "A sample: a sentence, an annotated frame with its object.",
        unit="frame sample",
        metrics=("mAP", *_SAMPLE_METRICS),
        main_metric="mAP",
        absent="no sample",
        candidates="all",
    ),
    Protocol(
        name="a2d-top1",
        title="A2D-Sentences, one answer",
        explanation="As a2d, but mAP too takes the best-scored candidate alone.\n"
        "Not comparable: all candidates add about three points.",
        unit="frame sample",
        metrics=("mAP", *_SAMPLE_METRICS),
        main_metric="mAP",
        absent="no sample",
    ),
    Protocol(
        name="jhmdb",
        title="JHMDB-Sentences",
        explanation="mAP of all candidates; P@K and IoU of the best-scored one.\n"
        "A sample: a sentence in an annotated frame of its clip.",
        unit="frame sample",
        metrics=("mAP", *_SAMPLE_METRICS),
        main_metric="mAP",
        candidates="all",
    ),
    Protocol(
        name="refcoco",
        title="RefCOCO, RefCOCO+, RefCOCOg",
        explanation="oIoU (= cIoU), mIoU (= gIoU), P@K of the best-scored mask.\n"
        "No target: IoU is 1 if nothing is predicted, else 0.",
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
