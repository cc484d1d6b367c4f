"""The short way to a dataset of one's own: a folder of image files per video, a PNG of object ids per frame.

A subclass says where the index is and what it means; files, sizes, masks and their errors are handled here.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from rvosbench.datasets.frame_folders import frame_files, read_video
from rvosbench.datasets.label_maps import annotation_files
from rvosbench.datasets.reading import image_files, read_bytes, safe_id
from rvosbench.errors import DatasetError, RvosbenchError, UnknownNameError
from rvosbench.plugins.dataset import ReadVideo
from rvosbench.plugins.registry import unknown
from rvosbench.types import Card, Expression

Index = Mapping[str, Mapping[str, Sequence[Expression]]]
"""split -> video id -> expressions"""


class FolderRelease(ABC):
    """A release (`rvosbench.plugins.dataset.Release`) of frame folders and annotation PNGs."""

    card: ClassVar[Card]
    index_file: ClassVar[str]  # relative to the release
    fps: ClassVar[float | None] = None

    def __init__(self, release_dir: Path, options: Any) -> None:
        """Read the index, no video.

        Raises:
            MissingPathError: the index is not there.
            DatasetError: it is damaged, or no video has a folder of frames.
        """
        self.release_dir = release_dir
        self.options = options
        self._sha256 = hashlib.sha256(read_bytes(release_dir / self.index_file)).hexdigest()
        listed = self._checked_index()
        self._videos = {
            split: {
                video_id: tuple(of) for video_id, of in videos.items() if self._frame_names(split, video_id)
            }
            for split, videos in listed.items()
        }
        self.problems = tuple(
            f"{split}: {len(listed[split]) - len(kept)} of {len(listed[split])} videos have no frames and "
            "are left out; is the download complete?"
            for split, kept in self._videos.items()
            if len(kept) < len(listed[split])
        )
        if not any(self._videos.values()):
            raise DatasetError(
                f"{release_dir} holds no video of {self.card.title} with frames; expected image files such "
                f"as {self._example(listed)}"
            )

    @abstractmethod
    def read_index(self, path: Path) -> Index:
        """What the index file says.

        Raises:
            DatasetError: it is damaged.
        """

    def frames_folder(self, split: str, video_id: str) -> str:
        """The folder with the frames of a video, relative to the release, with `/`."""
        return f"{split}/JPEGImages/{video_id}"

    def masks_folder(self, split: str, video_id: str) -> str | None:
        """The folder with its annotation PNGs, named as the frames; None where they are hidden."""
        return f"{split}/Annotations/{video_id}"

    def fingerprint(self) -> str:
        """The SHA-256 of the index."""
        return self._sha256

    def index_files(self) -> tuple[Path, ...]:
        """The index."""
        return (self.release_dir / self.index_file,)

    def splits(self) -> tuple[str, ...]:
        """Those that have a video with frames, in the order of the index."""
        return tuple(split for split, videos in self._videos.items() if videos)

    def videos(self, split: str) -> Sequence[str]:
        """The ids of all videos of a split, sorted."""
        return tuple(sorted(self._of(split)))

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        """The expressions about a video."""
        videos = self._of(split)
        if video_id not in videos:
            raise UnknownNameError(unknown(f"video of {self.card.name}/{split}", video_id, list(videos)))
        return videos[video_id]

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        """The frames of a video, and its annotations: those that are there.

        Raises:
            UnknownNameError: no such split or video.
        """
        self.expressions(split, video_id)
        names = self._frame_names(split, video_id)
        frames = frame_files(self.release_dir, self.frames_folder(split, video_id), names)
        masks = self._masks(split, video_id)
        return frames if masks is None else frames + annotation_files(masks, names, all_frames=False)

    def read(self, split: str, video_id: str) -> ReadVideo:
        """Everything about one video. A frame without a PNG is not annotated.

        Raises:
            UnknownNameError: no such split or video.
            DatasetError: a file is damaged, or a mask has another size than its frame.
        """
        expressions = self.expressions(split, video_id)
        images, names = self.frames_folder(split, video_id), self._frame_names(split, video_id)
        if not names:
            raise DatasetError(
                f"{self.release_dir / images} holds no frame any more; extract the video again"
            )
        return read_video(
            self.release_dir,
            video_id=video_id,
            split=split,
            images=images,
            frame_names=names,
            expressions=expressions,
            fps=self.fps,
            annotations=self._masks(split, video_id),
            all_annotated=False,
            categories={},
        )

    def _checked_index(self) -> Index:
        """The index, whose ids become paths; whatever a damaged file does to its reader is one line."""
        path = self.release_dir / self.index_file
        try:
            listed = {
                safe_id(split, f"{path}: a split"): {
                    safe_id(video_id, f"{path}: a video of {split}"): tuple(expressions)
                    for video_id, expressions in videos.items()
                }
                for split, videos in self.read_index(path).items()
            }
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, RvosbenchError):
                raise
            raise DatasetError(
                f"{path} is not an index of {self.card.title} ({type(error).__name__}: {error}); fetch it "
                "again"
            ) from error
        return listed

    def _of(self, split: str) -> Mapping[str, tuple[Expression, ...]]:
        if split not in self._videos:
            raise UnknownNameError(unknown(f"split of {self.release_dir}", split, list(self._videos)))
        return self._videos[split]

    def _frame_names(self, split: str, video_id: str) -> tuple[str, ...]:
        folder = self.release_dir / self.frames_folder(split, video_id)
        return tuple(sorted(image_files(folder))) if folder.is_dir() else ()

    def _masks(self, split: str, video_id: str) -> Path | None:
        folder = self.masks_folder(split, video_id)
        return None if folder is None else self.release_dir / folder

    def _example(self, listed: Index) -> str:
        for split, videos in listed.items():
            for video_id in videos:
                return f"{self.frames_folder(split, video_id)}/00000.jpg"
        return self.frames_folder("train", "a-video") + "/00000.jpg"
