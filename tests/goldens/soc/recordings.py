"""The recordings of the original SOC, as they are kept in this folder or in full elsewhere."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

PLACES = 512
"""Numbers that are kept of an array that is only compared with."""

WHOLE = ("in.", "tgt.", "match.", "loss", "tokens.", "out.")
"""Beginnings of the names of arrays that tests feed into our code."""

SAME = {"case_d1_train_a2d": (("in.clip_0", "in.clip_1"), "case_b_eval_T8_B2_valid")}
"""case -> (arrays, the case that holds the same ones)."""


class Recordings:
    """A folder of recordings: this one, or the `tiny` folder of the full ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = folder / "tokenizer"
        self.settings: dict[str, Any] = json.loads((folder / "config.json").read_text())

    def arrays(self, case: str) -> dict[str, NDArray[Any]]:
        """All arrays of a case; those of more than `PLACES` numbers may be their kept places only."""
        with np.load(self.folder / f"{case}.npz") as file:
            arrays = dict(file)
        names, holder = SAME.get(case, ((), ""))
        missing = [name for name in names if name not in arrays]
        if missing:
            with np.load(self.folder / f"{holder}.npz") as file:
                arrays |= {name: file[name] for name in missing}
        return arrays

    def record(self, case: str) -> dict[str, Any]:
        """What is known about a case besides its arrays."""
        content: dict[str, Any] = json.loads((self.folder / f"{case}.json").read_text())
        return content

    def weights(self, name: str = "weights") -> dict[str, Tensor]:
        """A state dictionary under the original's names."""
        packed = self.folder / f"{name}.npz"
        if not packed.is_file():
            return load_file(packed.with_suffix(".safetensors"))
        with np.load(packed) as file:
            return {key: torch.from_numpy(file[key]) for key in file.files}

    def state(self, classes: int = 1) -> dict[str, Tensor]:
        """The weights of the recorded model with 1 or 65 classes."""
        return self.weights() | (self.weights("weights_nc65_class_embed") if classes == 65 else {})


def manifest(size: str) -> dict[str, Any]:
    """Names and shapes of the full model with the backbone of size "t" or "b"."""
    content: dict[str, Any] = json.loads(
        gzip.decompress((Path(__file__).parent / f"manifest_video_swin_{size}.json.gz").read_bytes())
    )
    return content


def kept_whole(name: str, case: str) -> bool:
    """Whether a case keeps all numbers of an array in this folder."""
    return name.startswith(WHOLE) or case.startswith(("case_f", "case_g"))


def places(size: int) -> NDArray[np.int64]:
    """The places kept of an array of `size` numbers, flattened: all of them up to `PLACES`.

    Multiples of the golden ratio: spread evenly, in step with no axis.
    """
    if size <= PLACES:
        return np.arange(size)
    fractions = np.arange(1, PLACES + 1) * ((5**0.5 - 1) / 2) % 1
    return np.unique((fractions * size).astype(np.int64))
