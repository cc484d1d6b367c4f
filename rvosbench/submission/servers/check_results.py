"""results.json of YouTube-VIS in a zip: every track, every run length."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from rvosbench.errors import ScoreError
from rvosbench.files.text import one_line, shown
from rvosbench.masks.run_lengths import foreground_areas
from rvosbench.store import Store
from rvosbench.submission.servers.check_archive import Archive
from rvosbench.submission.servers.faults import FaultList
from rvosbench.submission.servers.results_json import number_of
from rvosbench.submission.servers.server import Layout
from rvosbench.types import Rle

_MOST_BYTES = 2**30
_KEYS = ("video_id", "category_id", "score", "segmentations")


def check_results(archive: Archive, store: Store, split: str, layout: Layout, faults: FaultList) -> None:
    """Add what is wrong with the one file that a zip should hold."""
    name = _find(archive, layout, faults)
    data = None if name is None else archive.read(name, _MOST_BYTES)
    if name is None or data is None:
        return
    try:
        tracks = json.loads(data, object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        faults.add("bad-json", f"{name} ({one_line(error, 100)})")
        return
    if not isinstance(tracks, list):
        faults.add("bad-json", f"{name} holds {shown(tracks)}, wanted a list of tracks")
        return
    _check_tracks(tracks, store, split, faults)


def _find(archive: Archive, layout: Layout, faults: FaultList) -> str | None:
    """The file, under its own name or as the only JSON there is; what else there is has no place."""
    given = [name for name in archive.files if name.lower().endswith(".json")]
    if layout.template in archive.files:
        name: str | None = layout.template
    elif len(given) == 1:
        name = given[0]
        faults.add("wrong-name", f"{name}, wanted {layout.template} at the top")
    else:
        name = None
        faults.add("bad-json", f"no {layout.template}")
    faults.add_all("other-file", (other for other in archive.files if other != name))
    return name


def _check_tracks(tracks: list[Any], store: Store, split: str, faults: FaultList) -> None:
    videos = {number_of(row["video_id"]): row for row in _videos(store, split)}
    wanted: dict[int | str, dict[int | str, str]] = {key: {} for key in videos}
    for expression in store.expressions(split):
        asked = wanted[number_of(expression.video_id)]
        asked[number_of(expression.expression_id)] = expression.expression_id
    answered: dict[int | str, set[int | str]] = {}
    for position, track in enumerate(tracks):
        where = f"track {position}"
        if not isinstance(track, dict) or any(key not in track for key in _KEYS):
            faults.add("bad-entry", f"{where} has no {', '.join(_missing_keys(track))}")
            continue
        video_id, category_id = track["video_id"], track["category_id"]
        if not _is_id(video_id) or video_id not in videos:
            faults.add("surplus-video", f"{where}: {shown(video_id)}")
            continue
        if not _is_id(category_id) or category_id not in wanted[video_id]:
            faults.add("surplus-expression", f"{where}: {shown(video_id)}/{shown(category_id)}")
            continue
        answered.setdefault(video_id, set()).add(category_id)
        for fault in _faults_of(track, videos[video_id]):
            faults.add("bad-entry", f"{where}, video {video_id}, category {category_id}: {fault}")
    for key, asked in wanted.items():
        if asked and key not in answered:
            faults.add("missing-video", str(videos[key]["video_id"]))
            continue
        gone = asked.keys() - answered.get(key, set())
        faults.add_all("missing-expression", sorted(f"{videos[key]['video_id']}/{asked[e]}" for e in gone))


def _videos(store: Store, split: str) -> Iterator[dict[str, Any]]:
    """Id, size and number of frames of every video."""
    rows = store.table("videos", split, ["video_id", "height", "width"]).to_pylist()
    counts: dict[str, int] = {}
    for video_id in store.table("frames", split, ["video_id"])["video_id"].to_pylist():
        counts[video_id] = counts.get(video_id, 0) + 1
    for row in rows:
        yield row | {"frames": counts.get(row["video_id"], 0)}


def _faults_of(track: Mapping[str, Any], video: Mapping[str, Any]) -> Iterator[str]:
    score, segmentations = track["score"], track["segmentations"]
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        yield f"the score {shown(score)} is no finite number"
    if not isinstance(segmentations, list) or len(segmentations) != video["frames"]:
        count = len(segmentations) if isinstance(segmentations, list) else shown(segmentations)
        yield f"{count} masks, the video has {video['frames']} frames"
        return
    size = [video["height"], video["width"]]
    compressed = []
    for index, mask in enumerate(segmentations):
        if mask is None:
            continue  # nothing there
        if not isinstance(mask, dict) or not isinstance(mask.get("counts"), str | list):
            yield f"mask {index} is {shown(mask)}, wanted run lengths"
            return
        if mask.get("size") != size:
            yield f"mask {index} is of the size {shown(mask.get('size'))}, the video {size} (height, width)"
            return
        counts = mask["counts"]
        if isinstance(counts, list):
            if any(isinstance(run, bool) or not isinstance(run, int) or run < 0 for run in counts):
                yield f"mask {index} has runs that are no whole numbers"
                return
            if sum(counts) != size[0] * size[1]:
                yield f"mask {index} has runs of {shown(sum(counts))} pixels, its frame {size[0] * size[1]}"
                return
        else:
            compressed.append(Rle(video["height"], video["width"], counts.encode("ascii", "replace")))
    try:
        foreground_areas(compressed)
    except ScoreError as error:
        yield one_line(error, 100)


def _missing_keys(track: object) -> tuple[str, ...]:
    return tuple(key for key in _KEYS if not isinstance(track, dict) or key not in track)


def _is_id(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key comes twice in one object")
    return made


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
