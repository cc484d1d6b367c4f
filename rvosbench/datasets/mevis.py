"""MeViS and MeViSv2, as released.

```text
{train,valid_u,valid,test}/JPEGImages/<video>/<frame>.jpg
{train,valid_u,valid,test}/meta_expressions.json      MeViSv2: meta_expressions_v2.json
{train,valid_u}/mask_dict.json
```
* The text is that of Ref-YouTube-VOS with lists: an expression means any number of objects, and in MeViSv2
also
  none. What it means is the union of their masks.
* object_id is `anno_id`, the key of the masks, which is unique over all videos; `obj_id` only counts within
  a video.
* The masks of an object are a list along the *sorted* frames, null where it is not there; every frame is
  annotated.
* The ground truth of valid and test is hidden (neither ids nor masks). `valid_u` is the split to score at
  home.
* The option `mevis-version` (1 or 2) chooses between the two texts where a copy holds both; otherwise it is
  the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rvosbench.datasets.coco_masks import visible_masks
from rvosbench.datasets.expression_json import VideoEntry, objects_meant, read_expressions
from rvosbench.datasets.frame_folders import as_video, frame_files, open_frames, with_frames
from rvosbench.datasets.mask_dict import MaskDict, open_mask_dict
from rvosbench.datasets.parts import say_parts
from rvosbench.datasets.reading import fingerprint, release_folder
from rvosbench.datasets.specs.mevis import CARD, CARD_V2, MevisOptions
from rvosbench.datasets.split_faults import SplitFaults
from rvosbench.errors import DatasetError, MissingPathError, UnknownNameError
from rvosbench.files.text import some
from rvosbench.plugins.dataset import ReadVideo
from rvosbench.plugins.registry import unknown
from rvosbench.types import Expression, Rle

_SPLITS = ("train", "valid_u", "valid", "test")
TEXT_FILES = {"1": "meta_expressions.json", "2": "meta_expressions_v2.json"}
"""Version -> the name of the file with the expressions."""


class Mevis:
    """A copy of MeViS or MeViSv2 on disk.

    Attributes:
        card: what a whole release holds.
    """

    def __init__(self, release_dir: Path, options: MevisOptions) -> None:
        """Read the text; the masks are read video by video.

        Args:
            release_dir: the folder with `train`, `valid_u` ...
            options: see the module.

        Raises:
            MissingPathError: the folder is not there.
            DatasetError: it holds no split. A text of the wrong shape is an error of its split.
        """
        self.release_dir = release_folder(release_dir, CARD.title)
        self._problems: list[str] = []
        version = self._version(options.mevis_version)
        self.card = CARD_V2 if version == "2" else CARD
        self._texts = {
            split: path for split in _SPLITS if (path := release_dir / split / TEXT_FILES[version]).is_file()
        }
        self._faults = SplitFaults()
        self._videos = self._find_videos()
        if not self._videos and not self._faults:
            packed = any((release_dir / split / "JPEGImages.tar").is_file() for split in _SPLITS)
            groups = [[f"{split}/{TEXT_FILES[version]}", f"{split}/JPEGImages"] for split in _SPLITS]
            tree = say_parts(release_dir, groups)
            raise DatasetError(
                f"{release_dir} holds no video of {self.card.title}{tree}; expected "
                f"train/{TEXT_FILES[version]} with train/JPEGImages/<video>/, or the same for "
                "valid_u, valid or test; "
                + ("extract JPEGImages.tar there first" if packed else "is this the right folder?")
            )
        self._masks: dict[str, MaskDict | None] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing from this copy without making it useless."""
        return tuple(self._problems)

    def fingerprint(self) -> str:
        """SHA-256 over the text and the masks."""
        return fingerprint(self.index_files(), self.release_dir)

    def index_files(self) -> tuple[Path, ...]:
        """The text and the masks of all splits."""
        masks = [path for split in self._texts if (path := self._mask_path(split)).is_file()]
        return (*self._texts.values(), *masks)

    def splits(self) -> tuple[str, ...]:
        """The splits that have videos with frames: train, valid_u, valid, test."""
        return tuple(split for split in _SPLITS if split in self._videos or split in self._faults)

    def videos(self, split: str) -> Sequence[str]:
        """The videos of a split, sorted.

        Raises:
            UnknownNameError: no such split.
            MissingPathError: the expressions mean objects, and `mask_dict.json` is not there.
            DatasetError: `mask_dict.json` or the text is damaged.
        """
        entries = self._entries(split)
        self._ground_truth(split)  # a damaged file is found before the first video is read
        return tuple(entries)

    def read(self, split: str, video_id: str) -> ReadVideo:
        """Everything about one video.

        Raises:
            UnknownNameError: no such split or video.
            MissingPathError: a frame or `mask_dict.json` is missing.
            DatasetError: a file is damaged, or masks and frames do not fit together.
        """
        entry = self._entry(split, video_id)
        # The official code sorts them too before it counts along the masks.
        frames = open_frames(self.release_dir, f"{split}/JPEGImages/{video_id}", sorted(entry.frame_names))
        ground_truth = self._ground_truth(split)
        masks: dict[tuple[int, int], Rle] = {}
        if ground_truth is not None:
            for object_id in sorted(objects_meant(entry.expressions)):
                try:
                    track = _read_object(ground_truth, object_id, frames.names, frames.size)
                except DatasetError as error:
                    turned = frames.size[::-1]
                    hint = frames.exif_hint(turned) if f"has size {list(turned)}" in str(error) else ""
                    raise DatasetError(f"{error}{hint}") from error
                masks |= {(object_id, index): rle for index, rle in track.items()}
        known = any(expression.object_ids is not None for expression in entry.expressions)
        video = as_video(
            frames,
            video_id=video_id,
            split=split,
            expressions=entry.expressions,
            fps=None,
            masks=masks,
            annotated=[known] * len(frames.names),
            categories={},
        )
        return ReadVideo(video, frames.problems)

    def split_problems(self, split: str) -> tuple[str, ...]:
        """Masks that belong to no video.

        Raises:
            UnknownNameError: no such split.
            MissingPathError: the expressions mean objects, and `mask_dict.json` is not there.
            DatasetError: `mask_dict.json` is damaged.
        """
        self._entries(split)
        masks = self._ground_truth(split)
        if masks is None or not masks.unused:
            return ()
        return (
            f"{masks.path} has {masks.unused} objects that no expression of a video with frames means; they "
            "belong to no video and are left out",
        )

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        """The expressions about a video."""
        return self._entry(split, video_id).expressions

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        """The frames of a video, and `mask_dict.json` where its expressions mean objects."""
        entry = self._entry(split, video_id)
        frames = frame_files(self.release_dir, f"{split}/JPEGImages/{video_id}", sorted(entry.frame_names))
        return (*frames, self._mask_path(split)) if objects_meant(entry.expressions) else frames

    def _entry(self, split: str, video_id: str) -> VideoEntry:
        entries = self._entries(split)
        if video_id not in entries:
            raise UnknownNameError(unknown(f"video of {CARD.name}/{split}", video_id, list(entries)))
        return entries[video_id]

    def _version(self, version: str | None) -> str:
        present = [
            number
            for number, name in TEXT_FILES.items()
            if any((self.release_dir / split / name).is_file() for split in _SPLITS)
        ]
        if version is None and len(present) > 1:
            self._problems.append(
                f"{self.release_dir} holds the text of MeViS and of MeViSv2; the second is read, choose "
                "with the option mevis-version"
            )
        return version or (present or ["1"])[-1]

    def _find_videos(self) -> dict[str, dict[str, VideoEntry]]:
        """The videos of every split that have a folder of frames."""
        videos = {}
        for split, path in list(self._texts.items()):
            with self._faults.of(split):
                listed = read_expressions(path, "anno_id")
            if split in self._faults:
                continue
            unsorted = [
                v for v, entry in listed.items() if list(entry.frame_names) != sorted(entry.frame_names)
            ]
            if unsorted:
                self._problems.append(
                    f"{path} lists the frames of {len(unsorted)} videos out of order ({some(unsorted)}); "
                    "they are sorted, as the official code does"
                )
            said = [e.object_ids is not None for entry in listed.values() for e in entry.expressions]
            if any(said) and not all(said):
                self._problems.append(
                    f'{path}: {said.count(False)} of {len(said)} expressions have no "anno_id"; what they '
                    "mean "
                    "is taken to be hidden"
                )
            videos[split], problem = with_frames(self.release_dir, split, listed)
            self._problems += [problem] if problem else []
        self._texts = {k: path for k, path in self._texts.items() if k not in self._faults}
        return {split: entries for split, entries in videos.items() if entries}

    def _entries(self, split: str) -> dict[str, VideoEntry]:
        self._faults.check(split)
        if split not in self._videos:
            raise UnknownNameError(unknown(f"split of {self.release_dir}", split, list(self._videos)))
        return self._videos[split]

    def _mask_path(self, split: str) -> Path:
        return self.release_dir / split / "mask_dict.json"

    def _ground_truth(self, split: str) -> MaskDict | None:
        """The masks of a split, opened once; None where no expression says what it means."""
        if split not in self._masks:
            self._masks[split] = self._open_masks(split)
        return self._masks[split]

    def _open_masks(self, split: str) -> MaskDict | None:
        wanted = set().union(*(objects_meant(entry.expressions) for entry in self._videos[split].values()))
        path = self._mask_path(split)
        if not wanted:
            return None
        if not path.is_file():
            raise MissingPathError(
                f"{path} is missing; {self._texts[split].name} says which objects the expressions mean, "
                "fetch their masks"
            )
        return open_mask_dict(path, wanted)


def _read_object(
    masks: MaskDict, object_id: int, frame_names: Sequence[str], size: tuple[int, int]
) -> dict[int, Rle]:
    """Frame index -> mask of one object."""
    values = masks.read(object_id)
    where = f"{masks.path}, object {object_id}"
    if len(values) != len(frame_names):
        raise DatasetError(
            f"{where} has {len(values)} masks, its video {len(frame_names)} frames; expected one per frame, "
            "null where the object is not there"
        )
    return visible_masks(values, *size, lambda index: f"{where}, frame {frame_names[index]}")
