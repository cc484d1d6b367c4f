"""The four text files of Ref-DAVIS17: lines of `<sequence> <object id> "<expression>"`.

Two of the files are UTF-8 and two Latin-1, and three sequences are misspelt in them.
"""

from __future__ import annotations

from pathlib import Path

from rvosbench.datasets.reading import as_whole, read_text, safe_id
from rvosbench.errors import DatasetError
from rvosbench.files.text import shown, some
from rvosbench.types import Expression

ANNOTATORS = ("annot1-first", "annot1-full", "annot2-first", "annot2-full")
TEXT_FILES = (
    "Davis17_annot1.txt",
    "Davis17_annot1_full_video.txt",
    "Davis17_annot2.txt",
    "Davis17_annot2_full_video.txt",
)
_MISSPELT = {"clasic-car": "classic-car", "dog-scale": "dogs-scale", "motor-bike": "motorbike"}


def read_expression_text(folder: Path) -> tuple[dict[str, tuple[Expression, ...]], list[str]]:
    """The expressions of every sequence, and what is odd about the files.

    Returns:
        sequence -> expressions by object and annotator, with the ids of the usual conversion:
        4 * (position of the object among the sequence's) + (position in `ANNOTATORS`); and problems:
        objects that an annotator left out or described twice (the first description counts).

    Raises:
        MissingPathError: one of the four files is missing.
        DatasetError: a line has another form.
    """
    files = [_read_file(folder / name) for name in TEXT_FILES]
    by_sequence: dict[str, tuple[Expression, ...]] = {}
    gaps: list[str] = []
    for sequence in sorted(set().union(*(descriptions for descriptions, _ in files))):
        objects = sorted(set().union(*(descriptions.get(sequence, {}) for descriptions, _ in files)))
        expressions = []
        for position, object_id in enumerate(objects):
            for k, (descriptions, _) in enumerate(files):
                text = descriptions.get(sequence, {}).get(object_id)
                if text is None:
                    gaps.append(f"{sequence} object {object_id} by {ANNOTATORS[k]}")
                    continue
                expressions.append(
                    Expression(
                        video_id=sequence,
                        expression_id=str(4 * position + k),
                        text=text,
                        object_ids=(object_id,),
                        annotator=ANNOTATORS[k],
                    )
                )
        by_sequence[sequence] = tuple(expressions)
    problems = [f"{folder}: {len(gaps)} descriptions are missing: {some(gaps)}"] if gaps else []
    twice = [item for _, repeated in files for item in repeated]
    if twice:
        problems.append(
            f"{folder}: {len(twice)} objects are described twice ({some(twice)}); the first counts"
        )
    return by_sequence, problems


def _read_file(path: Path) -> tuple[dict[str, dict[int, str]], list[str]]:
    """The expressions (sequence -> object id -> text), and what was described twice."""
    by_sequence: dict[str, dict[int, str]] = {}
    twice = []
    # Not splitlines(): byte 0x85, an ellipsis on Windows, would end a line.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        parts = line.split(maxsplit=2)
        if len(parts) < 3:
            raise DatasetError(f'{where} is {shown(line)}, expected: <sequence> <object id> "<expression>"')
        name, object_id = parts[0], as_whole(parts[1], f"{where}: the object id", low=1)
        sequence = safe_id(_MISSPELT.get(name, name), f"{where}: the sequence")
        objects = by_sequence.setdefault(sequence, {})
        if object_id in objects:
            twice.append(f"{path.name} line {number}")
        else:
            objects[object_id] = parts[2].rstrip().removeprefix('"').removesuffix('"')
    return by_sequence, twice
