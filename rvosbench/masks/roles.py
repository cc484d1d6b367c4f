"""Who made a mask file: what an error about it is, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rvosbench.errors import DatasetError, InvalidDataError, ScoreError

Role = Literal["annotation", "prediction"]
"""An annotation is part of a release; a prediction is what a model answered."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an error about a file of this role says."""

    error: type[InvalidDataError]
    again: str  # the remedy for a damaged file
    labels: str  # the remedy for a file that does not say which pixel is of which object
    mask: str  # the remedy for a file that does not say which pixels are the object


WORDS: Mapping[Role, Words] = {
    "annotation": Words(
        DatasetError,
        "fetch or extract the file again",
        "fetch the palette PNG of the release",
        "fetch the PNG of the release",
    ),
    "prediction": Words(
        ScoreError,
        "write the file again",
        "write a palette or grey PNG whose values are the object ids",
        "write the mask as a grey PNG of 0 and 255",
    ),
}
