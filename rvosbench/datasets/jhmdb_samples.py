"""Which frames of JHMDB-Sentences are scored: the published lists of three frames per video.

MTTR drew three frames of every video at random and published the list; its numbers and those of its
followers are for these 2784 frames. SOC's repository has lists of its own. The file is a JSON list of
`[video, path of the frame, path of the masks, number of frames, expression]`; the paths begin with folders of
the authors' machines, so only their last three parts count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rvosbench.datasets.reading import as_list, as_text, as_whole, read_json, safe_id
from rvosbench.errors import DatasetError
from rvosbench.files.text import shown

# The videos that the lists begin with; their frames are enough to tell random draws apart.
_FIRST = (
    "100_pullups_pullup_f_nm_np1_fr_med_1",
    "100_pullups_pullup_f_nm_np1_fr_med_2",
    "100_pullups_pullup_u_nm_np1_fr_med_0",
)
_KNOWN: Mapping[tuple[tuple[int, ...], ...], str] = {
    ((2, 8, 18), (9, 15, 16), (6, 7, 35)): "MTTR",
    ((3, 22, 32), (15, 31, 35), (10, 15, 33)): "SOC",
    ((2, 6, 16), (13, 17, 24), (24, 31, 40)): "SOC, file ..._new.json",
}


@dataclass(frozen=True, slots=True)
class Samples:
    """A list of frames to score."""

    frames: Mapping[str, frozenset[int]]  # video -> numbers of its frames, from 1
    digest: str  # SHA-256 of videos and frames, the same whatever the folders in the paths

    @property
    def origin(self) -> str:
        """Whose list it is: "MTTR", "SOC" or "an unknown author"."""
        first = tuple(tuple(sorted(self.frames.get(video_id, ()))) for video_id in _FIRST)
        return _KNOWN.get(first, "an unknown author")


def read_samples(path: Path) -> Samples:
    """Read a list of frames.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: it is not JSON, has another shape, or an id that is not a safe file name.
    """
    frames: dict[str, set[int]] = {}
    for number, value in enumerate(as_list(read_json(path), str(path))):
        where = f"{path}, entry {number}"
        entry = as_list(value, where)
        if len(entry) != 5:
            raise DatasetError(
                f"{where} has {len(entry)} fields, expected 5: video, frame path, mask path, frames, "
                "expression"
            )
        video_id = safe_id(entry[0], f"{where}: the video id")
        parts = PurePosixPath(as_text(entry[1], f"{where}: the frame path")).parts[-2:]
        if len(parts) != 2 or parts[0] != video_id:
            raise DatasetError(
                f"{where}: the frame path is {shown(entry[1])}, expected an end of "
                f"<action>/{video_id}/<frame>.png"
            )
        frame = as_whole(PurePosixPath(parts[1]).stem, f"{where}: the frame number", low=1)
        frames.setdefault(video_id, set()).add(frame)
    lines = sorted(f"{video_id} {frame}\n" for video_id, numbers in frames.items() for frame in numbers)
    return Samples(
        {video_id: frozenset(numbers) for video_id, numbers in frames.items()},
        hashlib.sha256("".join(lines).encode()).hexdigest(),
    )
