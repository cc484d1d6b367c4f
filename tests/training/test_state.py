from __future__ import annotations

import logging

import pytest
import torch

from rvosbench.errors import CheckpointError, OutputError
from rvosbench.training.state import State, latest, save

IDENTITY = {"model": "tiny", "recipe": {"steps": 10, "milestones": [0.5]}}


def state(step: int) -> State:
    return State(step=step, seconds=1.5, model={"w": torch.full((3,), float(step))}, optimiser={"state": {}})


def test_the_newest_state_comes_back(tmp_path):
    for step in (5, 10):
        save(tmp_path / "state", state(step), IDENTITY)
    found = latest(tmp_path / "state", IDENTITY)
    assert found is not None
    assert (found.step, found.seconds) == (10, 1.5)
    assert found.model["w"].tolist() == [10.0] * 3


def test_two_states_are_kept(tmp_path):
    for step in (5, 10, 15):
        save(tmp_path, state(step), IDENTITY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000010.pt", "step-00000015.pt"]


def test_without_a_state_there_is_none(tmp_path):
    assert latest(tmp_path / "nothing", IDENTITY) is None


@pytest.mark.parametrize("keep_bytes", [0, 100, 1000])
def test_a_truncated_state_gives_way_to_the_one_before(tmp_path, keep_bytes, caplog):
    for step in (5, 10):
        save(tmp_path, state(step), IDENTITY)
    newest = tmp_path / "step-00000010.pt"
    newest.write_bytes(newest.read_bytes()[:keep_bytes])
    with caplog.at_level(logging.WARNING):
        found = latest(tmp_path, IDENTITY)
    assert found is not None
    assert found.step == 5
    assert "step-00000010.pt is damaged" in caplog.text


def test_damage_everywhere_is_an_error(tmp_path):
    save(tmp_path, state(5), IDENTITY)
    (tmp_path / "step-00000005.pt").write_bytes(b"PK")
    with pytest.raises(CheckpointError, match="start again without --resume"):
        latest(tmp_path, IDENTITY)


class Trap:
    def __reduce__(self):
        return print, ("executed",)


def test_a_state_runs_no_code(tmp_path, capsys):
    torch.save(Trap(), tmp_path / "step-00000005.pt")
    with pytest.raises(CheckpointError):
        latest(tmp_path, IDENTITY)
    assert "executed" not in capsys.readouterr().out


def test_another_runs_state_is_refused_with_what_differs(tmp_path):
    save(tmp_path, state(5), IDENTITY)
    other = IDENTITY | {"recipe": {"steps": 20, "milestones": [0.5]}}
    with pytest.raises(CheckpointError, match=r"recipe\.steps = 10, this one has 20"):
        latest(tmp_path, other)
    with pytest.raises(CheckpointError, match="model = tiny, this one has soc"):
        latest(tmp_path, IDENTITY | {"model": "soc"})


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        save(tmp_path / "file", state(1), IDENTITY)
