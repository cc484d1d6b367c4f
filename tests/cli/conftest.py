"""Commands run in this process, as the script `rvos` would run them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main
from rvosbench.preparation import prepare
from rvosbench.synthetic import write


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line that says what went wrong; progress lines before it do not count."""
        lines = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1, self.err
        assert self.err.splitlines()[-1] == lines[0]
        assert "Traceback" not in self.err
        return lines[0]


@pytest.fixture
def rvos(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(int(stopped.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic Ref-YouTube-VOS; tests that damage it copy it first."""
    root = tmp_path_factory.mktemp("releases") / "ytvos"
    write("ytvos", root, videos=4, seed=3, frames=4, size=(48, 64))
    return root


@pytest.fixture(scope="session")
def store(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its store, with half of the videos held out."""
    out = tmp_path_factory.mktemp("stores") / "ytvos"
    prepare("ytvos", release, out, options={"trainval": "0.5"})
    return out
