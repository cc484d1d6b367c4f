"""JHMDB-Sentences, as released. For evaluation only: models are trained on A2D-Sentences.

```text
Rename_Images/<action>/<video>/<frame>.png            numbered from 00001
puppet_mask/<action>/<video>/puppet_mask.mat          MATLAB 5, part_mask (H, W, T)
jhmdb_annotation.txt                                  video_id,query: one expression per video
jhmdb_sentences_samples_metadata.json                 which frames are scored (optional)
```
* There is one split, `test`, and one actor per video: object 1, whose category is the action.
* Some videos have more frames than masks; the frames after the last mask are left out, as MTTR does, so
  that a window never reaches into them.
* With a list of samples only its frames are annotated, so that scores are comparable to published ones; its
  origin (MTTR or SOC, whose frames differ) and digest stand in the store's card. Without one every frame is
  annotated. The option `samples` names a list that lies elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.datasets.frame_folders import as_video, frame_files, open_frames
from rvosbench.datasets.jhmdb_samples import Samples, read_samples
from rvosbench.datasets.matlab_arrays import array_shape, read_array
from rvosbench.datasets.parts import say_parts
from rvosbench.datasets.reading import fingerprint, folder_names, read_csv, release_folder, safe_id
from rvosbench.datasets.specs.jhmdb import CARD, JhmdbOptions
from rvosbench.errors import DatasetError, UnknownNameError
from rvosbench.files.text import shown, some
from rvosbench.plugins.dataset import ReadVideo
from rvosbench.plugins.registry import unknown
from rvosbench.types import Expression

SPLIT = "test"
SAMPLES = "jhmdb_sentences_samples_metadata.json"
_TEXT = "jhmdb_annotation.txt"
_ARRAY = "part_mask"
_ACTOR = 1
_MOST_FRAMES = 10_000  # a few kB of zeros inflate to masks of one pixel and millions of frames


class JhmdbSentences:
    """A copy of JHMDB-Sentences on disk.

    Attributes:
        card: what a whole release holds; the title says which frames are annotated.
    """

    def __init__(self, release_dir: Path, options: JhmdbOptions) -> None:
        """Read the expressions and the list of samples.

        Args:
            release_dir: the folder with `Rename_Images` and `puppet_mask`.
            options: see the module.

        Raises:
            MissingPathError: the folder, the expressions or the named list is not there.
            DatasetError: it holds no video, or a file has the wrong shape.
        """
        self.release_dir = release_folder(release_dir, CARD.title)
        self._problems: list[str] = []
        self._expressions = _read_expression_text(release_dir / _TEXT)
        self._actions = self._find_videos()
        if not self._actions:
            raise DatasetError(
                f"{release_dir} has no video with frames, masks and an expression"
                f"{say_parts(release_dir, [[_TEXT, 'Rename_Images', 'puppet_mask']])}; expected "
                "Rename_Images/<action>/<video>/ and puppet_mask/<action>/<video>/puppet_mask.mat"
            )
        self._samples = self._find_samples(options.samples)
        self.card = replace(CARD, title=f"{CARD.title} ({_which_frames(self._samples)})")

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing from this copy without making it useless."""
        return tuple(self._problems)

    def fingerprint(self) -> str:
        """SHA-256 over the expressions and the scored frames, whatever the folders in the list of samples."""
        text = fingerprint([self.release_dir / _TEXT], self.release_dir)
        scored = self._samples.digest if self._samples else "all"
        return hashlib.sha256(f"{text} {scored}".encode()).hexdigest()

    def index_files(self) -> tuple[Path, ...]:
        """The expressions and, if there is one, the list of samples."""
        samples = [] if self._samples is None else [self._samples_path]
        return (self.release_dir / _TEXT, *samples)

    def splits(self) -> tuple[str, ...]:
        """The one split, `test`."""
        return (SPLIT,)

    def videos(self, split: str) -> Sequence[str]:
        """The videos that have frames, masks and an expression, sorted."""
        if split != SPLIT:
            raise UnknownNameError(unknown(f"split of {self.release_dir}", split, [SPLIT]))
        return tuple(self._actions)

    def read(self, split: str, video_id: str) -> ReadVideo:
        """Everything about one video.

        Raises:
            UnknownNameError: no such split or video.
            MissingPathError: a frame is missing.
            DatasetError: the masks are damaged, or do not fit the frames or the list of samples.
        """
        action = self._action(split, video_id)
        path = self._mask_path(action, video_id)
        parts = read_array(path, _ARRAY)
        if parts.ndim == 2:  # MATLAB drops the axis of a single frame
            parts = parts[:, :, None]
        if parts.ndim != 3:
            raise DatasetError(f"{path}: part_mask is {parts.shape}, expected (height, width, frames)")
        names = _frame_names(parts.shape[2], path)
        frames = open_frames(self.release_dir, f"Rename_Images/{action}/{video_id}", names, ".png")
        if parts.shape[:2] != frames.size:
            raise DatasetError(
                f"{path}: part_mask is {parts.shape}, its frames {frames.size[0]}x{frames.size[1]} px"
                f"{frames.exif_hint(parts.shape[:2])}; "
                "expected (height, width, frames), masks are never resized"
            )
        annotated = self._annotated(video_id, parts.shape[2], path)
        video = as_video(
            frames,
            video_id=video_id,
            split=split,
            expressions=self._expressions[video_id],
            fps=None,
            masks={
                (_ACTOR, index): masks.encode(mask)
                for index, scored in enumerate(annotated)
                if scored and (mask := _actor(parts, index)).any()
            },
            annotated=annotated,
            categories={_ACTOR: action},
        )
        return ReadVideo(video, frames.problems)

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        """The expression about a video."""
        self._action(split, video_id)  # refuses an unknown video
        return self._expressions[video_id]

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        """The masks of a video and as many frames: the frames after the last mask are not needed."""
        action = self._action(split, video_id)
        path = self._mask_path(action, video_id)
        if not path.is_file():
            return (path,)
        shape = array_shape(path, _ARRAY)
        names = _frame_names(shape[2] if len(shape) > 2 else 1, path)
        return (path, *frame_files(self.release_dir, f"Rename_Images/{action}/{video_id}", names, ".png"))

    def _action(self, split: str, video_id: str) -> str:
        known = self.videos(split)
        if video_id not in known:
            raise UnknownNameError(unknown(f"video of {CARD.name}/{split}", video_id, list(known)))
        return self._actions[video_id]

    def _mask_path(self, action: str, video_id: str) -> Path:
        return self.release_dir / "puppet_mask" / action / video_id / "puppet_mask.mat"

    def _annotated(self, video_id: str, count: int, path: Path) -> list[bool]:
        """For each frame whether it is scored."""
        if self._samples is None:
            return [True] * count
        scored = self._samples.frames.get(video_id, frozenset())
        if scored and max(scored) > count:
            raise DatasetError(
                f"{path} has masks of {count} frames, the list of samples wants frame {max(scored)}; "
                "expected the masks that the list was made for, fetch them again"
            )
        return [number in scored for number in range(1, count + 1)]

    def _find_videos(self) -> dict[str, str]:
        """Video -> action, of the videos that have an expression, frames and masks."""
        images = self.release_dir / "Rename_Images"
        actions: dict[str, str] = {}
        for action in sorted(folder_names(images)):
            here = folder_names(images / action) & self._expressions.keys()
            if here & actions.keys():
                raise DatasetError(
                    f"{images} has {some(here & actions.keys())} in {action} and in another folder; expected "
                    "every video under one action"
                )
            actions |= dict.fromkeys(here, action)
        for action in set(actions.values()):
            safe_id(action, f"{images}: the name of an action")
        masked = {
            video_id for video_id, action in actions.items() if self._mask_path(action, video_id).is_file()
        }
        reasons = {
            "are not in Rename_Images": self._expressions.keys() - actions.keys(),
            "have no puppet_mask.mat": actions.keys() - masked,
        }
        for reason, missing in reasons.items():
            if missing:
                self._problems.append(
                    f"{len(missing)} of {len(self._expressions)} videos with expressions {reason} "
                    f"({some(missing)}); they are left out, is the download complete?"
                )
        return {video_id: actions[video_id] for video_id in sorted(masked)}

    def _find_samples(self, named: Path | None) -> Samples | None:
        path = named or self.release_dir / SAMPLES
        self._samples_path = path
        if named is None and not path.is_file():
            self._problems.append(
                f"there is no {SAMPLES}: every frame is annotated, published numbers are for three frames "
                "per video; fetch the file of MTTR to compare with them"
            )
            return None
        samples = read_samples(path)
        lacking = self._actions.keys() - samples.frames.keys()
        if len(lacking) == len(self._actions):
            raise DatasetError(
                f"{path} names none of the {len(lacking)} videos; expected the list of JHMDB-Sentences"
            )
        if lacking:
            self._problems.append(
                f"{path.name} lacks {len(lacking)} of {len(self._actions)} videos ({some(lacking)}); no "
                "frame of them is scored"
            )
        return samples


