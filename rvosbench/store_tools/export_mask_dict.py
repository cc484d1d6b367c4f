"""The layout of MeViS: run lengths per object, any number of objects per expression.

```text
<split>/JPEGImages/<video>/<frame>.jpg    <split>/meta_expressions.json    <split>/mask_dict.json
```
The text of a store of MeViSv2 is called `meta_expressions_v2.json`, as there.
`mask_dict.json` maps an annotation id to one mask (or null: not there) per frame. `obj_id` is the object's
id in the store; `anno_id` is the same number where the ids of a split are distinct, else they are counted
from 0: every split has a `mask_dict.json` of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rvosbench.datasets.mevis import TEXT_FILES
from rvosbench.datasets.reading import safe_id
from rvosbench.datasets.specs.mevis import CARD_V2
from rvosbench.errors import DatasetError
from rvosbench.masks import as_json
from rvosbench.store import Store
from rvosbench.store_tools.exported_frames import FrameFiles
from rvosbench.store_tools.json_files import JsonObject
from rvosbench.store_tools.losses import Losses
from rvosbench.store_tools.parts import batches
from rvosbench.types import Expression, Video


class MaskDictLayout:
    """meta_expressions.json and mask_dict.json."""

    def __init__(
        self, folder: Path, store: Store, splits: Sequence[str], frames: FrameFiles, opened: ExitStack
    ) -> None:
        """Open the index files of the splits."""
        self._root = folder
        self._frames = frames
        self._losses = Losses()
        self._indexes = {
            split: JsonObject(folder / split / _text_file(store), opened, inside="videos") for split in splits
        }
        self._masks = {split: JsonObject(folder / split / "mask_dict.json", opened) for split in splits}
        self._with_masks: set[str] = set()
        self._videos = dict.fromkeys(splits, 0)
        self._keeps_ids = {split: _are_distinct(store, split) for split in splits}
        self._next_id = dict.fromkeys(splits, 0)

    def add(self, video: Video) -> None:
        """Write one video.

        Raises:
            DatasetError: the layout cannot say what the video says.
        """
        _check(video)
        self._frames.write(
            video, self._root / video.split / "JPEGImages" / video.video_id, range(len(video.frames))
        )
        meant = {object_id for expression in video.expressions for object_id in expression.object_ids or ()}
        numbers = {object_id: self._number(video.split, object_id) for object_id in sorted(meant)}
        for object_id, number in numbers.items():
            self._with_masks.add(video.split)
            self._masks[video.split].add(str(number), _track(video, object_id))
        self._indexes[video.split].add(
            video.video_id,
            {
                "expressions": {
                    safe_id(s.expression_id, f"an expression id of {video.video_id}"): _entry(s, numbers)
                    for s in video.expressions
                },
                "vid_id": self._videos[video.split],
                "frames": [frame.name for frame in video.frames],
            },
        )
        self._videos[video.split] += 1
        add = self._losses.add
        add("objects that no expression means", video, sum(o.object_id not in meant for o in video.objects))
        if all(expression.object_ids is None for expression in video.expressions):
            annotated = sum(frame.annotated for frame in video.frames)
            add("annotated frames of videos without an expression that means something", video, annotated)
        categories = sum(o.category is not None for o in video.objects if o.object_id in meant)
        add("categories of objects", video, categories)
        add("names of annotators", video, sum(s.annotator is not None for s in video.expressions))

    def close(self) -> list[str]:
        """Complete the index files; a split whose ground truth is hidden has no mask_dict.json."""
        for split, index in self._indexes.items():
            index.close()
            if split in self._with_masks:
                self._masks[split].close()
        return self._losses.notes()

    def _number(self, split: str, object_id: int) -> int:
        if self._keeps_ids[split]:
            return object_id
        self._next_id[split] += 1
        return self._next_id[split] - 1


def _text_file(store: Store) -> str:
    """The name by which a reader tells MeViSv2 from MeViS."""
    card = store.manifest.get("card")
    title = card.get("title") if isinstance(card, dict) else None
    return TEXT_FILES["2" if title == CARD_V2.title else "1"]


def _are_distinct(store: Store, split: str) -> bool:
    """Whether no object id of a split occurs twice."""
    seen: set[int] = set()
    for batch in batches(store, "objects", split, ["object_id"]):
        ids = batch.column("object_id").to_pylist()
        before = len(seen)
        seen.update(ids)
        if len(seen) != before + len(ids):
            return False
    return True


def _check(video: Video) -> None:
    where = f"{video.split}/{video.video_id}"
    annotated = sum(frame.annotated for frame in video.frames)
    has_truth = any(expression.object_ids is not None for expression in video.expressions)
    if annotated != len(video.frames) and (annotated or has_truth):
        raise DatasetError(
            f"{where} has {annotated} annotated frames of {len(video.frames)}, and in this layout a frame "
            "without a mask means that the object is not there; export it with --format coco"
        )
    names = [frame.name for frame in video.frames]
    if sorted(names) != names:
        raise DatasetError(
            f"{where} has frames whose names are not in alphabetical order, as readers of this layout take "
            "them; export it with --format coco"
        )


def _track(video: Video, object_id: int) -> list[dict[str, object] | None]:
    """One entry per frame."""
    rles = [video.masks.get((object_id, index)) for index in range(len(video.frames))]
    return [None if rle is None else as_json(rle) for rle in rles]


def _entry(expression: Expression, numbers: dict[int, int]) -> dict[str, object]:
    entry: dict[str, object] = {"exp": expression.text}
    if expression.object_ids is not None:
        entry["anno_id"] = [numbers[object_id] for object_id in expression.object_ids]
        entry["obj_id"] = list(expression.object_ids)
    return entry
