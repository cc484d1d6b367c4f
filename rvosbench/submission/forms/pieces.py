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

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rvosbench.errors import ScoreError
from rvosbench.files.text import shown, some
from rvosbench.submission.forms.index_lists import LISTS, IndexLists
from rvosbench.submission.forms.json_text import Scanner, text_or_number
from rvosbench.submission.forms.names import Names
from rvosbench.submission.forms.run_lengths import is_run_lengths
from rvosbench.submission.forms.tracks import mask_key

_WRAPPERS = ("results", "predictions", "videos", "data", "annotations", "preds", "answers")
_RECORD_VIDEO = ("video_id", "video", "video_name", "vid", "vid_name")
_RECORD_ID = ("exp_id", "expression_id", "object_id", "obj_id", "sent_id")
_RECORD_KEYS = ("image_id", "prediction_masks", "pred_masks", "segmentations", "segmentation", "frames")
_RECORD_TEXT = ("expression", "exp", "caption", "text", "noun_phrase")


@dataclass(frozen=True, slots=True)
class Piece:
    """A value in a file that is about one video."""

    document: int  # which file
    position: int  # of the value in its text
    asked_id: str | None  # None: a mapping of several
    frame: int | str | None = None  # number or name, where the value is about one frame
    is_record: bool = False


@dataclass(slots=True)
class _Sample:
    """A COCO detection of a sample whose id is a number."""

    image_id: int
    piece: Piece


