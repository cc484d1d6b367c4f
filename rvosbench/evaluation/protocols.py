"""The built-in protocols: what is averaged over what. Numbers under two protocols are not comparable.

`rvosbench.plugins.registry.PROTOCOLS` finds them by name, together with those that packages bring.
"""

from __future__ import annotations

from rvosbench.plugins.protocol import Protocol

_SAMPLE_METRICS = ("oIoU", "mIoU", "P@0.5", "P@0.6", "P@0.7", "P@0.8", "P@0.9")
_RANKED_METRICS = ("mAP", "AP@0.5", "AP@0.75", *_SAMPLE_METRICS)
_BOX_METRICS = ("box P@0.5", "box P@0.6", "box P@0.7", "box P@0.8", "box P@0.9")
_DAVIS_METRICS = ("J&F", "J", "F", "J recall", "J decay", "F recall", "F decay")

YTVOS = Protocol(
    name="ytvos",
    title="Refer-YouTube-VOS",
    explanation="J&F of each expression's mask; mean over all expressions.\n"
    "Object absent: 1 if nothing is predicted there, else 0.",
    unit="expression",
    metrics=("J&F", "J", "F"),
    main_metric="J&F",
    datasets=("ytvos",),
    unverified="The public server's code was never published; that it treats absent objects and the "
    "first and last frame like this is unverified.",
)

MEVIS = Protocol(
    name="mevis",
    title="MeViS",
    explanation="J&F of each expression against the union of its objects.\n"
    "No target, or absent: 1 if nothing is predicted, else 0.",
    unit="expression",
    metrics=("J&F", "J", "F"),
    main_metric="J&F",
    datasets=("mevis",),
    unverified="The published evaluation code was run and gives the same numbers. The public server is "
    "assumed to run it too.",
)

DAVIS_EXPRESSIONS = Protocol(
    name="davis-expressions",
    title="Ref-DAVIS17, every expression",
    explanation="J&F of each expression's mask; all frames, without void.\n"
    "No merging or matching: the wrong object costs the score.",
    unit="expression",
    metrics=_DAVIS_METRICS,
    main_metric="J&F",
    datasets=("davis",),
    void=True,
)

DAVIS_PLAIN = Protocol(
    name="davis-plain",
    title="Ref-DAVIS17, plain mean",
    explanation="J&F of each expression, void is background, no matching:\n"
    "what VISA, Sa2VA and lmms-eval report for Ref-DAVIS17.",
    unit="expression",
    metrics=_DAVIS_METRICS,
    main_metric="J&F",
    datasets=("davis",),
)

DAVIS_OFFICIAL = Protocol(
    name="davis-official",
    title="Ref-DAVIS17, merged and matched",
    explanation="J&F of objects: an annotator's masks merged, then matched\n"
    "(Hungarian), mean of 4 annotators: as ReferFormer, SOC.",
    unit="object",
    metrics=_DAVIS_METRICS,
    main_metric="J&F",
    datasets=("davis",),
    matching="hungarian",
    annotators="mean",
    void=True,
    unverified="Published numbers merge soft masks, pixel by pixel. A run holds one binary mask per "
    "expression and frame: a pixel that several expressions of an annotator claim goes to the one with the "
    "highest score in that frame, of equal ones to the lowest object. Where masks overlap, numbers can "
    "differ from soft merging. Label maps in anno_0 to anno_3 are scored as they are, as published.",
)

DAVIS_OBJECTS = Protocol(
    name="davis-objects",
    title="DAVIS 2017, objects",
    explanation="J&F of each object's label; all frames, without void.\n"
    "No expressions: takes palette PNGs per sequence.",
    unit="object",
    metrics=_DAVIS_METRICS,
    main_metric="J&F",
    datasets=("davis",),
    void=True,
)

DAVIS_SEMI = Protocol(
    name="davis-semi",
    title="DAVIS 2017, semi-supervised",
    explanation="As davis-objects, but without the first and last frame;\n"
    "void is background: the semi-supervised task of DAVIS.",
    unit="object",
    metrics=_DAVIS_METRICS,
    main_metric="J&F",
    datasets=("davis",),
    frames="inner",
)

A2D = Protocol(
    name="a2d",
    title="A2D-Sentences",
    explanation="mAP of all candidates; P@K and IoU of the best-scored one.\n"
    "A sample: an expression and a frame that shows its object.",
    unit="frame sample",
    metrics=_RANKED_METRICS,
    main_metric="mAP",
    datasets=("a2d",),
    absent="no sample",
    candidates="all",
)

A2D_TOP1 = Protocol(
    name="a2d-top1",
    title="A2D-Sentences, one answer",
    explanation="As a2d, but mAP too takes the best-scored candidate alone.\n"
    "Not comparable: all candidates add about three points.",
    unit="frame sample",
    metrics=_RANKED_METRICS,
    main_metric="mAP",
    datasets=("a2d",),
    absent="no sample",
)

JHMDB = Protocol(
    name="jhmdb",
    title="JHMDB-Sentences",
    explanation="mAP of all candidates; P@K and IoU of the best-scored one.\n"
    "A sample: an expression in an annotated frame of its clip.",
    unit="frame sample",
    metrics=_RANKED_METRICS,
    main_metric="mAP",
    sample_ids="frame",
    datasets=("jhmdb",),
    candidates="all",
)

JHMDB_TOP1 = Protocol(
    name="jhmdb-top1",
    title="JHMDB-Sentences, one answer",
    explanation="As jhmdb, but mAP takes the best-scored candidate only.\n"
    "Not comparable with mAP over all candidates.",
    unit="frame sample",
    metrics=_RANKED_METRICS,
    main_metric="mAP",
    sample_ids="frame",
    datasets=("jhmdb",),
)

REFCOCO = Protocol(
    name="refcoco",
    title="RefCOCO, RefCOCO+, RefCOCOg",
    explanation="oIoU (= cIoU), mIoU (= gIoU), P@K of the best-scored mask.\n"
    "No target: IoU is 1 if nothing is predicted, else 0.",
    unit="frame sample",
    metrics=(*_SAMPLE_METRICS, *_BOX_METRICS),
    main_metric="oIoU",
    datasets=("refcoco", "refcoco+", "refcocog"),
    absent="no sample",
)
