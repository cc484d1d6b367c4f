"""Ref-YouTube-VOS, as released.

```text
train/JPEGImages/<video>/<frame>.jpg   train/Annotations/<video>/<frame>.png   train/meta.json (optional)
valid/JPEGImages/...   test/JPEGImages/...
meta_expressions/{train,valid,test}/meta_expressions.json
```
* The valid file lists 507 videos: 202 of valid and the 305 of test. `valid` is what is not in the test
  file; without a test file, what has frames in valid/JPEGImages.
* Frames are those of the json: one in five of a 30 fps video, with gaps, and 73 videos of the valid
  file do not start at 00000.
* The ground truth of valid and test is hidden: `object_ids` is None and no frame is annotated. The option
  `valid-masks` names the folder of the masks of valid, see `valid_ground_truth`; which object an expression
  means is known when a json has `obj_id`, that of the release or one beside the masks.
* The options `trainval` (a fraction) and `seed` hold out a part of the train videos as the split `heldout`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rvosbench.datasets.expression_json import VideoEntry, objects_meant, read_categories, read_expressions
from rvosbench.datasets.frame_folders import frame_files, read_video, with_frames
from rvosbench.datasets.label_maps import annotation_files
from rvosbench.datasets.parts import say_parts
from rvosbench.datasets.reading import (
    fingerprint,
    folder_names,
    release_folder,
)
from rvosbench.datasets.specs.ytvos import CARD, YtvosOptions
from rvosbench.datasets.split_faults import SplitFaults
from rvosbench.datasets.valid_ground_truth import ValidGroundTruth, attach, find_ground_truth
from rvosbench.errors import DatasetError, UnknownNameError
from rvosbench.plugins.dataset import ReadVideo
from rvosbench.plugins.registry import unknown
from rvosbench.types import Expression

_SPLITS = ("train", "valid", "test")
_ALL_SPLITS = ("train", "heldout", "valid", "test")
_FPS = 6.0  # every fifth frame of 30 fps video; 0.3 % of the steps are longer


class ReferYoutubeVos:
    """A copy of Ref-YouTube-VOS on disk.

    Attributes:
        card: what a whole release holds.
    """

    def __init__(self, release_dir: Path, options: YtvosOptions) -> None:
        """Read the index files.

        Args:
            release_dir: the folder with `meta_expressions`.
            options: see the module.

        Raises:
            MissingPathError: the folder is not there.
            DatasetError: it holds no split. An index of the wrong shape is an error of its split.
        """
        self.release_dir = release_folder(release_dir, CARD.title)
        self.card = CARD
        self._problems: list[str] = []
        self._faults = SplitFaults()
        self._indexes = [path for split in _SPLITS if (path := _index(release_dir, split)).is_file()]
        self._categories: dict[str, dict[int, str | None]] = {}
        self._videos = self._find_videos()
        if not self._videos and not self._faults:
            groups = [
                [f"meta_expressions/{split}/meta_expressions.json", f"{split}/JPEGImages"]
                for split in _SPLITS
            ]
            raise DatasetError(
                f"{release_dir} holds no video of {CARD.title}{say_parts(release_dir, groups)}; expected "
                "meta_expressions/train/meta_expressions.json with train/JPEGImages/<video>/, or the same "
                "for valid or test; is this the right folder?"
            )
        self._valid = self._attach_valid_masks(options.valid_masks)
        if options.trainval is not None:
            self._hold_out(options.trainval, options.seed or 0)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing from this copy without making it useless."""
        return tuple(self._problems)

    def fingerprint(self) -> str:
        """SHA-256 over the json files of the release, and that of the ground truth of valid."""
        release = fingerprint(self._release_files(), self.release_dir)
        if self._valid is None or self._valid.text is None:
            return release
        truth = fingerprint([self._valid.text], self._valid.text.parent)
        return hashlib.sha256(f"{release} {truth}".encode()).hexdigest()

    def index_files(self) -> tuple[Path, ...]:
        """The json files of the release, and that of the ground truth of valid."""
        truth = [] if self._valid is None or self._valid.text is None else [self._valid.text]
        return (*self._release_files(), *truth)

    def _release_files(self) -> tuple[Path, ...]:
        meta = self.release_dir / "train" / "meta.json"
        return (*self._indexes, *([meta] if meta.is_file() and "train" not in self._faults else []))

    def splits(self) -> tuple[str, ...]:
        """The splits that have videos with frames: train, heldout, valid, test."""
        return tuple(split for split in _ALL_SPLITS if split in self._videos or split in self._faults)

    def videos(self, split: str) -> Sequence[str]:
        """The videos of a split, sorted.

        Raises:
            UnknownNameError: no such split.
            DatasetError: its index is damaged.
        """
        return tuple(self._entries(split))

    def read(self, split: str, video_id: str) -> ReadVideo:
        """Everything about one video.

        Raises:
            UnknownNameError: no such split or video.
            MissingPathError: a frame or an annotation is missing.
            DatasetError: a file is damaged.
        """
        entry = self._entry(split, video_id)
        folder = _folder(split)
        categories = self._categories.get(video_id, {}) if folder == "train" else {}
        return read_video(
            self.release_dir,
            video_id=video_id,
            split=split,
            images=f"{folder}/JPEGImages/{video_id}",
            frame_names=entry.frame_names,
            expressions=entry.expressions,
            fps=_FPS,
            annotations=self._annotations(split, video_id),
            all_annotated=folder == "train",
            categories=categories,
            objects=categories.keys() | objects_meant(entry.expressions) if categories else None,
        )

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        """The expressions about a video."""
        return self._entry(split, video_id).expressions

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        """The frames of a video and its masks: all of train, those that are there of valid."""
        names = self._entry(split, video_id).frame_names
        frames = frame_files(self.release_dir, f"{_folder(split)}/JPEGImages/{video_id}", names)
        annotations = self._annotations(split, video_id)
        if annotations is None:
            return frames
        return frames + annotation_files(annotations, names, all_frames=_folder(split) == "train")

    def masks_promised(self, split: str, video_id: str) -> tuple[int, int] | None:
        """The frames of a valid video that have a PNG, and all of them, where there are valid masks."""
        names = self._entry(split, video_id).frame_names
        annotations = self._annotations(split, video_id)
        if split != "valid" or annotations is None:
            return None  # of train a missing PNG is an error
        return len(annotation_files(annotations, names, all_frames=False)), len(names)

    def _entry(self, split: str, video_id: str) -> VideoEntry:
        entries = self._entries(split)
        if video_id not in entries:
            raise UnknownNameError(unknown(f"video of {CARD.name}/{split}", video_id, list(entries)))
        return entries[video_id]

    def _annotations(self, split: str, video_id: str) -> Path | None:
        """The folder with the masks of a video; None where they are hidden."""
        if _folder(split) == "train":
            return self.release_dir / "train" / "Annotations" / video_id
        if split == "valid" and self._valid is not None:
            return self._valid.masks / video_id
        return None

    def _entries(self, split: str) -> dict[str, VideoEntry]:
        self._faults.check(split)
        if split not in self._videos:
            raise UnknownNameError(unknown(f"split of {self.release_dir}", split, list(self._videos)))
        return self._videos[split]

    def _find_videos(self) -> dict[str, dict[str, VideoEntry]]:
        """The videos of every split that have a folder of frames."""
        listed = {}
        for split in _SPLITS:
            if _index(self.release_dir, split) in self._indexes:
                with self._faults.of(split):
                    if split == "train":
                        self._read_categories()
                    listed[split] = read_expressions(_index(self.release_dir, split))
        self._indexes = [_index(self.release_dir, split) for split in listed]
        if "valid" in listed and listed.get("test"):  # some copies have an empty test file
            listed["valid"] = {k: v for k, v in listed["valid"].items() if k not in listed["test"]}
        elif "valid" in listed:
            listed.pop("test", None)
            of_test = listed["valid"].keys() - folder_names(self.release_dir / "valid" / "JPEGImages")
            if of_test:
                self._problems.append(
                    f"meta_expressions/test lists no video: of the {len(listed['valid'])} videos in the "
                    f"valid file, the {len(of_test)} without frames in valid/JPEGImages are taken for test "
                    "videos"
                )
            listed["valid"] = {k: v for k, v in listed["valid"].items() if k not in of_test}
        videos = {}
        for split, entries in listed.items():
            videos[split], problem = with_frames(self.release_dir, split, entries)
            self._problems += [problem] if problem else []
        return {split: entries for split, entries in videos.items() if entries}

    def _read_categories(self) -> None:
        meta = self.release_dir / "train" / "meta.json"  # later downloads come without it
        if os.path.lexists(meta):
            self._categories = read_categories(meta)

    def _attach_valid_masks(self, folder: Path | None) -> ValidGroundTruth | None:
        """Find the ground truth of valid and tell its expressions what they mean."""
        if folder is None:
            return None
        self._faults.check("valid")
        videos = self._videos.get("valid", {})
        truth, missing = find_ground_truth(folder, videos)
        attached, unknown_objects = attach(videos, truth)
        self._videos |= {"valid": attached}
        self._problems += missing + unknown_objects
        return truth

    def _hold_out(self, fraction: float, seed: int) -> None:
        """Move a part of the train videos to `heldout`: by hash, so that it depends on ids and seed only."""
        self._faults.check("train")
        train = self._videos.get("train", {})
        if len(train) < 2:
            raise DatasetError(f"trainval needs at least 2 train videos, {self.release_dir} has {len(train)}")
        order = sorted(train, key=lambda video_id: hashlib.sha256(f"{seed}:{video_id}".encode()).digest())
        held_out = set(order[: min(max(1, round(fraction * len(train))), len(train) - 1)])
        parts = {
            "train": {k: v for k, v in train.items() if k not in held_out},
            "heldout": {k: v for k, v in train.items() if k in held_out},
        }
        self._videos = parts | {k: v for k, v in self._videos.items() if k != "train"}
        self.card = replace(CARD, counts={k: v for k, v in CARD.counts.items() if k != "train"})


def _folder(split: str) -> str:
    return "train" if split == "heldout" else split


def _index(release_dir: Path, split: str) -> Path:
    return release_dir / "meta_expressions" / split / "meta_expressions.json"
