"""Which format predictions have; the ground truth itself is none."""

from __future__ import annotations

import re
from pathlib import Path

from rvosbench.errors import MissingPathError, ScoreError
from rvosbench.plugins.protocol import ANNOTATORS
from rvosbench.runs.predictions import Predictions
from rvosbench.submission.files import LAYOUTS, Folder, Unit, Zip, by_video
from rvosbench.submission.sources import (
    AnnotatorMaps,
    LabelMaps,
    MaskFolders,
    ParquetSource,
    PredictionSource,
)

_ANNOTATOR = re.compile(r"anno_\d+")


def open_predictions(
    path: Path,
    unit: Unit,
    release: Path | None = None,
    store: Path | None = None,
) -> PredictionSource:
    """Predictions made by anything.

    Args:
        path: a folder or zip of PNG files, or a folder or file of Parquet.
        unit: what is answered; decides which PNG layouts are expected. For annotators: label maps of each,
            or one mask per expression, which is then to be merged.
        release: the release that the ground truth came from.
        store: the folder of the store with the ground truth.

    Raises:
        MissingPathError: nothing is there.
        FormatError: it is none of these formats.
        ScoreError: it is the ground truth itself, or holds the other layout.
    """
    if not path.exists():
        raise MissingPathError(f"{path} is not there; expected predictions as PNG folders, a zip or Parquet")
    if store is not None and path.resolve().is_relative_to(store.resolve()):
        raise ScoreError(
            f"{path} is the store {store} with the ground truth, or lies in it; name the folder that your "
            "model wrote, outside the store"
        )
    if release is not None and _is_ground_truth(path, release):
        raise _ground_truth(path, release)
    if path.suffix == ".parquet" or (path.is_dir() and any(path.glob("*.parquet"))):
        return ParquetSource(Predictions.open(path))
    tree = Folder(path) if path.is_dir() else Zip(path)
    files = by_video(tree.names(), path, unit)
    if release is not None and path.is_dir():
        folders = {name[:-1] for keyed in files.values() for name in keyed.values()}
        if any(_is_ground_truth(path.joinpath(*folder), release, beside="JPEGImages") for folder in folders):
            raise _ground_truth(path, release)
    if unit == "object":
        return LabelMaps(tree, files)
    annotators = {video_id for video_id in files if _ANNOTATOR.fullmatch(video_id)}
    if not annotators:
        return MaskFolders(tree, files)
    if unit == "expression":
        raise ScoreError(
            f"{path} holds label maps per annotator ({', '.join(sorted(annotators)[:4])}), expected "
            f"{LAYOUTS[unit]}; choose a protocol that merges expressions, such as davis-official"
        )
    if files.keys() != set(ANNOTATORS):
        raise ScoreError(
            f"{path} holds {', '.join(sorted(files)[:5])}, expected the folders {', '.join(ANNOTATORS)} and "
            "no other: the mean is taken over all annotators"
        )
    return AnnotatorMaps(tree, files)


def _is_ground_truth(folder: Path, release: Path, beside: str | None = None) -> bool:
    """Whether it is the release, or lies in a folder of annotations there.

    Args:
        folder: links are followed.
        release: the release.
        beside: the folder that annotations have beside them, unlike results that were written there.
    """
    given, origin = folder.resolve(), release.resolve()
    if not given.is_relative_to(origin):
        return False
    inside = given.relative_to(origin).parts
    return not inside or any(
        part.startswith("Annotations")
        and (beside is None or origin.joinpath(*inside[:place], beside).is_dir())
        for place, part in enumerate(inside)
    )


def _ground_truth(path: Path, release: Path) -> ScoreError:
    """Scoring the release's own annotations gives a perfect score and means nothing."""
    return ScoreError(
        f"{path} is the ground truth of the release {release}, not a prediction; name the folder that your "
        "model wrote, outside the release"
    )
