"""What a value in a JSON file looks like, before anybody asks what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rvosbench.submission.forms.json_text import Scanner
from rvosbench.submission.forms.meaning import RECORD_ID, RECORD_TEXT
from rvosbench.submission.forms.names import Names
from rvosbench.submission.forms.run_lengths import is_run_lengths
from rvosbench.submission.forms.tracks import SCORES, mask_key
from rvosbench.submission.trees import Name, suffix_of

RECORD_VIDEO = ("video_id", "video", "video_name", "vid", "vid_name")
"""The keys under which a record says which video it is about."""


def holds_masks(value: object) -> bool:
    """Whether run lengths are somewhere in a value, or nulls in a list where they might be."""
    inside = [value]
    while inside:
        value = inside.pop()
        if is_run_lengths(value):
            return True
        if isinstance(value, list):
            if any(element is None for element in value):
                return True
            inside += value
        elif isinstance(value, dict):
            inside += value.values()
    return False


def is_track(value: object) -> bool:
    """Whether a value is of one expression: a mask, or a list whose elements do not say what they answer."""
    if not isinstance(value, list):
        return is_run_lengths(value)
    return not any(
        isinstance(element, dict)
        and not is_run_lengths(element)
        and any(key in element for key in (*RECORD_ID, *RECORD_TEXT))
        for element in value
    )


def is_ground_truth(record: Mapping[str, Any]) -> bool:
    """Whether a record is an annotation of COCO or YouTube-VIS: what nobody predicts, and no score."""
    if any(
        key in record for key in SCORES
    ):  # loading results with pycocotools adds areas and iscrowd to them
        return False
    return "iscrowd" in record or ("id" in record and ("area" in record or "areas" in record))


def wraps_results(value: object, names: Names) -> bool:
    """Whether results by video, or records, lie in a value, so that its key is a word of whoever wrote it."""
    if isinstance(value, dict):
        return any(key in names.asked for key in value)
    keys = {"image_id", *RECORD_VIDEO}
    records = value if isinstance(value, list) else []
    return any(isinstance(record, dict) and not keys.isdisjoint(record) for record in records)


def named_by_path(scanner: Scanner, path: Name, names: Names) -> tuple[str, str | None] | None:
    """What a whole file is about by its name: `<video>.json`, or `<video>/<expression>.json`.

    Args:
        scanner: at the beginning of the file, and there again afterwards.
        path: its path parts.
        names: of the store.

    Returns:
        The video, and the expression; None for a file of all expressions of a video. None where the name says
        nothing, or the content says what it is about itself.
    """
    if not path or not scanner.peek():
        return None
    stem, above = path[-1][: -len(suffix_of(path))], path[-2] if len(path) > 1 else ""
    ids, of_above = names.asked.get(stem, {}), names.asked.get(above, {})
    if not ids and stem not in of_above:
        return None
    start = scanner.position
    content = scanner.value()
    is_whole, scanner.position = not scanner.peek(), start
    if not is_whole or not holds_masks(content):
        return None
    keys = content.keys() if isinstance(content, dict) else set()
    if keys & names.asked.keys():
        return None
    if keys and keys <= ids.keys():
        return stem, None
    if isinstance(content, dict) and not is_run_lengths(content):
        is_answer = (
            keys.isdisjoint(("image_id", *RECORD_VIDEO))
            if mask_key(content) is not None
            else all(mask is None or is_run_lengths(mask) for mask in content.values())
        )
    else:
        elements = content if isinstance(content, list) else [content]
        is_answer = all(mask is None or isinstance(mask, list) or is_run_lengths(mask) for mask in elements)
    return (above, stem) if stem in of_above and is_answer else None