@dataclass(slots=True)
class Pieces:
    """What several files hold."""

    names: Names
    by_video: dict[str, list[Piece]] = field(default_factory=dict)
    lists: IndexLists = field(default_factory=IndexLists)
    numbered_samples: list[_Sample] = field(default_factory=list)
    numbered_records: list[tuple[Mapping[str, Any], int, int, str]] = field(default_factory=list)
    forms: set[str] = field(default_factory=set)  # in words
    foreign_keys: list[str] = field(default_factory=list)

    def add_document(self, document: int, scanner: Scanner) -> int:
        """Index one file.

        Returns:
            How many answers it holds.

        Raises:
            FormatError: it is no JSON.
            ScoreError: it is in none of these forms, or its keys belong to nothing.
        """
        before = self._count()
        while scanner.peek():
            self._value(document, scanner, scanner.name)
        return self._count() - before

    def finish(self) -> None:
        """Give numbers their meaning, once all files are known.

        Raises:
            ScoreError: nothing says what they mean.
        """
        for record, document, position, where in self.numbered_records:
            video_id, asked_id = self._of_numbers(record, where)
            self._keep(video_id, Piece(document, position, asked_id, is_record=True))
        self._place_samples()
        if self.foreign_keys and not self.by_video:
            keys = self.foreign_keys
            if all(key.isdecimal() for key in keys):
                raise ScoreError(
                    f"the keys are numbers ({some(keys)}), as annotation ids in the ground truth of a "
                    'mask_dict.json; expected predictions as {"<video>": {"<expression>": [masks]}}'
                )
            raise ScoreError(
                f"the keys are {some(map(shown, keys))}, {self.names.shown} has no such videos; expected "
                '"<video>_<expression>", or {"<video>": {"<expression>": [masks]}}'
            )
        for key in self.foreign_keys:
            self.by_video.setdefault(key, [])

    def _count(self) -> int:
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
            elif key in _RECORD_KEYS or (key in _RECORD_VIDEO and scanner.peek() not in ("{", "[")):
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
        if key not in self.names.asked and not _holds_masks(value):
            return  # settings, figures and the like
        label = f"{where}, {shown(key)}"
        is_track = is_run_lengths(value) or (
            isinstance(value, list) and all(mask is None or not _is_record_of_video(mask) for mask in value)
        )
        if is_track:
            meant = self.names.of_key(key, where)
            if meant is None:
                self.foreign_keys.append(key)
            else:
                self.forms.add("run lengths by <video>_<expression>")
                self._keep(meant[0], Piece(document, position, meant[1]))
        elif isinstance(value, dict | list):
            self.forms.add("run lengths by video and expression")
            self._keep(key, Piece(document, position, None))
        else:
            raise ScoreError(f"{label} holds {shown(value)}; expected masks by expression")

    def _record(self, document: int, scanner: Scanner, where: str) -> None:
        """An element of a list, or a line."""
        scanner.peek()
        position = scanner.position
        record = scanner.value()
        if not isinstance(record, dict):
            raise ScoreError(
                f"{where} is {shown(record)}; expected an object with video_id (or image_id) and masks"
            )
        if mask_key(record) is None:
            raise ScoreError(
                f"{where} has the keys {some(map(shown, record))} and no masks; expected segmentations, "
                "prediction_masks or masks"
            )
        if "image_id" in record:
            self._sample(document, position, record, where)
            return
        key = next((key for key in _RECORD_VIDEO if key in record), None)
        if key is None:
            raise ScoreError(f"{where} has the keys {some(map(shown, record))}; expected a video_id")
        video_id = text_or_number(record[key], f"{where}: {key}")
        asked_id = record_id(record, video_id, self.names, where)
        if asked_id is None or video_id not in self.names.asked:
            if asked_id is not None and isinstance(record[key], str):
                self._keep(video_id, Piece(document, position, asked_id, is_record=True))
                return
            keys = (*_RECORD_ID, *_RECORD_TEXT, "category_id")
            known = {name: record[name] for name in keys if name in record}
            self.numbered_records.append((known | {"video_id": record[key]}, document, position, where))
            return
        self.forms.add("records by video and expression")
        self._keep(video_id, Piece(document, position, asked_id, is_record=True))

    def _of_numbers(self, record: Mapping[str, Any], where: str) -> tuple[str, str]:
        """(video, asked id) of a record by the lists of an annotation file."""
        self.forms.add("YouTube-VIS results")
        number = record["video_id"]
        video_id = number if number in self.names.asked else self.lists.videos.get(number)
        if video_id is None:
            video_id = self.names.of_number(number)
        if video_id is None:
            raise ScoreError(
                f"{where} has the video_id {shown(number)}, which is no video of {self.names.shown}; put the "
                'annotation file with the list "videos" (id, file_names) into the folder or zip with the '
                "results, or write the names of the videos"
            )
        asked_id = record_id(record, video_id, self.names, where)
        number = record.get("category_id")
        category = self.lists.categories.get(number) if isinstance(number, int | str) else None
        if asked_id is None and category is not None:
            known = self.names.asked.get(video_id, {})
            asked_id = category if category in known else self.names.of_text(video_id, category)
        if asked_id is None:
            raise ScoreError(
                f"{where} has the category_id {shown(number)} and says nowhere which "
                "expression that is; add exp_id to the results, or put the annotation file whose list "
                '"categories" names the expressions into the folder or zip with them'
            )
        return video_id, asked_id

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
            self.numbered_samples.append(_Sample(image_id, Piece(document, position, None, is_record=True)))
            return
        if not isinstance(image_id, str):
            raise ScoreError(f"{where} has the image_id {shown(image_id)}; expected text or a number")
        meant = self.names.of_sample(image_id, where)
        if meant is None:
            self.foreign_keys.append(image_id)
        else:
            self._keep(meant[0], Piece(document, position, meant[1], meant[2], is_record=True))

    def _place_samples(self) -> None:
        """Detections whose image_id is a number: by the list of images, else as ids of expressions."""
        if not self.numbered_samples:
            return
        images = self.lists.images
        numbers = {sample.image_id for sample in self.numbered_samples}
        unique = self.names.unique_ids
        if not images and {str(number) for number in numbers} != unique.keys():
            odd = sorted(number for number in numbers if str(number) not in unique)
            raise ScoreError(
                f"the image_id of {len(numbers)} samples are numbers, such as "
                f"{some(map(shown, odd or sorted(numbers)))}, and not the ids of the {len(unique)} "
                f'expressions of {self.names.shown}; put the annotation file with the list "images" (id, '
                "file_name, caption) into the folder or zip with the results"
            )
        for sample in self.numbered_samples:
            video_id, asked_id = (
                self._of_image(sample.image_id) if images else _by_id(sample.image_id, unique)
            )
            piece = sample.piece
            self._keep(video_id, Piece(piece.document, piece.position, asked_id, is_record=True))

    def _of_image(self, number: int) -> tuple[str, str]:
        entry = self.lists.images.get(number)
        if entry is None:
            raise ScoreError(
                f'the image_id {number} is not in the list "images" of the annotation file; is it of another '
                "split?"
            )
        file_name = str(entry.get("file_name", ""))
        stem = file_name.rpartition("/")[2].rpartition(".")[0]
        ids = self.names.asked.get(stem)
        if ids is None:
            raise ScoreError(
                f"the image {shown(file_name)} is none of {self.names.shown}; is it of another split?"
            )
        asked_id = record_id(entry, stem, self.names, f"the image {number}")
        if (
            asked_id is None
            and str(number) in ids
            and ids[str(number)] == entry.get("caption", ids[str(number)])
        ):
            asked_id = str(number)
        if asked_id is None and len(ids) == 1:
            asked_id = next(iter(ids))
        if asked_id is None:
            raise ScoreError(
                f"the image {number} ({shown(file_name)}) has the caption {shown(entry.get('caption'))}, "
                "which is not the text of exactly one expression there; write its sent_id into the results"
            )
        return stem, asked_id


def _by_id(number: int, unique: Mapping[str, str]) -> tuple[str, str]:
    return unique[str(number)], str(number)


def _is_record_of_video(value: object) -> bool:
    """Whether a list's element says which expression it answers, so that the list is about a video."""
    return isinstance(value, dict) and not is_run_lengths(value) and any(key in value for key in _RECORD_ID)


def record_id(record: Mapping[str, Any], video_id: str, names: Names, where: str) -> str | None:
    """What a record answers: by an id, or by the words of an expression; None if it does not say."""
    for key in _RECORD_ID:
        if record.get(key) is not None:
            return text_or_number(record[key], f"{where}: {key}")
    known = names.asked.get(video_id, {})
    for key in _RECORD_TEXT:
        text = record.get(key)
        if isinstance(text, str):
            asked_id = names.of_text(video_id, text)
            return asked_id if asked_id is not None else text if text in known else None
    return None


def _holds_masks(value: object) -> bool:
    """Whether run lengths are somewhere in a value."""
    inside = [value]
    while inside:
        value = inside.pop()
        if is_run_lengths(value):
            return True
        if isinstance(value, dict | list):
            inside += value.values() if isinstance(value, dict) else value
    return False
