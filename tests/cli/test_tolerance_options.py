"""Options that several commands share are the same option: one help, one type, one default."""

from __future__ import annotations

import click
import pytest

from cli.main import cli

COMMANDS = ("evaluate", "submit", "convert-predictions")


def options(command: str) -> dict[str, click.Option]:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    return {param.opts[0]: param for param in found.params if isinstance(param, click.Option)}


@pytest.mark.parametrize(
    ("option", "commands"),
    [
        ("--missing", COMMANDS[:2]),
        ("--truth", COMMANDS[:2]),
        ("--surplus", COMMANDS),
        ("--resize", COMMANDS),
        ("--threshold", COMMANDS),
        ("--overwrite", COMMANDS[1:]),
        ("--dry-run", COMMANDS[1:]),
        ("--release", COMMANDS),
        ("--json", COMMANDS),
    ],
)
def test_an_option_of_several_commands_has_one_meaning(option, commands):
    assert tuple(name for name in COMMANDS if option in options(name)) == commands
    said = {
        (found.help, str(found.default), found.type.name, str(getattr(found.type, "choices", "")))
        for found in (options(name)[option] for name in commands)
    }
    assert len(said) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_is_completed_by_name(command):
    from cli.names import STORE

    assert options(command)["--dataset"].type is STORE
