"""Copy the recordings of the original SOC into this folder, small enough for a repository.

    python -m tests.goldens.soc.copy_recordings ../shared/goldens/soc

Everything keeps its name and its exact numbers. An array that is only compared with is kept at
`PLACES` places spread over it; what a test feeds into our code is kept whole.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from tests.goldens.soc.recordings import SAME, kept_whole, places

HERE = Path(__file__).parent
TEXT = ("config.json", "merges.txt", "vocab.json", "tokenizer.json", "tokenizer_config.json")


def copy(source: Path) -> None:
    """Read the full recordings in `source`, write this folder."""
    tiny = source / "tiny"
    for manifest in source.glob("manifest_*.json"):
        # Without a time stamp: the same recordings give the same bytes.
        (HERE / f"{manifest.name}.gz").write_bytes(gzip.compress(manifest.read_bytes(), 9, mtime=0))
    for record in tiny.glob("*.json"):
        shutil.copyfile(record, HERE / record.name)
    (HERE / "tokenizer").mkdir(exist_ok=True)
    for name in TEXT:
        shutil.copyfile(tiny / "tokenizer" / name, HERE / "tokenizer" / name)
    for weights in tiny.glob("*.safetensors"):
        # The index of the window attention follows from the window's size; nothing in it is learned.
        kept = {k: v for k, v in load_file(weights).items() if not k.endswith("relative_position_index")}
        np.savez_compressed(HERE / f"{weights.stem}.npz", **kept)
    for case in tiny.glob("case_*.npz"):
        left_out = SAME.get(case.stem, ((), ""))[0]
        with np.load(case) as file:
            arrays = {n: _copied(n, case.stem, file[n]) for n in file.files if n not in left_out}
        np.savez_compressed(HERE / case.name, **arrays)


def _copied(name: str, case: str, array: NDArray[Any]) -> NDArray[Any]:
    kept = places(array.size)
    whole = array.dtype == bool or kept_whole(name, case) or len(kept) == array.size
    return array if whole else array.reshape(-1)[kept]


if __name__ == "__main__":
    copy(Path(sys.argv[1]))
