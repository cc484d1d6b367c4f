"""What commands say where: warnings as lines, `--quiet`, JSON, and text that would steer a terminal."""

from __future__ import annotations

import json
import logging
import warnings

import click
import pytest

from cli.commands import QUIET, Command
from cli.console import note, one_line, print_json, progress, warn
from cli.warnings_shown import warnings_as_lines


@pytest.fixture
def quiet():
    with click.Context(Command("any")) as ctx:
        ctx.meta[QUIET] = True
        yield


def say_all() -> None:
    note("a remark")
    warn("a warning")
    with progress("work") as update:
        update(1, 1)


def test_progress_and_notes_are_lines_on_stderr(capsys):
    say_all()
    assert capsys.readouterr() == ("", "a remark\nWarning: a warning\nwork 1/1\n")


def test_quiet_leaves_the_warnings(capsys, quiet):
    say_all()
    assert capsys.readouterr() == ("", "Warning: a warning\n")


def test_quiet_is_heard_by_every_part_of_a_command(rvos, store, tmp_path):
    loud = rvos("predict", "centre", "--dataset", store, "--split", "heldout", "--out", tmp_path / "loud")
    quiet = rvos(
        "predict", "centre", "--dataset", store, "--split", "heldout", "--out", tmp_path / "quiet", "-q"
    )
    assert loud.err != "" and quiet.err == ""
    assert quiet.out.strip() == str(tmp_path / "quiet")


def test_an_error_is_shown_with_quiet_too(rvos, tmp_path):
    assert "rvos prepare" in rvos("info", tmp_path / "nowhere", "--quiet").error


def test_what_libraries_log_and_warn_of_is_one_line_each(capsys):
    with warnings_as_lines():
        logging.getLogger("rvosbench.somewhere").warning("%d frames\nare odd \x1b[31m", 3)
        logging.getLogger("another.library").error("it went wrong")
        logging.getLogger("rvosbench.somewhere").info("nobody asked")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("division\n  by zero", RuntimeWarning, stacklevel=1)
    assert capsys.readouterr() == (
        "",
        "Warning: 3 frames are odd �[31m\nWarning: it went wrong\nWarning: division by zero\n",
    )


def test_afterwards_warnings_are_pythons_again(capsys):
    before = warnings.showwarning, list(logging.getLogger().handlers)
    with pytest.raises(ZeroDivisionError), warnings_as_lines():
        raise ZeroDivisionError
    assert (warnings.showwarning, list(logging.getLogger().handlers)) == before


def test_a_warning_of_a_library_reaches_the_terminal_as_a_line(rvos, store, tmp_path):
    """`evaluate` logs that predictions equal the ground truth; `--json` keeps stdout free of it."""
    exported = tmp_path / "png"
    assert rvos("export", store, "--format", "png", "--out", exported, "--pixels", "none", "-q").code == 0
    masks = next(path for path in exported.rglob("Annotations") if "train" in str(path))
    ran = rvos(
        *("evaluate", "--dataset", store, "--split", "train", "--predictions", masks),
        *("--protocol", "davis-objects", "--json", "--quiet"),
    )
    assert ran.code == 0, ran.err
    lines = ran.err.splitlines()
    assert all(line.startswith("Warning: ") for line in lines)
    assert "equals the ground truth to the pixel" in lines[-1]
    assert json.loads(ran.out)["schema_version"] >= 1


def test_json_is_one_object_and_an_unknown_number_is_null(capsys):
    print_json({"J": float("nan"), "rows": [{"low": float("inf")}, (1, 0.5)], "name": "é"})
    out, _ = capsys.readouterr()
    assert json.loads(out) == {"J": None, "rows": [{"low": None}, [1, 0.5]], "name": "é"}
    assert "é" in out


def test_one_line_keeps_an_indent_and_nothing_that_steers():
    assert one_line("  a\tb\r\n c\x07") == "  a b c�"
