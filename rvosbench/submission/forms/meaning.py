"""What a record of a list answers: it says so, or a list of an annotation file does, or it is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rvosbench.errors import ScoreError
from rvosbench.files.text import shown, some
from rvosbench.submission.forms.index_lists import IndexLists
from rvosbench.submission.forms.json_text import text_or_number
from rvosbench.submission.forms.names import Names

RECORD_ID = ("exp_id", "expression_id", "object_id", "obj_id", "sent_id")
"""The keys under which a record says by id what it answers."""
RECORD_TEXT = ("expression", "exp", "caption", "text", "noun_phrase")
"""Those under which it says so in words."""
MEANT = (*RECORD_ID, *RECORD_TEXT, "category_id")
"""All keys that say what a record answers, directly or not."""

_BESIDE = "into the folder or zip with the results"


def record_id(record: Mapping[str, Any], video_id: str, names: Names, where: str) -> str | None:
    """What a record answers: by an id, or by the words of an expression; None if it does not say.

    Raises:
        ScoreError: an id is neither text nor a whole number, or stands beside the words of another
            expression.
    """
    known = names.asked.get(video_id, {})
    for key in RECORD_ID:
        if record.get(key) is not None:
            said = text_or_number(record[key], f"{where}: {key}")
            refuse_other_words(record, said, known, f"{where}: {key}")
            return said
    for key in RECORD_TEXT:
        text = record.get(key)
        if isinstance(text, str):
            asked_id = names.of_text(video_id, text)
            return asked_id if asked_id is not None else text if text in known else None
    return None


def refuse_other_words(
    record: Mapping[str, Any], asked_id: str, known: Mapping[str, str], where: str
) -> None:
    """Refuse an id beside words that are another expression's: the ids are of another version.

    Words that are nobody's prove nothing: code changes them before it asks.
    """
    for key in RECORD_TEXT:
        text = record.get(key)
        if not isinstance(text, str) or known.get(asked_id) in (None, text):
            continue
        others = [other for other, words in known.items() if words == text]
        if others:
            raise ScoreError(
                f"{where} is {shown(asked_id)}, and its {key} {shown(text)} is that of {shown(others[0])}; "
                "are the ids those of another version of the dataset? Leave out what is wrong"
            )


def meaning_of_record(
    record: Mapping[str, Any], lists: IndexLists, names: Names, where: str
) -> tuple[str, str]:
    """(video, asked id) of a record of YouTube-VIS.

    Raises:
        ScoreError: neither the record nor a list says it; the message names the list.
    """
    number = record["video_id"]
    video_id = number if number in names.asked else lists.videos.get(number)
    if video_id is None and any(record.get(key) is not None for key in RECORD_ID):
        # With an id of its own it was written for this release; else numbers may run from 0 or from 1.
        video_id = names.of_number(number)
    if video_id is None:
        raise ScoreError(
            f"{where} has the video_id {shown(number)}, which is no video of {names.shown}; put the "
            f'annotation file with the list "videos" (id, file_names) {_BESIDE}, or write the names of '
            "the videos"
        )
    asked_id = record_id(record, video_id, names, where)
    category = record.get("category_id")
    name = lists.categories.get(category) if isinstance(category, int | str) else None
    if asked_id is None and name is not None:
        known = names.asked.get(video_id, {})
        asked_id = name if name in known else names.of_text(video_id, name)
    if asked_id is None:
        raise ScoreError(
            f"{where} has the category_id {shown(category)} and says nowhere which expression that is; add "
            f'exp_id to the results, or put the annotation file whose list "categories" names the '
            f"expressions {_BESIDE}"
        )
    return video_id, asked_id


def meaning_of_images(
    numbers: Collection[int], lists: IndexLists, names: Names
) -> Mapping[int, tuple[str, str]]:
    """(video, asked id) of each image_id that is a number: by the list of images, else as expression ids.

    Raises:
        ScoreError: there is no list, and the numbers are not exactly the ids of the split's expressions.
    """
    if lists.images:
        return {number: _of_image(number, lists, names) for number in numbers}
    unique = names.unique_ids
    if numbers and {str(number) for number in numbers} != unique.keys():
        if not unique:
            raise ScoreError(
                f"the image_id of {len(numbers)} samples are numbers, such as "
                f"{some(map(shown, sorted(numbers)), in_order=False)}, "
                f'which say nothing about {names.shown}; put the annotation file with the list "images" (id, '
                f"file_name, caption) {_BESIDE}, or write v_<video>_f_<frame>_i_<instance>"
            )
        odd = sorted(number for number in numbers if str(number) not in unique)
        raise ScoreError(
            f"the image_id of {len(numbers)} samples are numbers, such as "
            f"{some(map(shown, odd or sorted(numbers)))}, and not the ids of the {len(unique)} expressions "
            f'of {names.shown}; put the annotation file with the list "images" (id, file_name, caption) '
            f"{_BESIDE}"
        )
    return {number: (unique[str(number)], str(number)) for number in numbers}


def _of_image(number: int, lists: IndexLists, names: Names) -> tuple[str, str]:
    entry = lists.images.get(number)
    if entry is None:
        raise ScoreError(
            f'the image_id {shown(number)} is not in the list "images" of the annotation file; is it of '
            "another split?"
        )
    file_name = str(entry.get("file_name", ""))
    video_id = file_name.rpartition("/")[2].rpartition(".")[0]
    ids = names.asked.get(video_id)
    if ids is None:
        raise ScoreError(f"the image {shown(file_name)} is none of {names.shown}; is it of another split?")
    caption = entry.get("caption")
    asked_id = record_id(entry, video_id, names, f"the image {number}")
    if asked_id is None and str(number) in ids and caption in (None, ids[str(number)]):
        asked_id = str(number)
    if asked_id is None and caption is None and len(ids) == 1:
        asked_id = next(iter(ids))
    if asked_id is None:
        raise ScoreError(
            f"the image {number} ({shown(file_name)}) has the caption {shown(caption)}, which is not the "
            "text of exactly one expression there; write its sent_id into the results"
        )
    return video_id, asked_id
