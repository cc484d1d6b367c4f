"""How large a store gets: a few videos of a split converted in memory, and multiplied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench.errors import InvalidDataError, MissingPathError
from rvosbench.preparation.pack import media_files, with_pixels
from rvosbench.preparation.unit import Job
from rvosbench.store.encoded import EncodedVideo, as_tables, decode, encode

_FEWEST, _MOST = 4, 100  # videos to convert
_FRAMES = 200  # of short videos so many are converted that they have about as many frames


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """The disk space of a split, extrapolated from a few of its videos."""

    videos: int  # that were converted for it; with none, nothing is known
    store_bytes: int  # in the finished store
    journal_bytes: int  # of the finished videos that are kept until the store is finished
    errors: tuple[str, ...]  # why videos could not be converted
    problems: tuple[str, ...] = ()  # of those that were


def estimate(job: Job, split: str, sizes: Mapping[str, int], videos: int) -> Estimate:
    """Convert evenly spaced videos and multiply.

    Args:
        job: the release; pixels count when it is to be packed.
        split: the split.
        sizes: the videos to choose from -> bytes of their image and video files; by these the pixels
            are multiplied.
        videos: how many videos the split has.
    """
    video_ids = list(sizes)
    sample = _Sample(job, split)
    middle = video_ids[len(video_ids) // 2 :][:1]
    sample.convert(middle)  # it tells how long the videos are
    count = max(_FEWEST, min(_MOST, _FRAMES // max(1, sample.frames)))
    sample.convert([video_id for video_id in _spread(video_ids, count) if video_id not in middle])
    converted = len(sample.encoded)
    if not converted:
        return Estimate(videos=0, store_bytes=0, journal_bytes=0, errors=tuple(sample.errors))
    share = videos / converted
    empty, full = _parquet_bytes([]), _parquet_bytes(sample.encoded)
    tables = round(empty + share * (full - empty))
    seen_bytes = sum(sizes[video.video_id] for video in sample.encoded)
    pixel_share = videos / len(sizes) * sum(sizes.values()) / seen_bytes if seen_bytes else share
    images, media = round(pixel_share * sample.image_bytes), round(pixel_share * sample.media_bytes)
    return Estimate(
        videos=converted,
        store_bytes=tables + images + media,
        journal_bytes=round(share * sample.body_bytes) + images,
        errors=tuple(sample.errors),
        problems=tuple(sample.problems),
    )


class _Sample:
    """The videos that were converted, without their pixels, and how large those are."""

    def __init__(self, job: Job, split: str) -> None:
        self.encoded: list[EncodedVideo] = []
        self.frames = 0
        self.body_bytes = self.image_bytes = self.media_bytes = 0
        self.errors: list[str] = []
        self.problems: list[str] = []
        self._job = job
        self._split = split

    def convert(self, video_ids: Sequence[str]) -> None:
        """Convert more videos; those that fail are noted in `errors`."""
        for video_id in video_ids:
            images = media = 0
            try:
                read = self._job.release.read(self._split, video_id)
                video = read.video
                body = encode(video)
                if self._job.pack:
                    packed = with_pixels(video, self._job.release_dir)
                    images = sum(len(frame.encoded) for frame in packed.frames if frame.encoded is not None)
                    media = sum((self._job.release_dir / name).stat().st_size for name in media_files(packed))
            except (InvalidDataError, MissingPathError) as error:
                self.errors.append(str(error))
                continue
            self.problems += read.problems
            self.encoded.append(decode(body))
            self.frames += len(video.frames)
            self.body_bytes += len(body)
            self.image_bytes += images
            self.media_bytes += media


def _spread(video_ids: Sequence[str], count: int) -> list[str]:
    """`count` evenly spaced ids, first and last included; all if there are fewer."""
    if len(video_ids) <= count:
        return list(video_ids)
    step = (len(video_ids) - 1) / (count - 1)
    return [video_ids[round(position * step)] for position in range(count)]


def _parquet_bytes(videos: Sequence[EncodedVideo]) -> int:
    """The size of all tables as a store has them."""
    total = 0
    for table in as_tables(videos).values():
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:
            writer.write_table(table, row_group_size=max(1, table.num_rows))
        total += sink.tell()
    return total
