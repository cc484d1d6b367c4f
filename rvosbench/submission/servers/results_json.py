"""results.json of YouTube-VIS: a track of run lengths for every video and category.

```text
[{"video_id": 3, "category_id": 12, "score": 0.9, "segmentations": [{"size": [h, w], "counts": "..."}, ...]}]
```
An expression stands for a category; `exp_id` beside it says which, for readers to whom a number does not.
Source: `instances_to_coco_json_video` in lvvis_eval.py of LV-VIS.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from rvosbench import masks
from rvosbench.submission.servers.answers import Tracks
from rvosbench.types import Video


def entries(video: Video, tracks: Tracks) -> Iterator[bytes]:
    """The entries of a video, as JSON; of the frames' scores the mean."""
    for expression_id, track in tracks.items():
        entry = {
            "video_id": number_of(video.video_id),
            "category_id": number_of(expression_id),
            "exp_id": expression_id,
            "score": math.fsum(row.score for row in track) / max(1, len(track)),
            "segmentations": [masks.as_json(row.mask) for row in track],
        }
        yield json.dumps(entry, allow_nan=False).encode()


def number_of(name: str) -> int | str:
    """An id as the server has it: a number where it is one, however many zeros precede it.

    Example:
        >>> number_of("00012"), number_of("bear")
        (12, 'bear')
    """
    return int(name) if name.isascii() and name.isdigit() else name
