"""`rvos doctor`: one line per answer, and an exit code that scripts can use."""

from __future__ import annotations

import json

import pytest

from rvosbench.doctor.check import Check
from rvosbench.workspace.init import initialise

HEALTHY = (Check("python", "ok", "3.11"), Check("gpu", "warn", "there is one, torch finds none"))


@pytest.fixture
def answers(monkeypatch):
    """What the doctor finds; the visit itself is tested with `rvosbench.doctor`."""

    def give(*checks: Check) -> None:
        monkeypatch.setattr("rvosbench.doctor.examine", lambda: checks)

    return give


def test_one_line_per_answer(rvos, answers):
    answers(*HEALTHY)
    ran = rvos("doctor")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "ok    python  3.11\nwarn  gpu     there is one, torch finds none\n"


def test_what_is_needed_and_missing_is_exit_code_1(rvos, answers):
    answers(*HEALTHY, Check("av", "fail", "is not installed"))
    ran = rvos("doctor")
    assert ran.code == 1 and ran.out.splitlines()[-1] == "FAIL  av      is not installed"
    ran = rvos("doctor", "--json")
    content = json.loads(ran.out)
    assert ran.code == 1 and content["ok"] is False
    assert content["checks"][-1] == {"name": "av", "status": "fail", "text": "is not installed"}


@pytest.mark.slow
def test_here_everything_is_well(rvos, tmp_path, monkeypatch):
    monkeypatch.delenv("RVOS_HOME", raising=False)
    initialise(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = rvos("doctor", "--json")
    content = json.loads(ran.out)
    assert (ran.code, content["ok"]) == (0, True)
    found = {check["name"]: check for check in content["checks"]}
    for name in ("python", "torch", "av", "cpu", "gpu", "decoders", "datasets", "models", "workspace"):
        assert name in found
    assert "FFmpeg" in found["av"]["text"] and "h264" in found["decoders"]["text"]
    assert found["workspace"]["text"] == str(tmp_path)
    assert found["releases"]["status"] == "warn"
