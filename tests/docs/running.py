"""Commands of the documentation, run in this process: starting Python for each would take minutes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from cli.main import main


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


def run_rvos(arguments: Sequence[str]) -> Ran:
    """Run `rvos` with these words; what is not an expected error is raised."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        else:
            raise AssertionError("rvos always exits")
    return Ran(code, out.getvalue(), err.getvalue())
