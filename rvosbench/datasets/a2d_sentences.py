"""A2D-Sentences, as released.

```text
Release/videoset.csv               one line a video, no header (circulating copies have one)
Release/clips320H/<video>.mp4      or CLIPS320, in any case
text_annotations/a2d_annotation.txt   a2d_missed_videos.txt       (some copies: at the root, or in Release)
text_annotations/a2d_annotation_with_instances/<video>/<frame>.h5 (some copies: at the root, or in Release)
```
* Videos stay mp4: a frame is found by its presentation time. Frames are named as the masks are, from
  00001; mask 00040 belongs to the decoded frame of index 39.
* Three to five frames of a video are annotated; the others say nothing.
* object_id is the instance id as released, from 0; expression_id is the same number as text.
* One row of the text has the instance id "1 (copy)" and is dropped, as everybody does. It would be reported
  if there were no row of instance 1 beside it.
* The category of an object is its actor and action in most of its frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rvosbench.datasets.a2d_instances import read_instances
from rvosbench.datasets.a2d_text import SPLITS, read_expression_text, read_videoset
from rvosbench.datasets.reading import (
    as_whole,
    file_names,
    fingerprint,
    folder_names,
    read_text,
    release_folder,
)
from rvosbench.datasets.specs.a2d import CARD
from rvosbench.errors import DatasetError, MissingPathError, UnknownNameError
from rvosbench.files.text import some
from rvosbench.media.images import MAX_PIXELS
from rvosbench.media.video import VideoFile
from rvosbench.plugins.dataset import ReadVideo
from rvosbench.plugins.registry import unknown
from rvosbench.types import Expression, Frame, Object, Rle, Video

_INSTANCES = "a2d_annotation_with_instances"
_TEXT_FOLDERS = ("text_annotations", ".", "Release")


class A2DSentences:
    """A copy of A2D-Sentences on disk.

    Attributes:
        card: what a whole release holds.
    """

    def __init__(self, release_dir: Path) -> None:
        """Read the index files.

        Raises:
            MissingPathError: the folder or an index file is not there.
            DatasetError: it holds no video, or an index has the wrong shape.
        """
        self.release_dir = release_folder(release_dir, CARD.title)
        self.card = CARD
        self._problems: list[str] = []
        self._videoset = _find(release_dir, ("Release", "."), "videoset.csv")
        self._instances = _find_instances(release_dir)  # first: A2D itself lacks the expressions as well
        self._text = _find(release_dir, _TEXT_FOLDERS, "a2d_annotation.txt")
        self._missed = _first_file(release_dir, _TEXT_FOLDERS, "a2d_missed_videos.txt")
        self._clips = _find_clips(release_dir)
        self._clip_files = _clip_files(self._clips)
        self._listed = read_videoset(self._videoset)
        self._expressions, lost = read_expression_text(self._text)
        if lost:
            self._problems.append(
                f"{self._text.name}: {len(lost)} expressions are left out, their instance is marked as a "
                f"copy of none ({some(lost)})"
            )
        self._splits = self._find_videos()
        if not self._splits:
            raise DatasetError(
                f"{release_dir} has no video with a clip in {self._clips.name}, masks in {_INSTANCES} and an "
                f"expression; expected {CARD.title}, is the download complete?"
            )

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing from this copy without making it useless."""
        return tuple(self._problems)

    def fingerprint(self) -> str:
        """SHA-256 over videoset.csv and the text files."""
        return fingerprint(self.index_files(), self.release_dir)

    def index_files(self) -> tuple[Path, ...]:
        """videoset.csv and the text files."""
        return (self._videoset, self._text, *([self._missed] if self._missed else []))

    def splits(self) -> tuple[str, ...]:
        """`train` and `test`, as far as they have videos."""
        return tuple(self._splits)

    def videos(self, split: str) -> Sequence[str]:
        """The videos of a split, sorted."""
        if split not in self._splits:
            raise UnknownNameError(unknown(f"split of {self.release_dir}", split, list(self._splits)))
        return self._splits[split]

    def read(self, split: str, video_id: str) -> ReadVideo:
        """Everything about one video.

        Raises:
            UnknownNameError: no such split or video.
            DatasetError: the mp4 or a mask file is damaged, or they do not fit together.
        """
        clip = self._clip(split, video_id)
        with VideoFile(clip) as file:
            info = file.probe()
        if info.height * info.width > MAX_PIXELS:
            raise DatasetError(
                f"{clip} claims to be {info.width}x{info.height} px, more than {MAX_PIXELS} in all; fetch it "
                "again"
            )
        problems = []
        if len(info.pts_s) != self._listed[video_id].num_frames:
            problems.append(
                f"{clip.name} has {len(info.pts_s)} frames, videoset.csv says "
                f"{self._listed[video_id].num_frames}"
            )
        masks: dict[tuple[int, int], Rle] = {}
        categories: dict[int, Counter[str]] = {}
        annotated = self._annotated_frames(video_id, len(info.pts_s))
        if not annotated:
            problems.append(f"{_INSTANCES}/{video_id} holds no .h5 file: no frame of it is annotated")
        for index, path in annotated.items():
            instances = read_instances(path, (info.height, info.width))
            if instances.problem:
                problems.append(instances.problem)
            masks |= {(instance, index): rle for instance, rle in instances.masks.items()}
            for instance, category in instances.categories.items():
                categories.setdefault(instance, Counter())[category] += 1
        expressions = self._expressions[video_id]
        object_ids = {object_id for object_id, _ in masks} | categories.keys()
        object_ids |= {object_id for expression in expressions for object_id in expression.object_ids or ()}
        source = clip.relative_to(self.release_dir).as_posix()
        video = Video(
            video_id=video_id,
            split=split,
            height=info.height,
            width=info.width,
            fps=info.fps,
            source=source,
            frames=tuple(
                Frame(name=f"{index + 1:05d}", annotated=index in annotated, path=source, pts_s=pts_s)
                for index, pts_s in enumerate(info.pts_s)
            ),
            objects=tuple(
                Object(
                    object_id=object_id,
                    category=categories[object_id].most_common(1)[0][0] if object_id in categories else None,
                )
                for object_id in sorted(object_ids)
            ),
            expressions=expressions,
            masks=masks,
        )
        return ReadVideo(video, tuple(problems))

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        """The expressions about a video."""
        self._clip(split, video_id)  # refuses a video of another split
        return self._expressions[video_id]

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        """The mp4 and the mask files of a video."""
        return (self._clip(split, video_id), *self._mask_files(video_id))

    def _clip(self, split: str, video_id: str) -> Path:
        known = self.videos(split)
        if video_id not in known:
            raise UnknownNameError(unknown(f"video of {CARD.name}/{split}", video_id, list(known)))
        return self._clips / self._clip_files[video_id]

    def _mask_files(self, video_id: str) -> list[Path]:
        folder = self._instances / video_id
        return [folder / name for name in file_names(folder) if name.lower().endswith(".h5")]

    def _find_videos(self) -> dict[str, tuple[str, ...]]:
        """The videos of each split that have expressions, a clip and a folder of masks."""
        listed = self._listed.keys()
        described = self._expressions.keys() - set(read_text(self._missed).split() if self._missed else [])
        clips = self._clip_files.keys()
        masked = folder_names(self._instances)
        reasons = {
            "are not in videoset.csv": described - listed,
            f"have no clip in {self._clips.name}": described & (listed - clips),
            f"have no masks in {_INSTANCES}": described & listed & (clips - masked),
        }
        for reason, missing in reasons.items():
            if missing:
                self._problems.append(
                    f"{len(missing)} of {len(described)} videos with expressions {reason} ({some(missing)}); "
                    "they are left out, is the download complete?"
                )
        present = described.difference(*reasons.values())
        videos = {
            split: tuple(sorted(video_id for video_id in present if self._listed[video_id].split == split))
            for split in SPLITS
        }
        return {split: video_ids for split, video_ids in videos.items() if video_ids}

    def _annotated_frames(self, video_id: str, num_frames: int) -> dict[int, Path]:
        """Frame index -> mask file."""
        annotated = {}
        for path in self._mask_files(video_id):
            number = as_whole(path.stem, f"{path}: the frame number", low=1)
            if number > num_frames:
                raise DatasetError(
                    f"{path} annotates frame {number}, {video_id}.mp4 has {num_frames} frames; the clip is "
                    "truncated, fetch it again"
                )
            if number - 1 in annotated:
                raise DatasetError(f"{path} is a second file for frame {number}; expected one per frame")
            annotated[number - 1] = path
        return annotated