def _frame_names(count: int, path: Path) -> list[str]:
    """The names of the frames that have masks; the official videos have 15 to 40."""
    if count > _MOST_FRAMES:
        raise DatasetError(f"{path} has masks of {count} frames, expected at most {_MOST_FRAMES}")
    return [f"{number:05d}" for number in range(1, count + 1)]


def _which_frames(samples: Samples | None) -> str:
    if samples is None:
        return "all frames"
    return f"frames of {samples.origin}, sha256 {samples.digest[:12]}"


def _actor(parts: NDArray[Any], index: int) -> NDArray[np.bool_]:
    """(H, W) the actor of one frame."""
    return np.asarray(parts[:, :, index] != 0)


def _read_expression_text(path: Path) -> dict[str, tuple[Expression, ...]]:
    """The expression of every video."""
    expressions: dict[str, tuple[Expression, ...]] = {}
    for number, row in read_csv(path):
        if number == 1 and row[0] == "video_id":
            continue
        where = f"{path}, line {number}"
        if len(row) != 2:
            raise DatasetError(f"{where} is {shown(','.join(row))}, expected: video_id,query")
        video_id = safe_id(row[0], f"{where}: the video id")
        if video_id in expressions:
            raise DatasetError(f"{where} describes {video_id} again; expected one expression per video")
        expressions[video_id] = (
            Expression(video_id=video_id, expression_id="0", text=row[1], object_ids=(_ACTOR,)),
        )
    return expressions
