"""What is in a store: counts, words, sizes of masks and how often objects are out of sight.

Rows are read in batches; what stays in memory is four bytes per mask, the vocabulary, and a few numbers
per video.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from rvosbench.store import ReleaseProblem, Store
from rvosbench.store_tools.parts import batches
from rvosbench.types import VOID

_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
_QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextFacts:
    """About the expressions of a split. A word is a run of letters and digits, in lower case."""

    hidden: int  # expressions whose objects are not public
    no_target: int  # expressions that mean nothing in the video
    several_objects: int
    words_min: int
    words_median: float
    words_mean: float
    words_max: int
    vocabulary: int
    frequent: tuple[tuple[str, int], ...]  # the most frequent words and how often they occur


@dataclass(frozen=True, kw_only=True, slots=True)
class MaskFacts:
    """About the masks of a split, without void."""

    share_mean: float | None  # of the frame, in [0, 1]; None without masks
    share_10: float | None  # one mask in ten is smaller
    share_median: float | None
    share_90: float | None
    pairs: int  # objects times annotated frames, summed over the videos
    absent: int  # pairs without a mask, or with an empty one: the object is not visible
    never_visible: int  # objects without a mask in any annotated frame of a video that has some
    void_objects: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitInfo:
    """One split of a store."""

    counts: Mapping[str, int]  # rows of each table
    published: Mapping[str, int]  # what the release's card says, where it says something
    annotated_frames: int
    partly_annotated: Mapping[str, tuple[int, int]]  # videos that lack promised masks -> frames with, of all
    text: TextFacts
    masks: MaskFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemFacts:
    """What is wrong with the release, or could not be read of it."""

    skipped: int  # videos that are not in the store
    reported: int
    first: tuple[ReleaseProblem, ...]  # the skipped videos before the others


@dataclass(frozen=True, kw_only=True, slots=True)
class Info:
    """A store in numbers."""

    name: str
    title: str
    homepage: str
    licence: str
    citation: str
    fingerprint: str
    converter: str  # such as "rvosbench 0.1.0"
    packed: bool  # the store needs no release
    problems: ProblemFacts
    splits: Mapping[str, SplitInfo]


def describe(
    store: Store, *, splits: Sequence[str] | None = None, frequent: int = 12, problems: int = 5
) -> Info:
    """Read a store's columns once and count.

    Args:
        store: the store.
        splits: only these; all by default.
        frequent: how many of the most frequent words to keep.
        problems: how many of the problems to keep.

    Raises:
        UnknownNameError: no such split.
    """
    chosen = list(store.splits if splits is None else map(store.only_split, splits))
    card = _mapping(store.manifest.get("card"))
    converter = _mapping(store.manifest.get("converter"))
    published = _mapping(card.get("counts"))
    return Info(
        name=store.name,
        **{key: str(card.get(key, "unknown")) for key in ("title", "homepage", "licence", "citation")},
        fingerprint=store.fingerprint,
        converter=f"{converter.get('name', 'unknown')} {converter.get('version', '')}".strip(),
        packed=store.manifest["release"].get("packed") is True,
        problems=_problem_facts(store, problems),
        splits={split: _split(store, split, _mapping(published.get(split)), frequent) for split in chosen},
    )


def as_json(info: Info) -> dict[str, Any]:
    """Plain JSON types."""
    return {"schema_version": 1} | asdict(info)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _problem_facts(store: Store, most: int) -> ProblemFacts:
    every = [ReleaseProblem(**row) for row in store.problems().to_pylist()]
    skipped = [problem for problem in every if problem.kind == "skipped"]
    others = [problem for problem in every if problem.kind != "skipped"]
    return ProblemFacts(skipped=len(skipped), reported=len(others), first=tuple([*skipped, *others][:most]))


def _split(store: Store, split: str, published: Mapping[str, int], frequent: int) -> SplitInfo:
    annotated: Counter[str] = Counter()
    for batch in batches(store, "frames", split, ["video_id", "annotated"]):
        ids = batch.column("video_id").filter(batch.column("annotated"))
        annotated.update(ids.to_pylist())
    return SplitInfo(
        counts=store.splits[split],
        published=published,
        annotated_frames=annotated.total(),
        partly_annotated=store.partly_annotated(split),
        text=_text_facts(store, split, frequent),
        masks=_mask_facts(store, split, annotated),
    )


@dataclass
class WordCounter:
    """Expression lengths and words, expression by expression."""

    lengths: Counter[int] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Count one expression."""
        words = _WORD.findall(text.lower())
        self.lengths[len(words)] += 1
        self.words.update(words)

    def median(self) -> float:
        """Words of the expression in the middle; the mean of the two for an even number, 0 for none."""
        if not self.lengths:
            return 0.0
        lengths = sorted(self.lengths)
        ends = np.cumsum([self.lengths[length] for length in lengths])
        middles = ((int(ends[-1]) - 1) // 2, int(ends[-1]) // 2)
        return sum(lengths[int(np.searchsorted(ends, rank, "right"))] for rank in middles) / 2


def _text_facts(store: Store, split: str, frequent: int) -> TextFacts:
    counter = WordCounter()
    hidden = no_target = several = 0
    for batch in batches(store, "expressions", split, ["text", "object_ids"]):
        for text, object_ids in zip(
            batch.column("text").to_pylist(), batch.column("object_ids").to_pylist(), strict=True
        ):
            counter.add(text)
            hidden += object_ids is None
            no_target += object_ids == []
            several += len(object_ids or ()) > 1
    expressions = counter.lengths.total()
    return TextFacts(
        hidden=hidden,
        no_target=no_target,
        several_objects=several,
        words_min=min(counter.lengths, default=0),
        words_median=counter.median(),
        words_mean=counter.words.total() / expressions if expressions else 0.0,
        words_max=max(counter.lengths, default=0),
        vocabulary=len(counter.words),
        # By count, then by the alphabet, so that equal stores have equal lists.
        frequent=tuple(sorted(counter.words.items(), key=lambda item: (-item[1], item[0]))[:frequent]),
    )


def _mask_facts(store: Store, split: str, annotated: Mapping[str, int]) -> MaskFacts:
    pixels: dict[str, int] = {}
    for batch in batches(store, "videos", split, ["video_id", "height", "width"]):
        for video_id, height, width in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            pixels[video_id] = height * width
    void: set[tuple[str, int]] = set()
    pairs = objects = 0
    for batch in batches(store, "objects", split, ["video_id", "object_id", "category"]):
        for video_id, object_id, category in zip(
            *(column.to_pylist() for column in batch.columns), strict=True
        ):
            if category == VOID:
                void.add((video_id, object_id))
            else:
                pairs += annotated.get(video_id, 0)
                objects += video_id in annotated
    shares = array("f")
    seen, last = 0, None
    for batch in batches(store, "masks", split, ["video_id", "object_id", "area"]):
        for video_id, object_id, area in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            key = (video_id, object_id)
            if area == 0 or key in void:
                continue
            shares.append(area / pixels[video_id])
            seen += key != last  # rows are sorted by video and object
            last = key
    values = np.asarray(shares, np.float32)
    quantiles = np.quantile(values, _QUANTILES).tolist() if len(values) else [None] * len(_QUANTILES)
    return MaskFacts(
        share_mean=float(values.mean(dtype=np.float64)) if len(values) else None,
        share_10=quantiles[0],
        share_median=quantiles[1],
        share_90=quantiles[2],
        pairs=pairs,
        absent=pairs - len(values),
        never_visible=objects - seen,
        void_objects=len(void),
    )
