from __future__ import annotations

import random
import tarfile
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from rvosbench.errors import CheckpointError, MissingPathError
from rvosbench.models.soc.torch_files import read_state


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (f"open({str(self.path)!r}, 'w').close()",)


def read(path: Path) -> dict[str, torch.Tensor]:
    return read_state(path, "model_state_dict", "a checkpoint")


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize("zipped", [True, False])
def test_a_training_checkpoint_gives_its_weights(tmp_path: Path, zipped: bool) -> None:
    weights = OrderedDict(first=torch.arange(3.0), second=torch.zeros(2, dtype=torch.int64))
    optimizer = {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 1e-4}]}
    torch.save(
        {"epoch": 3, "model_state_dict": weights, "optimizer_state_dict": optimizer},
        tmp_path / "03.pth.tar",
        _use_new_zipfile_serialization=zipped,
    )
    found = read(tmp_path / "03.pth.tar")
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], value) for name, value in weights.items())


def test_a_bare_state_dictionary_is_one_too(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(2)}, tmp_path / "bare.tar")
    assert read(tmp_path / "bare.tar")["weight"].tolist() == [1, 1]


def test_modules_that_share_a_tensor_may(tmp_path: Path) -> None:
    weight = torch.arange(6.0)
    torch.save({"one": weight, "part": weight[2:4]}, tmp_path / "shared.tar")
    assert read(tmp_path / "shared.tar")["part"].tolist() == [2, 3]


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_code_is_refused_by_name_and_not_run(tmp_path: Path, zipped: bool) -> None:
    trace = tmp_path / "was here"
    torch.save(
        {"model_state_dict": {}, "extra": Bomb(trace)},
        tmp_path / "bad.tar",
        _use_new_zipfile_serialization=zipped,
    )
    assert "exec" in refused(tmp_path / "bad.tar")
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"not a pickle", b"PK\x03\x04 nor a zip", b"\x80\x02}q\x00."])
def test_a_file_that_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.tar").write_bytes(content)
    refused(tmp_path / "file.tar")


def test_an_archive_around_a_checkpoint_is_not_unpacked(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(2)}, tmp_path / "inner.pth")
    with tarfile.open(tmp_path / "outer.tar", "w") as archive:
        archive.add(tmp_path / "inner.pth", "inner.pth")
    refused(tmp_path / "outer.tar")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_checkpoint(tmp_path: Path, kept: float) -> None:
    torch.save({"weight": torch.ones(1000)}, tmp_path / "cut.tar")
    data = (tmp_path / "cut.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: int(len(data) * kept)])
    assert "complete?" in refused(tmp_path / "cut.tar")


@pytest.mark.parametrize("zipped", [True, False])
def test_flipped_bytes_break_nothing_but_the_checkpoint(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "flipped.tar"
    torch.save({"weight": torch.ones(20), "bias": torch.ones(3)}, path, _use_new_zipfile_serialization=zipped)
    data = path.read_bytes()
    draw = random.Random(0)
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(draw.choice((1, 3))):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged)
        try:
            read(path)
        except CheckpointError as error:
            assert "\n" not in str(error)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("bomb/version", "3")
        with archive.open("bomb/data.pkl", "w", force_zip64=True) as entry:
            for _ in range(64):
                entry.write(bytes(1 << 20))
    start_s = time.perf_counter()
    assert "claims to unpack" in refused(path)
    assert time.perf_counter() - start_s < 0.5


@pytest.mark.parametrize(
    "value",
    [
        torch.ones(1).expand(1 << 40),
        torch.eye(3).to_sparse(),
        torch.empty(1 << 40, device="meta"),
        torch.ones(2, dtype=torch.complex64),
    ],
    ids=["endless", "sparse", "without numbers", "complex"],
)
def test_a_tensor_that_is_not_what_it_stores_is_refused(tmp_path: Path, value: torch.Tensor) -> None:
    torch.save({"weight": value}, tmp_path / "odd.tar")
    assert "odd.tar" in refused(tmp_path / "odd.tar")


def test_a_checkpoint_with_something_else_than_tensors(tmp_path: Path) -> None:
    torch.save({"model_state_dict": {"epoch": 3}}, tmp_path / "odd.tar")
    assert "'epoch', which is no tensor" in refused(tmp_path / "odd.tar")


def test_a_folder_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path)
    with pytest.raises(MissingPathError, match="does not exist"):
        read(tmp_path / "nowhere.tar")