def _find(release_dir: Path, folders: tuple[str, ...], name: str) -> Path:
    """A file that copies of the release keep in one folder or another."""
    path = _first_file(release_dir, folders, name)
    if path is None:
        raise MissingPathError(
            f"{release_dir / folders[0] / name} is missing; expected the {CARD.title} release in "
            f"{release_dir}"
        )
    return path


def _first_file(release_dir: Path, folders: tuple[str, ...], name: str) -> Path | None:
    return next((path for folder in folders if (path := release_dir / folder / name).is_file()), None)


def _find_clips(release_dir: Path) -> Path:
    """The folder of mp4 files: code says clips320H, documentation CLIPS320, downloads differ in case."""
    for name in ("clips320h", "clips320"):
        for parent in (release_dir / "Release", release_dir):
            for folder in sorted(folder_names(parent)):
                if folder.lower() == name:
                    return parent / folder
    raise MissingPathError(
        f"{release_dir / 'Release' / 'clips320H'} is missing; expected the folder of mp4 clips"
    )


def _clip_files(folder: Path) -> dict[str, str]:
    """Video -> file name of the mp4 files in a folder, whose suffix may be in any case.

    Raises:
        DatasetError: two of them differ only in it.
    """
    files: dict[str, str] = {}
    for name in file_names(folder):
        if name.lower().endswith(".mp4") and (other := files.setdefault(name[:-4], name)) != name:
            raise DatasetError(f"{folder} holds {other} and {name}; expected one clip a video, remove one")
    return files


def _find_instances(release_dir: Path) -> Path:
    for parent in _TEXT_FOLDERS:
        if (release_dir / parent / _INSTANCES).is_dir():
            return release_dir / parent / _INSTANCES
    expected = release_dir / "text_annotations" / _INSTANCES
    for official in (release_dir / "Release" / "Annotations" / "mat", release_dir / "Annotations" / "mat"):
        if official.is_dir():
            raise DatasetError(
                f"{official} holds the masks of A2D, which do not say which instance an "
                f"expression means; fetch {_INSTANCES}.zip of {CARD.title} and extract it to {expected}"
            )
    raise MissingPathError(f"{expected} is missing; expected the masks as <video>/<frame>.h5")
