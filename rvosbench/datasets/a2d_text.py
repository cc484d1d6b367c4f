"""The two tables of A2D-Sentences: `videoset.csv` of the videos, `a2d_annotation.txt` of the expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rvosbench.datasets.reading import as_whole, read_csv, safe_id
from rvosbench.errors import DatasetError
from rvosbench.files.text import shown
from rvosbench.types import Expression

SPLITS = ("train", "test")  # by the number in the last column of videoset.csv
_COPY = re.compile(r"([0-9]{1,9}) \(copy\)")


@dataclass(frozen=True, slots=True)
class ListedVideo:
    """What videoset.csv says about a video."""

    split: str
    num_frames: int


def read_videoset(path: Path) -> dict[str, ListedVideo]:
    """All videos of videoset.csv. The official file has no header, circulating copies have one.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: a line has another form, or a video is in both splits.
    """
    listed: dict[str, ListedVideo] = {}
    for number, row in read_csv(path):
        if number == 1 and row[0].lower() == "vid":
            continue
        where = f"{path}, line {number}"
        if len(row) < 9:
            raise DatasetError(f"{where} has {len(row)} columns, expected 9: {shown(','.join(row))}")
        video_id = safe_id(row[0], f"{where}: the video id")
        split = SPLITS[as_whole(row[8], f"{where}: the usage", high=1)]
        if video_id in listed and listed[video_id].split != split:
            raise DatasetError(f"{where} puts {video_id} into the other split again; expected it in one")
        listed[video_id] = ListedVideo(split, as_whole(row[6], f"{where}: the number of frames"))
    return listed


def read_expression_text(path: Path) -> tuple[dict[str, tuple[Expression, ...]], list[str]]:
    """The expressions of every video, and the lines of copies that have no original.

    A row may be marked as a copy, such as "1 (copy)": the official file has one, beside the row of instance
    1, and everybody drops it. Columns after the third (short queries, in one variant) are ignored. A header
    is optional.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: a line has another form, or describes an instance again.
    """
    found: dict[str, dict[int, Expression]] = {}
    copies: list[tuple[str, int, str]] = []
    columns = None
    for number, row in read_csv(path):
        if number == 1 and row[0].lower() == "video_id":
            columns = len(row)
            continue
        where = f"{path}, line {number}"
        # A comma in an expression would begin a column, and the expression would end there unnoticed.
        if len(row) < 3 or len(row) != (columns or len(row)):
            raise DatasetError(
                f"{where} has {len(row)} columns, expected {columns or 3}, video_id,instance_id,query first: "
                f"{shown(','.join(row))}"
            )
        if copy := _COPY.fullmatch(row[1]):
            copies.append((row[0], int(copy[1]), f"line {number}"))
            continue
        video_id = safe_id(row[0], f"{where}: the video id")
        instance = as_whole(row[1], f"{where}: the instance id")
        if instance in found.setdefault(video_id, {}):
            raise DatasetError(f"{where} describes instance {instance} of {video_id} again; expected one row")
        found[video_id][instance] = Expression(
            video_id=video_id, expression_id=str(instance), text=row[2], object_ids=(instance,)
        )
    lost = [line for video_id, instance, line in copies if instance not in found.get(video_id, {})]
    return {video_id: tuple(expressions.values()) for video_id, expressions in found.items()}, lost
