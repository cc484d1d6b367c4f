"""What a store calls its videos and what is asked about them: foreign keys are found here, or not at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property

from rvosbench.errors import ScoreError
from rvosbench.files.text import shown
from rvosbench.store import Store
from rvosbench.submission.files import Unit
from rvosbench.types import VOID

_SAMPLE_END = re.compile(r"_f_(\d+)(?:_i_(.+))?")


class Names:
    """The ids and texts of a store, or of one split."""

    def __init__(self, store: Store, split: str | None, unit: Unit) -> None:
        """Nothing is read before it is asked for.

        Args:
            store: with the ground truth.
            split: that is scored. None: any.
            unit: what is answered.
        """
        self._store = store
        self._splits = tuple(store.splits) if split is None else (split,)
        self._unit = unit
        self.shown = f"{store.name}/{split}" if split is not None else str(store.folder)

    @cached_property
    def asked(self) -> Mapping[str, Mapping[str, str]]:
        """Video -> id of what is asked about it -> its text: expressions, or objects with their category."""
        asked: dict[str, dict[str, str]] = {}
        for split in self._splits:
            for video_id in self._store.video_ids(split):
                asked.setdefault(video_id, {})
            if self._unit == "object":
                rows = self._store.table("objects", split, ["video_id", "object_id", "category"])
                for row in rows.to_pylist():
                    if row["category"] == VOID:
                        continue
                    asked[row["video_id"]][str(row["object_id"])] = row["category"] or ""
            else:
                for expression in self._store.expressions(split):
                    asked[expression.video_id][expression.expression_id] = expression.text
        return asked

    @cached_property
    def _by_key(self) -> Mapping[str, tuple[str, str] | None]:
        """What one flat key may mean; None where two things would have it."""
        keys: dict[str, tuple[str, str] | None] = {}
        for video_id, ids in self.asked.items():
            for asked_id in ids:
                spellings = [f"{video_id}/{asked_id}", f"{video_id}_{asked_id}"]
                if len(ids) == 1:
                    spellings.append(video_id)
                for key in spellings:
                    keys[key] = None if key in keys else (video_id, asked_id)
        return keys

    def of_key(self, key: str, where: str) -> tuple[str, str] | None:
        """(video, asked id) of a flat key `<video>_<id>` or `<video>/<id>`; None for an unknown one.

        A video's own id will do where one thing is asked about it.

        Raises:
            ScoreError: it may mean two of them.
        """
        if key in self._by_key and self._by_key[key] is None:
            raise ScoreError(
                f"{where} has the key {shown(key)}, which may mean two videos of {self.shown}; write video "
                'and expression apart: {"<video>": {"<expression>": [masks]}}'
            )
        return self._by_key.get(key)

    def of_number(self, number: object) -> str | None:
        """The video whose id is this number, whatever zeros precede it; None if there is none, or several."""
        return self._by_number.get(number) if isinstance(number, int) else None

    @cached_property
    def _by_number(self) -> Mapping[int, str | None]:
        numbers: dict[int, str | None] = {}
        for video_id in self.asked:
            if video_id.isascii() and video_id.isdigit():
                numbers[int(video_id)] = None if int(video_id) in numbers else video_id
        return numbers

    def of_text(self, video_id: str, text: str) -> str | None:
        """The id of what is asked with these words about a video; None if nothing is, or two things are."""
        same = [asked_id for asked_id, known in self.asked.get(video_id, {}).items() if known == text]
        return same[0] if len(same) == 1 else None

    def of_sample(self, image_id: str, where: str) -> tuple[str, str, int] | None:
        """(video, expression, frame number) of a sample of A2D-Sentences or JHMDB-Sentences.

        Args:
            image_id: `v_<video>_f_<frame>_i_<instance>`, or `v_<video>_f_<frame>` where one thing is asked.
            where: what to call the file in an error.

        Returns:
            None if no video of the store has this id. The expression need not be one that its video has.

        Raises:
            ScoreError: it may mean two samples, or does not say which of several expressions.
        """
        meant: list[tuple[str, str, int]] = []
        unasked: list[tuple[str, str, int]] = []
        for start in (match.start() for match in re.finditer("(?=_f_)", image_id)):
            end = _SAMPLE_END.fullmatch(image_id, start)
            video_id = image_id[2:start]
            if end is None or not image_id.startswith("v_") or video_id not in self.asked:
                continue
            ids = self.asked[video_id]
            alone = next(iter(ids)) if len(ids) == 1 else ""
            instance = str(end[2] or alone)
            (meant if instance in ids else unasked).append((video_id, instance, int(end[1])))
        if len(meant) > 1:
            raise ScoreError(f"{where} has the image_id {shown(image_id)}, which may mean two videos")
        meant = meant or unasked[:1]
        if meant and not meant[0][1]:
            raise ScoreError(
                f"{where} has the image_id {shown(image_id)}, which does not say which of the "
                f"{len(self.asked[meant[0][0]])} expressions of its video is meant; expected "
                "v_<video>_f_<frame>_i_<instance>"
            )
        return meant[0] if meant else None

    @cached_property
    def unique_ids(self) -> Mapping[str, str]:
        """Expression -> video, where no two videos use the same id, as in RefCOCO; else nothing."""
        counted = Counter(asked_id for ids in self.asked.values() for asked_id in ids)
        if any(count > 1 for count in counted.values()):
            return {}
        return {asked_id: video_id for video_id, ids in self.asked.items() for asked_id in ids}
