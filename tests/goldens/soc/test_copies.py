"""The copies in this folder are the full recordings, and small."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.goldens.soc.recordings import Recordings, places

HERE = Path(__file__).parent
CASES = sorted(path.stem for path in HERE.glob("case_*.npz"))


def test_the_folder_stays_below_twelve_megabytes():
    files = [path for path in HERE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 12_000_000


def test_the_kept_places_are_spread_and_in_order():
    assert places(512).tolist() == list(range(512))
    kept = places(100_003)
    assert 505 <= len(kept) <= 512
    assert (np.diff(kept) > 0).all()
    assert np.diff(kept).max() < 600
    assert kept[-1] < 100_003


@pytest.mark.parametrize("case", CASES)
def test_every_recorded_array_is_kept_with_its_numbers(shared: Path, case: str):
    full = Recordings(shared / "goldens" / "soc" / "tiny")
    copies = Recordings(HERE)
    assert copies.record(case) == full.record(case)
    ours, theirs = copies.arrays(case), full.arrays(case)
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        if ours[name].shape != array.shape:
            array = array.flatten()[places(array.size)]
        assert ours[name].dtype == array.dtype
        assert np.array_equal(ours[name], array), name


def test_the_weights_the_settings_and_the_manifests_are_the_recorded_ones(shared: Path):
    root = shared / "goldens" / "soc"
    full, copies = Recordings(root / "tiny"), Recordings(HERE)
    assert copies.settings == full.settings
    for name in ("weights", "weights_nc65_class_embed", "voc_window3"):
        ours, theirs = copies.weights(name), full.weights(name)
        assert [key for key in theirs if key not in ours] == [
            key for key in theirs if key.endswith("relative_position_index")
        ]
        assert all(torch.equal(value, theirs[key]) for key, value in ours.items())
    for manifest in root.glob("manifest_*.json"):
        assert gzip.decompress((HERE / f"{manifest.name}.gz").read_bytes()) == manifest.read_bytes()
