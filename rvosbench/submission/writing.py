"""Predictions as the public servers expect them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.atomic import atomic_file, atomic_folder
from rvosbench.store import Store
from rvosbench.submission.sources import PredictionSource

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_submission(source: PredictionSource, store: Store, split: str, out: Path) -> Path:
    """Write what the Refer-YouTube-VOS server expects: `Annotations/<video>/<expression>/<frame>.png`.

    Every frame of every expression of the split, 0/255 grey; the best candidate is the answer.

    Args:
        source: the predictions.
        store: with the split's expressions and frame names.
        split: of the store.
        out: a `.zip` file, or a folder that is new or empty; appears when it is complete.

    Returns:
        `out`.

    Raises:
        OutputError: `out` is taken, or cannot be written.
        ScoreError: an expression or a frame has no prediction.
    """
    answers = _answers(source, store, split)
    if out.suffix == ".zip":
        with (
            atomic_file(out, overwrite=False) as partial,
            zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive,
        ):
            for name, data in answers:
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    else:
        with atomic_folder(out, durable=False) as folder:
            for name, data in answers:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    return out


def _answers(source: PredictionSource, store: Store, split: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of a submission."""
    for video_id in store.video_ids(split):
        video = store.video(split, video_id)
        best = {
            (row.expression_id, row.frame_index): row.mask
            for row in source.read(video).rows
            if not row.candidate
        }
        for expression in video.expressions:
            for index, frame in enumerate(video.frames):
                mask = best.get((expression.expression_id, index))
                if mask is None:
                    raise ScoreError(
                        f"there is no prediction for {video_id}, expression {expression.expression_id}, "
                        f"frame {frame.name}; the server wants every frame of every expression"
                    )
                name = f"Annotations/{video_id}/{expression.expression_id}/{frame.name}.png"
                yield name, masks.encode_binary_png(masks.decode(mask))
