"""Where torch is not installed, what needs it is skipped, and everything else can still fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.without_torch import HEAVY

ROOT = Path(__file__).resolve().parents[1]

MISSING = "raise ModuleNotFoundError(\"No module named 'torch.nn'\", name='torch.nn')"
OTHER = "raise ModuleNotFoundError(\"No module named 'torchy'\", name='torchy')"
FILES = {
    "imports_torch": f"{MISSING}\ndef test_a(): assert False",
    "imports_another": f"{OTHER}\ndef test_a(): pass",
    "several": f"""
def test_comes_upon_torch():
    {MISSING}

def test_says_that_a_model_cannot_be_imported():
    try:
        {MISSING}
    except ImportError as error:
        raise ValueError("no such model") from error

def test_passes():
    pass

def test_is_wrong():
    assert 1 == 2

def test_lacks_another_package():
    {OTHER}
""",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, str]:
    """Test or module -> what came of it, in one run of pytest with the plugin."""
    folder = tmp_path_factory.mktemp("suite")
    for name, source in FILES.items():
        (folder / f"test_{name}.py").write_text(source, encoding="utf-8")
    plugins = ["-p", "tests.without_torch", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options = ["-q", "--rootdir=.", "-c", os.devnull, "--continue-on-collection-errors", "--junitxml=all.xml"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options, *sorted(path.name for path in folder.iterdir())],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    cases = ElementTree.parse(folder / "all.xml").iter("testcase")
    return {case.attrib["name"]: next((part.tag for part in case), "passed") for case in cases}


def test_what_needs_torch_is_skipped(outcomes):
    assert outcomes["test_imports_torch"] == "skipped"
    assert outcomes["test_comes_upon_torch"] == "skipped"
    assert outcomes["test_says_that_a_model_cannot_be_imported"] == "skipped"


def test_what_does_not_need_it_passes_or_fails(outcomes):
    assert outcomes["test_passes"] == "passed"
    assert outcomes["test_is_wrong"] == "failure"
    assert outcomes["test_lacks_another_package"] == "failure"
    assert outcomes["test_imports_another"] == "error"


def test_the_script_leaves_out_what_the_plugin_forgives():
    script = (ROOT / "scripts" / "test-newest").read_text(encoding="utf-8")
    (names,) = re.findall(r'^without="(.+)"$', script, flags=re.MULTILINE)
    assert tuple(names.split()) == HEAVY
