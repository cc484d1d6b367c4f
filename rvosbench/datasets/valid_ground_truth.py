"""The ground truth of the valid videos of Ref-YouTube-VOS, which came out after the server had closed.

It lies apart from the release, in a folder of its own:
```text
<video>/<frame>.png                   or under Annotations/, or under valid/Annotations/
meta_expressions.json (optional)      or under meta_expressions/valid/, or under valid/
```
The masks say where the objects are. Which object an expression means (`obj_id`) stands in a json: in the
valid file of the release, if it is a new one, or in the one beside the masks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rvosbench.datasets.expression_json import VideoEntry, read_expressions
from rvosbench.datasets.reading import folder_names, image_files, release_folder
from rvosbench.errors import DatasetError
from rvosbench.files.text import some
from rvosbench.types import Expression

_MASKS = ("Annotations", "valid/Annotations", ".")
_TEXTS = (
    "meta_expressions.json",
    "meta_expressions/valid/meta_expressions.json",
    "valid/meta_expressions.json",
)


@dataclass(frozen=True, slots=True)
class ValidGroundTruth:
    """Where the ground truth lies."""

    masks: Path  # the folder with a folder of PNGs for every video
    text: Path | None  # the json beside them


def find_ground_truth(folder: Path, videos: Mapping[str, VideoEntry]) -> tuple[ValidGroundTruth, list[str]]:
    """Find masks and json in the folder that the option `valid-masks` names.

    Args:
        folder: the folder.
        videos: the videos of valid.

    Returns:
        Where they are, and what to say about videos without masks.

    Raises:
        MissingPathError: there is no such folder.
        DatasetError: it has masks of none of the videos, or masks in another layout.
    """
    release_folder(folder, "valid masks of the Ref-YouTube-VOS")
    masks = next(path for name in _MASKS if (path := folder / name).is_dir())
    missing = videos.keys() - folder_names(masks)
    if missing == videos.keys():
        raise DatasetError(
            f"{masks} has no folder of any of the {len(videos)} valid videos; expected "
            "<valid-masks>/<video>/<frame>.png"
        )
    bare = {video_id for video_id in videos.keys() - missing if not image_files(masks / video_id)}
    if nested := sorted(video_id for video_id in bare if folder_names(masks / video_id)):
        raise DatasetError(
            f"{masks / nested[0]} holds folders and no PNG; expected <video>/<frame>.png whose values are "
            "object ids, not masks for every expression"
        )
    problems = []
    if without := missing | bare:
        problems.append(
            f"{masks} lacks {len(without)} of {len(videos)} valid videos ({some(without)}); they stay "
            "without ground truth"
        )
    text = next((path for name in _TEXTS if (path := folder / name).is_file()), None)
    return ValidGroundTruth(masks, text), problems


def attach(
    videos: Mapping[str, VideoEntry], truth: ValidGroundTruth
) -> tuple[dict[str, VideoEntry], list[str]]:
    """Say which objects the expressions mean, where a json knows.

    Args:
        videos: the videos of valid, as the release has them.
        truth: the ground truth.

    Returns:
        The videos, and what to say about expressions whose object stays unknown.

    Raises:
        DatasetError: the json has another shape.
    """
    known = read_expressions(truth.text) if truth.text else {}
    attached = {}
    unknown = 0
    for video_id, entry in videos.items():
        answers = {e.expression_id: e for e in known[video_id].expressions} if video_id in known else {}
        expressions = tuple(_meant(s, answers.get(s.expression_id)) for s in entry.expressions)
        attached[video_id] = replace(entry, expressions=expressions)
        unknown += sum(expression.object_ids is None for expression in expressions)
    if not unknown:
        return attached, []
    total = sum(len(entry.expressions) for entry in videos.values())
    return attached, [
        f"{unknown} of {total} expressions of valid cannot be scored: no json says which object they mean; "
        "put the meta_expressions.json that has obj_id into the folder that valid-masks names"
    ]


def _meant(expression: Expression, answer: Expression | None) -> Expression:
    """The expression with the objects that it has elsewhere, under the same number and the same words."""
    if expression.object_ids is not None or answer is None:
        return expression
    if answer.text.lower().split() != expression.text.lower().split():
        return expression
    return replace(expression, object_ids=answer.object_ids)
