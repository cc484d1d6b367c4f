"""What an evaluation writes: scores per frame, per expression and in all; whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rvosbench import masks
from rvosbench.analysis.bootstrap import interval
from rvosbench.analysis.ranking import average_precision_interval
from rvosbench.errors import FormatError, OutputError
from rvosbench.evaluation.targets import Query
from rvosbench.metrics import statistics
from rvosbench.metrics.average_precision import match_samples
from rvosbench.metrics.coco_figures import Matches, coco_figures, join_matches
from rvosbench.metrics.samples import sample_figures, sample_iou
from rvosbench.plugins.protocol import Protocol
from rvosbench.runs import record as run_record
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.run import SCORES_FOLDER
from rvosbench.runs.scores import SCORES, MetricValue, Scores
from rvosbench.runs.tables import EXPRESSION_SCHEMA, EXPRESSION_SCORES, FRAME_SCHEMA, FRAME_SCORES
from rvosbench.types import Video

_GROUP_ROWS = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameRow:
    """One row of frame_scores.parquet, in the order of `FRAME_SCHEMA`."""

    video_id: str
    expression_id: str
    frame_index: int
    j: float
    f: float
    intersection: int  # px
    union: int  # px
    predicted_area: int  # px
    true_area: int  # px


class ScoreTables:
    """Collects the scores of a run; nothing shows under its final name before `finish`."""

    def __init__(self, run: Path, protocol: Protocol) -> None:
        """Reserve the place.

        Raises:
            OutputError: the folder cannot be written.
        """
        self._run = run
        self._protocol = protocol
        self._folder = run / SCORES_FOLDER / protocol.name
        self._partial = self._folder.with_name(f".{protocol.name}.partial")
        self._run_is_new = not run.exists()
        try:
            shutil.rmtree(self._partial, ignore_errors=True)
            self._partial.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"{run} cannot be written ({error.strerror}); choose another place") from error
        self._frames = pq.ParquetWriter(self._partial / FRAME_SCORES, FRAME_SCHEMA, compression="zstd")
        self._pending: list[tuple[Any, ...]] = []
        self._expressions: list[dict[str, Any]] = []
        self._annotators: list[str | None] = []  # one per row of the expressions' table
        self._statistics: list[tuple[float, float, float, float]] = []
        self._samples: list[tuple[str, int, int]] = []  # video, intersection, union
        self._matches: list[Matches] = []  # one per video
        self._sample_ids: list[str] = []
        self._videos: set[str] = set()
        self.n_frames = 0
        self._true_px = 0
        self._predicted_px = 0

    @property
    def all_empty(self) -> bool:
        """Nothing was predicted anywhere, though there was something to find."""
        return not self._predicted_px and bool(self._true_px)

    @property
    def n_videos(self) -> int:
        """Videos that were scored."""
        return len(self._videos)

    def add(
        self,
        video: Video,
        asked: Sequence[Query],
        rows: Sequence[tuple[Query, FrameRow]],
        answers: Mapping[tuple[str, int], Sequence[Prediction]],
    ) -> None:
        """Append one video: its queries, the scores of every frame by query, and all candidates."""
        self._videos.add(video.video_id)
        self.n_frames += len(rows)
        self._pending += [astuple(row) for _, row in rows]
        self._true_px += sum(row.true_area for _, row in rows)
        self._predicted_px += sum(row.predicted_area for _, row in rows)
        if len(self._pending) >= _GROUP_ROWS:
            self._flush()
        start = 0
        for query in asked:
            mine = [row for _, row in rows[start : start + len(query.frames)]]
            start += len(query.frames)
            self._add_expression(query, mine)
        if self._protocol.unit == "frame sample":
            self._samples += [(row.video_id, row.intersection, row.union) for _, row in rows]
        if "mAP" in self._protocol.metrics:
            self._add_detections(video, asked, answers)

    def _add_expression(self, query: Query, rows: Sequence[FrameRow]) -> None:
        j, f = [row.j for row in rows], [row.f for row in rows]
        mean_j, mean_f = statistics.mean(j), statistics.mean(f)
        self._expressions.append(
            {
                "video_id": rows[0].video_id,
                "expression_id": query.expression_id,
                "text": query.text,
                "j": mean_j,
                "f": mean_f,
                "j_and_f": (mean_j + mean_f) / 2,
                "n_frames": len(rows),
            }
        )
        self._annotators.append(query.annotator)
        self._statistics.append(
            (statistics.recall(j), statistics.decay(j), statistics.recall(f), statistics.decay(f))
        )

    def _add_detections(
        self,
        video: Video,
        asked: Sequence[Query],
        answers: Mapping[tuple[str, int], Sequence[Prediction]],
    ) -> None:
        """Match the candidates of a video by the COCO rules."""
        images: list[dict[str, Any]] = []
        truths: list[dict[str, Any]] = []
        detections: list[dict[str, Any]] = []
        for query in asked:
            for frame, truth in zip(query.frames, query.truths, strict=True):
                name = video.frames[frame].name
                number = str(int(name)) if name.isdecimal() else name
                # The official id: where scores tie, COCO ranks by its order.
                image_id = f"v_{video.video_id}_f_{number}_i_{query.expression_id}"
                images.append({"id": image_id, "height": truth.height, "width": truth.width})
                truths.append(
                    {
                        "id": len(truths) + 1,
                        "image_id": image_id,
                        "category_id": 1,
                        "segmentation": masks.as_coco(truth),
                        "area": float(masks.area(truth)),
                        "bbox": list(masks.bounding_box(truth)),
                        "iscrowd": 0,
                    }
                )
                rows = answers[query.expression_id, frame]
                if self._protocol.candidates == "best":
                    rows = [max(rows, key=lambda row: (row.score, row.candidate))]
                detections += [
                    {
                        "image_id": image_id,
                        "category_id": 1,
                        "segmentation": masks.as_coco(row.mask),
                        "score": row.score,
                    }
                    for row in rows
                ]
        categories = [{"id": 1, "name": "object"}]
        ground_truth = {"images": images, "annotations": truths, "categories": categories}
        self._matches.append(match_samples(ground_truth, detections))
        self._sample_ids += [image["id"] for image in images]

    def metrics(self, seed: int) -> dict[str, MetricValue]:
        """The protocol's numbers, in its order."""
        known = self._sample_metrics(seed) if self._samples else self._mean_metrics(seed)
        return {name: known[name] for name in self._protocol.metrics}

    def _mean_metrics(self, seed: int) -> dict[str, MetricValue]:
        videos = [row["video_id"] for row in self._expressions]
        columns = {
            "J&F": [row["j_and_f"] for row in self._expressions],
            "J": [row["j"] for row in self._expressions],
            "F": [row["f"] for row in self._expressions],
        }
        names = ("J recall", "J decay", "F recall", "F decay")
        columns |= {name: [row[i] for row in self._statistics] for i, name in enumerate(names)}
        means = {name: self._means(values) for name, values in columns.items()}
        # The mean of the two means, as DAVIS computes it; it differs from the mean of means in the last bit.
        means["J&F"] = [(j + f) / 2 for j, f in zip(means["J"], means["F"], strict=True)]
        metrics = {}
        for name, values in columns.items():
            low, high = interval(values, videos, seed)
            n = len(values) // len(means[name])
            metrics[name] = _metric(float(np.mean(means[name])), n, self._protocol.unit, low, high, name)
        return metrics

    def _means(self, values: Sequence[float]) -> list[float]:
        """One mean per annotator; a single one where the protocol does not tell them apart."""
        of: dict[str | None, list[float]] = {}
        for annotator, value in zip(self._annotators, values, strict=True):
            of.setdefault(annotator, []).append(value)
        return [float(np.mean(group)) for group in of.values()]

    def _sample_metrics(self, seed: int) -> dict[str, MetricValue]:
        videos = [video for video, _, _ in self._samples]
        intersections = np.array([i for _, i, _ in self._samples], np.int64)
        unions = np.array([u for _, _, u in self._samples], np.int64)
        iou = sample_iou(intersections, unions)
        metrics = {}
        for name, value in sample_figures(iou, intersections, unions).items():
            if name == "oIoU":
                low, high = interval(intersections, videos, seed, weights=unions)
            elif name == "mIoU":
                low, high = interval(iou, videos, seed)
            else:
                low, high = interval(iou > float(name.removeprefix("P@")), videos, seed)
            metrics[name] = _metric(value, len(videos), self._protocol.unit, low, high, name)
        if self._matches:
            matches = join_matches(self._matches, self._sample_ids)
            figure = coco_figures(matches)["mAP"]
            assert isinstance(figure, float)
            low, high = average_precision_interval(matches.sample, matches.hit, videos, seed)
            metrics["mAP"] = _metric(figure, len(videos), self._protocol.unit, low, high, "mAP")
        return metrics

    def finish(self, scores: Scores) -> None:
        """Write the rest and give the folder its final name; scores of other protocols stay."""
        self._flush()
        self._frames.close()
        table = pa.Table.from_pylist(self._expressions, schema=EXPRESSION_SCHEMA)
        pq.write_table(table, self._partial / EXPRESSION_SCORES, compression="zstd")
        run_record.write_json(self._partial / SCORES, scores.as_json())
        old = self._folder.with_name(f".{self._folder.name}.old")
        try:
            shutil.rmtree(old, ignore_errors=True)
            if self._folder.exists():
                self._folder.rename(old)
            self._partial.rename(self._folder)
        except OSError as error:
            raise OutputError(f"{self._folder} cannot be written ({error.strerror})") from error
        shutil.rmtree(old, ignore_errors=True)
        _remove_old_layout(self._run, self._protocol.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._frames.close()
        shutil.rmtree(self._partial, ignore_errors=True)
        if kind is not None:
            with contextlib.suppress(OSError):
                self._folder.parent.rmdir()  # unless it holds the scores of another protocol
                if self._run_is_new:
                    self._run.rmdir()

    def _flush(self) -> None:
        columns = list(zip(*self._pending, strict=True)) or [()] * len(FRAME_SCHEMA)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, FRAME_SCHEMA, strict=True)]
        self._frames.write_table(pa.table(arrays, schema=FRAME_SCHEMA))
        self._pending = []


def _metric(value: float, n: int, unit: str, low: float, high: float, name: str) -> MetricValue:
    better: Literal["higher", "lower"] = "lower" if name.endswith(" decay") else "higher"
    return MetricValue(value=value, n=n, unit=unit, low=low, high=high, better=better)


def _remove_old_layout(run: Path, protocol: str) -> None:
    """Take away what an earlier version wrote at the top of the run for the protocol just scored."""
    if not (run / SCORES).is_file():
        return
    try:
        old = Scores.read(run / SCORES).protocol.name
    except FormatError:
        old = protocol  # damaged: its message says to score again, which was just done
    if old == protocol:
        for name in (SCORES, FRAME_SCORES, EXPRESSION_SCORES):
            (run / name).unlink(missing_ok=True)
