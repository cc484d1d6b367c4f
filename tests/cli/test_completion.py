"""Completion in bash, zsh and fish: commands, options and names, without loading what they stand for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.listing import KINDS
from cli.main import COMMANDS
from rvosbench.plugins.registry import DATASETS, MODELS, PROTOCOLS
from rvosbench.submission.servers import SERVERS

BIN = Path(sys.executable).parent


@pytest.fixture
def complete(rvos, monkeypatch):
    """What a shell would offer for the last word of a line."""

    def words(line: str, shell: str = "bash") -> list[str]:
        typed = line.split(" ")
        monkeypatch.setenv("_RVOS_COMPLETE", f"{shell}_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        # fish names the last word itself, the others its number
        monkeypatch.setenv("COMP_CWORD", typed[-1] if shell == "fish" else str(len(typed) - 1))
        ran = rvos()
        assert (ran.code, ran.err) == (0, "")
        lines = ran.out.strip("\n").splitlines()
        if shell == "zsh":  # three lines a word: kind, word, help
            assert lines[0::3] == ["plain"] * (len(lines) // 3)
            return lines[1::3]
        marks = [found.partition(",") for found in lines]
        assert all(kind == "plain" for kind, _, _ in marks), lines
        return [word.split("\t")[0] for _, _, word in marks]

    return words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_commands_and_options_are_completed_in_every_shell(complete, shell):
    assert complete("rvos pre", shell) == ["prepare", "preview", "predict"]
    assert complete("rvos prepare --dr", shell) == ["--dry-run"]
    assert complete("rvos train s", shell) == ["soc"]


def test_commands_come_in_the_order_of_the_work(complete):
    assert complete("rvos ") == list(COMMANDS)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("rvos prepare ", DATASETS),
        ("rvos synth ", DATASETS),
        ("rvos predict ", MODELS),
        ("rvos segment a.mp4 dog --model ", MODELS),
        ("rvos evaluate --model ", MODELS),
        ("rvos evaluate runs/a --protocol ", PROTOCOLS),
        ("rvos submit runs/a --server ", SERVERS),
        ("rvos list ", KINDS),
    ],
)
def test_names_are_completed(complete, line, names):
    assert complete(line) == list(names)


def test_presets_are_those_of_the_model(complete):
    assert "soc-demo" in complete("rvos train soc --preset ")
    assert complete("rvos train centre --preset ") == []


@pytest.mark.parametrize(
    "line",
    [
        "rvos ",
        "rvos predict ",
        "rvos evaluate --protocol ",
        "rvos train soc --preset ",
        "rvos submit --server ",
    ],
)
def test_completing_loads_nothing_that_takes_long(line):
    script = (
        "import sys\n"
        "from cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    slow = ('torch', 'transformers', 'pandas', 'pyarrow', 'rich')\n"
        "    print([m for m in slow if m in sys.modules], file=sys.stderr)\n"
    )
    asked = {
        "_RVOS_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | asked, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert len(done.stdout.splitlines()) >= 4


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_after_the_line_that_the_docs_give():
    script = (
        'eval "$(_RVOS_COMPLETE=bash_source rvos)"\n'
        "COMP_WORDS=(rvos evaluate --protocol davis-o) COMP_CWORD=3\n"
        '_rvos_completion rvos; echo "${COMPREPLY[@]}"\n'
    )
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert (done.stdout.split(), done.stderr) == (["davis-objects", "davis-official"], "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_its_script(rvos, monkeypatch, shell):
    monkeypatch.setenv("_RVOS_COMPLETE", f"{shell}_source")
    ran = rvos()
    assert ran.code == 0
    assert f"_RVOS_COMPLETE={shell}_complete" in ran.out
