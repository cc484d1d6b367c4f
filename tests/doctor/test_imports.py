"""Whatever a library does while it is imported, the doctor lives."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from rvosbench.doctor.imports import import_all


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    """A folder of libraries that do what they should not."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path.parent)
    for name, body in {
        "fine_lib": "",
        "raises_lib": "raise RuntimeError('no driver\\nat all')",
        "exits_lib": "raise SystemExit(3)",
        "gone_lib": "import nobody_has_this",
        "aborts_lib": "import os; os.abort()",
        "quits_lib": "import os; os._exit(7)",
        "waits_lib": "import time; time.sleep(600)",
        "talks_lib": "print('welcome', end=''); print('rvos-doctor', 'x' * 100)",
    }.items():
        (tmp_path / f"{name}.py").write_text(body)
    return tmp_path


def test_each_has_its_own_answer_and_the_others_are_tried(libraries):
    names = ["raises_lib", "aborts_lib", "exits_lib", "quits_lib", "gone_lib", "talks_lib", "fine_lib"]
    results = import_all(names)
    assert set(results) == set(names)
    assert results["fine_lib"].error is None and results["talks_lib"].error is None
    assert results["raises_lib"].error == "RuntimeError: no driver\nat all"
    assert results["exits_lib"].error == "SystemExit: 3"
    assert "nobody_has_this" in str(results["gone_lib"].error)
    assert results["aborts_lib"].error == "importing it ends the process (SIGABRT)"
    assert results["quits_lib"].error == "importing it ends the process (exit code 7)"


def test_one_that_hangs_is_given_up(libraries):
    results = import_all(["fine_lib", "waits_lib"], longest_s=5.0)
    assert results["fine_lib"].error is None
    assert results["waits_lib"].error == "importing it takes more than 5 s"


def test_a_folder_here_is_no_library(libraries, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.chdir(tmp_path)
    assert "No module named" in str(import_all(["fine_lib"])["fine_lib"].error)


def test_groups_are_imported_side_by_side(libraries):
    assert set(import_all(["fine_lib"], ["talks_lib"], [])) == {"fine_lib", "talks_lib"}


def test_the_facts_of_libraries_are_found():
    results = import_all(["av", "PIL"])
    assert "h264" in results["av"].facts["decoders"] and results["av"].facts["ffmpeg"]
    assert results["PIL"].facts["formats"] == ["JPEG", "PNG"]
    json.dumps({name: dict(result.facts) for name, result in results.items()})


def test_asking_the_doctor_imports_no_library_here():
    heavy = ("torch", "numpy", "pyarrow", "av")
    script = f"import sys, rvosbench.doctor; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
