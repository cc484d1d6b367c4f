from __future__ import annotations

import click
import pytest

from cli.main import cli
from cli.paths import NameOrPathType, PathType

FOREIGN = "s3://stores/x"
OF_PATHS = {"STORE", "FOLDER", "NAME_OR_FOLDER", "FILE", "PATH", "RUN", "DIR"}  # metavars


def commands(group: click.Group, *names: str):
    """(words, command) of every command, those in groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield (*names, name), command


def parameters():
    return [
        pytest.param(words, parameter, id=" ".join([*words, str(parameter.opts[0])]))
        for words, command in commands(cli)
        for parameter in command.params
    ]


def is_path(parameter: click.Parameter) -> bool:
    return isinstance(parameter.type, PathType | NameOrPathType)


@pytest.mark.parametrize(("words", "parameter"), parameters())
def test_every_path_has_one_of_the_two_types_of_paths(words, parameter):
    assert is_path(parameter) or not isinstance(parameter.type, click.Path | click.File)
    metavar = (parameter.metavar or "").strip("[].").removesuffix("...")
    assert is_path(parameter) or metavar not in OF_PATHS


@pytest.mark.parametrize(("words", "parameter"), [row for row in parameters() if is_path(row.values[1])])
@pytest.mark.parametrize("value", [FOREIGN, "hf://datasets/x", ""])
def test_a_path_that_is_not_of_this_machine_is_one_line_and_nothing_is_made(
    words, parameter, value, rvos, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    named = isinstance(parameter, click.Option)
    ran = rvos(*words, *([parameter.opts[0], value] if named else [value]))
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert "is not on this machine" in ran.err or "the path is empty" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variable", ["RVOS_STORES", "RVOS_HOME"])
def test_folders_of_the_environment_are_of_this_machine(variable, rvos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, FOREIGN)
    ran = rvos("info", "ytvos")
    assert ran.code == 1
    assert f"{FOREIGN} is not on this machine" in ran.err
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_path_among_the_options_of_a_dataset_is_of_this_machine(rvos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = rvos("prepare", "ytvos", "--root", "r", "--out", "o", "-o", f"valid-masks={FOREIGN}")
    assert ran.code == 1
    assert "valid-masks" in ran.err
    assert FOREIGN in ran.err
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_url_is_a_path(rvos, tmp_path):
    ran = rvos("info", f"file://{tmp_path}/none")
    assert ran.code == 1
    assert f"no store at {tmp_path}/none" in ran.err
