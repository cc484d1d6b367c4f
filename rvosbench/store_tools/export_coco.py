"""COCO: one json per split, one image per annotated frame, one annotation per mask.

```text
annotations/<split>.json    images/<split>/<video>/<frame>.jpg
```
A COCO image without annotations shows nothing, so frames that nobody looked at are no images; of a video
without any annotated frame, all frames are. Void is a crowd, which COCO's metrics leave out. The keys
`videos`, `objects` and `expressions` are ours and hold the rest of what a store says.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rvosbench import masks
from rvosbench.store import Store
from rvosbench.store_tools.exported_frames import FrameFiles
from rvosbench.store_tools.json_files import JsonLists
from rvosbench.types import VOID, Video

_LISTS = ("images", "annotations", "videos", "objects", "expressions")
_NAMELESS = "object"  # COCO wants a category for every annotation


class CocoLayout:
    """One COCO json per split."""

    def __init__(
        self, folder: Path, store: Store, splits: Sequence[str], frames: FrameFiles, opened: ExitStack
    ) -> None:
        """Open the files of the splits."""
        self._root = folder
        self._frames = frames
        card = store.manifest.get("card")
        facts = card if isinstance(card, dict) else {}
        head: dict[str, object] = {
            "info": {
                "description": str(facts.get("title", store.name)),
                "url": str(facts.get("homepage", "")),
            },
            "licenses": [{"id": 1, "name": str(facts.get("licence", "")), "url": ""}],
        }
        self._splits = {
            split: _Split(folder / "annotations" / f"{split}.json", opened, head) for split in splits
        }

    def add(self, video: Video) -> None:
        """Write one video."""
        indices = [n for n, frame in enumerate(video.frames) if frame.annotated]
        indices = indices or list(range(len(video.frames)))
        folder = f"{video.split}/{video.video_id}"
        names = self._frames.write(video, self._root / "images" / folder, indices)
        files = {index: f"{folder}/{name}" for index, name in zip(indices, names, strict=True)}
        self._splits[video.split].add(video, files)

    def close(self) -> list[str]:
        """Complete the files. Nothing is lost but the paths in the release."""
        for split in self._splits.values():
            split.close()
        return []


class _Split:
    """Counts the ids of one file; categories are numbered as they come."""

    def __init__(self, path: Path, opened: ExitStack, head: dict[str, object]) -> None:
        self._lists = JsonLists(path, opened, head, _LISTS)
        self._videos = self._images = self._annotations = 0
        self._categories: dict[str, int] = {}

    def add(self, video: Video, files: dict[int, str]) -> None:
        self._videos += 1
        self._lists.add(
            "videos",
            {
                "id": self._videos,
                "name": video.video_id,
                "height": video.height,
                "width": video.width,
                "fps": video.fps,
                "frames": [frame.name for frame in video.frames],
                "pts_s": [frame.pts_s for frame in video.frames],
                "annotated": [n for n, frame in enumerate(video.frames) if frame.annotated],
            },
        )
        images = {}
        for index, name in files.items():
            self._images += 1
            images[index] = self._images
            self._lists.add(
                "images",
                {
                    "id": self._images,
                    "file_name": name,
                    "height": video.height,
                    "width": video.width,
                    "license": 1,
                    "video_id": self._videos,
                    "frame_index": index,
                },
            )
        categories = {obj.object_id: obj.category for obj in video.objects}
        for object_id, category in categories.items():
            item = {"video_id": self._videos, "object_id": object_id, "category": category}
            self._lists.add("objects", item)
        for (object_id, index), rle in sorted(video.masks.items()):
            self._annotations += 1
            category = categories[object_id]
            self._lists.add(
                "annotations",
                {
                    "id": self._annotations,
                    "image_id": images[index],
                    "category_id": self._category(category),
                    "segmentation": masks.as_json(rle),
                    "area": masks.area(rle),
                    "bbox": list(masks.bounding_box(rle)),
                    "iscrowd": int(category == VOID),
                    "object_id": object_id,
                },
            )
        for expression in video.expressions:
            self._lists.add(
                "expressions",
                {
                    "video_id": self._videos,
                    "expression_id": expression.expression_id,
                    "text": expression.text,
                    "object_ids": None if expression.object_ids is None else list(expression.object_ids),
                    "annotator": expression.annotator,
                },
            )

    def close(self) -> None:
        self._lists.close(
            categories=[{"id": number, "name": name} for name, number in self._categories.items()]
        )

    def _category(self, name: str | None) -> int:
        return self._categories.setdefault(name or _NAMELESS, len(self._categories) + 1)
