"""One door to all layouts: names, determinism, progress."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rvosbench.errors import OutputError, RvosbenchError, UnknownNameError
from rvosbench.plugins.registry import DATASETS
from rvosbench.synthetic import LAYOUTS, write


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }


def small(name: str, root: Path, **changes: object) -> None:
    options = {"videos": 2, "seed": 3, "frames": 4, "size": (48, 64)} | changes
    write(name, root, **options)


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_seed_gives_the_same_bytes_and_another_one_does_not(name, tmp_path):
    small(name, tmp_path / "first")
    small(name, tmp_path / "second")
    small(name, tmp_path / "other", seed=4)
    first, second = contents(tmp_path / "first"), contents(tmp_path / "second")
    assert list(first) == list(second)
    assert [path for path in first if not path.endswith(".mp4") and first[path] != second[path]] == []
    assert first != contents(tmp_path / "other")


@pytest.mark.parametrize("name", LAYOUTS)
def test_progress_counts_every_video_once(name, tmp_path):
    calls: list[tuple[int, int]] = []
    small(name, tmp_path / "release", on_progress=lambda done, total: calls.append((done, total)))
    total = calls[0][1]
    assert total >= 2
    assert calls == [(done, total) for done in range(1, total + 1)]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_taken_folder_is_refused_before_anything_is_made(name, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(OutputError, match="is not empty; choose another one"):
        small(name, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_nothing_stays_behind_when_the_caller_stops_half_way(name, tmp_path):
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(name, tmp_path / "release", on_progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_layout_gets_the_nearest_name(tmp_path):
    with pytest.raises(
        UnknownNameError, match="no synthetic release is named 'ytvoss'; did you mean 'ytvos'"
    ):
        small("ytvoss", tmp_path / "release")


def test_odd_sizes_do_not_fit_into_mp4(tmp_path):
    with pytest.raises(RvosbenchError, match="48x65 px, expected even numbers"):
        small("a2d", tmp_path / "release", size=(48, 65))


def test_every_layout_has_a_dataset_that_reads_it():
    assert set(LAYOUTS) <= set(DATASETS.entries())


def test_the_door_and_the_grammar_open_without_heavy_libraries():
    heavy = ("torch", "transformers", "matplotlib", "cv2", "av", "h5py")
    code = f"import sys, rvosbench.synthetic; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
