"""The layout of Ref-YouTube-VOS: a palette PNG per annotated frame.

```text
<split>/JPEGImages/<video>/<frame>.jpg    <split>/Annotations/<video>/<frame>.png    train/meta.json
meta_expressions/<split>/meta_expressions.json
```
`heldout` goes back into `train`, from which `--trainval` takes it again, and `val` is called `valid`. The
masks of `valid` are attached again with `-o valid-masks=OUT/valid`. `obj_id` is text, as in the release; for
an expression about several objects or none, which the release does not have, it is a list as in MeViS.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from rvosbench import masks
from rvosbench.datasets.reading import safe_id
from rvosbench.errors import DatasetError
from rvosbench.store import Store
from rvosbench.store_tools.exported_frames import FrameFiles
from rvosbench.store_tools.json_files import JsonObject
from rvosbench.store_tools.losses import Losses
from rvosbench.types import Expression, Video

_FOLDERS = {"heldout": "train", "val": "valid"}
_OTHER = "export it with --format mask-dict or coco"


class PngLayout:
    """Palette PNGs and meta_expressions.json."""

    def __init__(
        self, folder: Path, store: Store, splits: Sequence[str], frames: FrameFiles, opened: ExitStack
    ) -> None:
        """Open the index files of the splits."""
        self._root = folder
        self._frames = frames
        self._losses = Losses()
        self._taken: dict[str, str] = {}  # video -> folder of its split
        self._indexes = {
            name: JsonObject(
                folder / "meta_expressions" / name / "meta_expressions.json", opened, inside="videos"
            )
            for name in dict.fromkeys(_FOLDERS.get(split, split) for split in splits)
        }
        self._categories = JsonObject(folder / "train" / "meta.json", opened, inside="videos")
        self._has_categories = False

    def add(self, video: Video) -> None:
        """Write one video.

        Raises:
            DatasetError: the layout cannot say what the video says.
        """
        name = _FOLDERS.get(video.split, video.split)
        if video.video_id in self._taken:
            raise DatasetError(
                f"the video {video.video_id} is in {name} and {self._taken[video.video_id]}; the layout "
                "holds a video once, choose one of them with --splits"
            )
        self._taken[video.video_id] = name
        _check(video, name)
        self._frames.write(video, self._root / name / "JPEGImages" / video.video_id, range(len(video.frames)))
        self._write_masks(video, self._root / name / "Annotations" / video.video_id)
        self._indexes[name].add(
            video.video_id,
            {
                "frames": [frame.name for frame in video.frames],
                "expressions": {
                    safe_id(expression.expression_id, f"an expression id of {video.video_id}"): _entry(
                        expression
                    )
                    for expression in video.expressions
                },
            },
        )
        self._add_categories(video, name)
        self._count_losses(video, name)

    def close(self) -> list[str]:
        """Complete the index files."""
        for index in self._indexes.values():
            index.close()
        if self._has_categories:
            self._categories.close()
        return self._losses.notes()

    def _write_masks(self, video: Video, folder: Path) -> None:
        by_frame: dict[int, list[int]] = {
            index: [] for index, frame in enumerate(video.frames) if frame.annotated
        }
        for object_id, index in video.masks:
            by_frame[index].append(object_id)
        if by_frame:
            folder.mkdir(parents=True, exist_ok=True)
        for index, object_ids in by_frame.items():
            frame = video.frames[index].name
            labels = np.zeros((video.height, video.width), np.uint8)
            for object_id in object_ids:
                mask = masks.decode(video.masks[object_id, index])
                if labels[mask].any():
                    others = np.unique(labels[mask])
                    raise DatasetError(
                        f"{video.split}/{video.video_id}, frame {frame}: object {object_id} overlaps object "
                        f"{others[others > 0][0]}, and a pixel of a palette PNG holds one object; {_OTHER}"
                    )
                labels[mask] = object_id
            (folder / f"{frame}.png").write_bytes(masks.encode_index_png(labels))

    def _add_categories(self, video: Video, name: str) -> None:
        known = [obj for obj in video.objects if obj.category is not None]
        if name != "train":
            self._losses.add("categories of objects outside train", video, len(known))
        elif known:
            self._has_categories = True
            visible = sorted(video.masks)
            self._categories.add(
                video.video_id,
                {
                    "objects": {
                        str(obj.object_id): {
                            "frames": [video.frames[n].name for o, n in visible if o == obj.object_id],
                        }
                        | ({} if obj.category is None else {"category": obj.category})
                        for obj in video.objects  # all: what an index leaves out is refused later
                    }
                },
            )

    def _count_losses(self, video: Video, name: str) -> None:
        add = self._losses.add
        add("names of annotators", video, sum(s.annotator is not None for s in video.expressions))
        several = sum(s.object_ids is not None and len(s.object_ids) != 1 for s in video.expressions)
        self._losses.also("expressions about several objects or none have a list as obj_id", video, several)
        add("empty masks", video, sum(not masks.area(rle) for rle in video.masks.values()))
        mentioned = {
            object_id for expression in video.expressions for object_id in expression.object_ids or ()
        }
        mentioned |= {object_id for (object_id, _), rle in video.masks.items() if masks.area(rle)}
        add(
            "objects without expression and mask",
            video,
            sum(o.object_id not in mentioned for o in video.objects),
        )
        if name == "test":
            annotated = sum(frame.annotated for frame in video.frames)
            add("annotated frames as far as ytvos reads them: test has no masks there", video, annotated)


def _check(video: Video, name: str) -> None:
    where = f"{video.split}/{video.video_id}"
    annotated = sum(frame.annotated for frame in video.frames)
    if name == "train" and annotated != len(video.frames):
        raise DatasetError(
            f"{where} has {annotated} annotated frames of {len(video.frames)}, the layout annotates every "
            "frame of train; export it with --format coco"
        )
    ids = sorted(obj.object_id for obj in video.objects)
    if ids and not 1 <= ids[0] <= ids[-1] <= 255:
        raise DatasetError(
            f"{where} has object ids from {ids[0]} to {ids[-1]}, a palette PNG holds 1 to 255; {_OTHER}"
        )


def _entry(expression: Expression) -> dict[str, object]:
    entry: dict[str, object] = {"exp": expression.text}
    if expression.object_ids is not None and len(expression.object_ids) == 1:
        entry["obj_id"] = str(expression.object_ids[0])
    elif expression.object_ids is not None:
        entry["obj_id"] = list(expression.object_ids)
    return entry
