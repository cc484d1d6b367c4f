"""Where in JSON files the answers about each video lie: found in one pass, decoded when they are wanted.

```text
{"<video>": {"<expression>": masks}}                       also inside "results", "predictions", "videos"
{"<video>_<expression>": masks}                            keys as of mask_dict.json
[{"video_id", "exp_id", "prediction_masks"}, ...]          records, as a list or one a line
[{"video_id", "category_id", "score", "segmentations"}]    YouTube-VIS
[{"image_id", "category_id", "score", "segmentation"}]     COCO: A2D-Sentences, JHMDB-Sentences, RefCOCO
```
What masks may look like: `rvosbench.submission.forms.tracks`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rvosbench.errors import ScoreError
from rvosbench.files.text import shown, some
from rvosbench.submission.forms.index_lists import LISTS, IndexLists
from rvosbench.submission.forms.instead import instead_of_masks, lacks_sizes
from rvosbench.submission.forms.json_text import Scanner, text_or_number, writable
from rvosbench.submission.forms.meaning import (
    MEANT,
    meaning_of_images,
    meaning_of_record,
    record_id,
)
from rvosbench.submission.forms.names import Names
from rvosbench.submission.forms.shapes import (
    RECORD_VIDEO,
    holds_masks,
    is_ground_truth,
    is_track,
    named_by_path,
    wraps_results,
)
from rvosbench.submission.forms.tracks import mask_key
from rvosbench.submission.trees import Name

_WRAPPERS = ("results", "predictions", "videos", "data", "annotations", "preds", "answers")
_RECORD_KEYS = ("image_id", "prediction_masks", "pred_masks", "segmentations", "segmentation", "frames")


@dataclass(frozen=True, slots=True)
class Piece:
    """A value in a file that is about one video."""

    document: int  # which file
    position: int  # of the value in its text
    asked_id: str | None  # None: a mapping of several
    frame: int | str | None = None  # number or name, where the value is about one frame
    is_record: bool = False


@dataclass(slots=True)
class Pieces:
    """What several files hold."""

    names: Names
    by_video: dict[str, list[Piece]] = field(default_factory=dict)
    lists: IndexLists = field(default_factory=IndexLists)
    numbered_samples: list[tuple[int, Piece]] = field(default_factory=list)
    numbered_records: list[tuple[Mapping[str, Any], int, int, str]] = field(default_factory=list)
    forms: set[str] = field(default_factory=set)  # in words
    foreign_keys: list[str] = field(default_factory=list)
    hollow: list[tuple[str, Piece]] = field(default_factory=list)  # of this file: videos without any mask
    truths: Counter[int] = field(default_factory=Counter)  # file -> annotations in it, which are left out
    sizeless: bool = False  # run lengths that say no size were seen

    def add_document(self, document: int, scanner: Scanner, path: Name = ()) -> int:
        """Index one file.

        Args:
            document: its number.
            scanner: at its beginning.
            path: its path parts; `<video>.json` and `<video>/<expression>.json` say what is in them.

        Returns:
            How many answers it holds.

        Raises:
            FormatError: it is no JSON.
            ScoreError: it is in none of these forms, or its keys belong to nothing.
        """
        if (named := named_by_path(scanner, path, self.names)) is not None:
            video_id, asked_id = named
            self.forms.add("run lengths in a file for each video or expression")
            self._keep(video_id, Piece(document, scanner.position, asked_id))
            return 1
        before = self.count()
        self.hollow = []
        while scanner.peek():
            self._value(document, scanner, scanner.name)
        answers = self.count() - before
        for video_id, piece in self.hollow if answers else ():
            self._keep(video_id, piece)  # in a file of answers it is a broken one, which reading it says
        return answers

    def finish(self) -> None:
        """Give numbers their meaning, once all files are known.

        Raises:
            ScoreError: nothing says what they mean.
        """
        for record, document, position, where in self.numbered_records:
            self.forms.add("YouTube-VIS results")
            video_id, asked_id = meaning_of_record(record, self.lists, self.names, where)
            self._keep(video_id, Piece(document, position, asked_id, is_record=True))
        images = meaning_of_images({number for number, _ in self.numbered_samples}, self.lists, self.names)
        for number, piece in self.numbered_samples:
            video_id, asked_id = images[number]
            self._keep(video_id, Piece(piece.document, piece.position, asked_id, is_record=True))
        if self.foreign_keys and not self.by_video:
            keys = self.foreign_keys
            if all(key.isdecimal() for key in keys):
                raise ScoreError(
                    f"the keys are numbers ({some(keys)}), as annotation ids in the ground truth of a "
                    'mask_dict.json; expected predictions as {"<video>": {"<expression>": [masks]}}'
                )
            if "COCO results" in self.forms:
                raise ScoreError(
                    f"no image_id is of a video of {self.names.shown}, such as "
                    f"{some(map(shown, set(keys)))}; expected v_<video>_f_<frame>_i_<instance>; "
                    "are the results of another split?"
                )
            raise ScoreError(
                f"the keys are {some(map(shown, keys))}, {self.names.shown} has no such videos; expected "
                '"<video>_<expression>", or {"<video>": {"<expression>": [masks]}}'
            )
        for key in self.foreign_keys:
            self.by_video.setdefault(key, [])

    def count(self) -> int:
        """How many answers were found."""
        kept = sum(map(len, self.by_video.values()))
        return kept + len(self.numbered_samples) + len(self.numbered_records) + len(self.foreign_keys)

    def _keep(self, video_id: str, piece: Piece) -> None:
        self.by_video.setdefault(video_id, []).append(piece)

    def _value(self, document: int, scanner: Scanner, where: str) -> None:
        """Whatever stands at the top of a file, on a line of it, or in a wrapper."""
        first = scanner.peek()
        if first == "[":
            for number in scanner.elements():
                self._record(document, scanner, f"{where}, entry {number}")
        elif first == "{":
            self._object(document, scanner, where)
        else:
            raise ScoreError(
                f"{where} holds {shown(scanner.value())} where results were expected: an object or a list"
            )

    def _object(self, document: int, scanner: Scanner, where: str) -> None:
        start = scanner.position
        for key in scanner.members():
            if key in self.names.asked:
                self._member(document, scanner, key, where)
            elif key in _RECORD_KEYS or (key in RECORD_VIDEO and scanner.peek() not in ("{", "[")):
                scanner.position = start
                self._record(document, scanner, where)
                return
            elif key in LISTS and scanner.peek() == "[":
                self.lists.add(key, scanner.value(), where)
            elif key in _WRAPPERS and scanner.peek() in ("{", "["):
                self._value(document, scanner, where)
            elif scanner.peek() in ("{", "["):
                self._member(document, scanner, key, where)
            else:
                scanner.value()  # a number or a text says nothing about a video

    def _member(self, document: int, scanner: Scanner, key: str, where: str) -> None:
        """A key of the top object, and what stands there."""
        position = scanner.position
        value = scanner.value()
        if not holds_masks(value):  # settings, figures, expressions
            if key in self.names.asked:
                self.hollow.append((key, Piece(document, position, None)))
            self.sizeless = self.sizeless or lacks_sizes(value)
            return
        is_video = key in self.names.asked
        meant = self.names.of_key(key, where) if is_track(value) or not is_video else None
        if meant is not None:
            self.forms.add("run lengths by <video>_<expression>")
            self._keep(meant[0], Piece(document, position, meant[1]))
        elif not is_video and wraps_results(value, self.names):
            scanner.position = position
            self._value(document, scanner, where)
        elif not is_track(value):
            self.forms.add("run lengths by video and expression")
            self._keep(writable(key, f"{where}: a key"), Piece(document, position, None))
        elif is_video:
            raise ScoreError(
                f"{where} holds masks for the video {key} and does not say for which of its "
                f"{len(self.names.asked[key])} expressions; expected "
                '{"<video>": {"<expression>": [masks]}}'
            )
        else:
            self.foreign_keys.append(writable(key, f"{where}: a key"))

    def _record(self, document: int, scanner: Scanner, where: str) -> None:
        """An element of a list, or a line."""
        scanner.peek()
        position = scanner.position
        record = scanner.value()
        if not isinstance(record, dict):
            raise ScoreError(
                f"{where} is {shown(record)}; expected an object with video_id (or image_id) and masks"
            )
        if is_ground_truth(record):
            self.truths[document] += 1
            return
        if mask_key(record) is None:
            raise ScoreError(
                f"{where} has the keys {some(map(shown, record))} and no masks; expected segmentations, "
                f"prediction_masks or masks{instead_of_masks(record)}"
            )
        if "image_id" in record:
            self._sample(document, position, record, where)
            return
        key = next((key for key in RECORD_VIDEO if key in record), None)
        if key is None:
            raise ScoreError(f"{where} has the keys {some(map(shown, record))}; expected a video_id")
        video_id = text_or_number(record[key], f"{where}: {key}")
        asked_id = record_id(record, video_id, self.names, where)
        if asked_id is None or video_id not in self.names.asked:
            if asked_id is not None and isinstance(record[key], str):
                self._keep(video_id, Piece(document, position, asked_id, is_record=True))
                return
            known = {name: record[name] for name in MEANT if name in record}
            self.numbered_records.append((known | {"video_id": record[key]}, document, position, where))
            return
        self.forms.add("records by video and expression")
        self._keep(video_id, Piece(document, position, asked_id, is_record=True))

    def _sample(self, document: int, position: int, record: Mapping[str, Any], where: str) -> None:
        """One detection of COCO results."""
        self.forms.add("COCO results")
        if "score" not in record:
            raise ScoreError(
                f"{where} has an image_id and no score: COCO annotations are ground truth; expected results "
                "with image_id, score and segmentation"
            )
        image_id = record["image_id"]
        if isinstance(image_id, int) and not isinstance(image_id, bool):
            self.numbered_samples.append((image_id, Piece(document, position, None, is_record=True)))
            return
        if not isinstance(image_id, str):
            raise ScoreError(f"{where} has the image_id {shown(image_id)}; expected text or a number")
        meant = self.names.of_sample(writable(image_id, f"{where}: image_id"), where)
        if meant is None:
            self.foreign_keys.append(image_id)
        else:
            self._keep(meant[0], Piece(document, position, meant[1], meant[2], is_record=True))
