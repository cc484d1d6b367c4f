"""What holds for every command, read off click: one file, one class, an example, no option twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from cli.commands import Command
from cli.examples import examples_of
from cli.main import COMMANDS, cli


def commands() -> dict[str, Command]:
    ctx = click.Context(cli, info_name="rvos")
    found = {name: cli.get_command(ctx, name) for name in cli.list_commands(ctx)}
    assert all(isinstance(command, Command) for command in found.values())
    return found  # type: ignore[return-value]


def options() -> Iterator[tuple[str, click.Option]]:
    for name, command in commands().items():
        yield from ((name, param) for param in command.params if isinstance(param, click.Option))


def some_value(option: click.Option) -> list[str]:
    """Words that an option of this type takes; the second value is looked at before the first is believed."""
    kinds = option.type.types if isinstance(option.type, click.Tuple) else [option.type] * option.nargs
    return [
        str(kind.choices[0]) if isinstance(kind, click.Choice) else {"I/N": "1/4"}.get(kind.name, "64")
        for kind in kinds
    ]


def enough(command: Command) -> list[str]:
    """What a command must be given at least."""
    words = []
    for param in command.params:
        if param.required and isinstance(param, click.Option):
            words += [param.opts[0], *some_value(param)]
    return words + ["x"] * sum(isinstance(param, click.Argument) for param in command.params)


def is_plain_flag(option: click.Option) -> bool:
    return option.is_bool_flag and not option.secondary_opts


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_that_may_be_given_once_refuses_a_second_value(rvos, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = commands()[name]
    once = [
        option
        for option in command.params
        if isinstance(option, click.Option)
        and not (option.multiple or option.count or is_plain_flag(option) or option.is_eager)
    ]
    for option in once:
        for spelling in option.opts:
            missing = [] if option.required else [spelling, *some_value(option)]
            ran = rvos(name, *enough(command), *missing, spelling, *some_value(option))
            assert ran.code == 2, (spelling, ran)
            assert f"{max(option.opts, key=len)} was given twice, it takes one value" in ran.error
            assert f"rvos {name} --help" in ran.error
    assert list(tmp_path.iterdir()) == []


def test_three_times_is_counted_and_help_still_helps(rvos):
    given = ("train", "soc", "--out", "x", "--dataset", "a", "--dataset=b", "--dataset", "c")
    assert "--dataset was given 3 times" in rvos(*given).error
    ran = rvos(*given, "--help")
    assert ran.code == 0 and "Usage: rvos train" in ran.out


def test_a_flag_twice_and_repeatable_options_are_no_contradiction(rvos, tmp_path):
    ran = rvos(
        *("synth", "ytvos", "--root", tmp_path / "x", "--videos", 1, "--frames", 2, "--size", 48, 64),
        *("--plain", "--plain", "--quirk", "no-meta", "--quirk", "mixed-valid"),
    )
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_itself(name):
    examples = examples_of(commands()[name])
    assert any(f"{line} ".startswith(f"rvos {name} ") for line in examples), examples


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_fits_80_columns_and_says_nothing_twice(rvos, name, monkeypatch):
    for columns in ("80", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        ran = rvos(*([name] if name else []), "--help")
        assert (ran.code, ran.err) == (0, "")
        too_long = [line for line in ran.out.splitlines() if len(line) > 80]
        assert too_long == []


@pytest.mark.parametrize("spelling", ["--json", "--overwrite", "--dry-run", "--quiet", "--resume"])
def test_what_is_a_flag_in_one_command_is_one_in_all(spelling):
    kinds = {option.is_flag for _, option in options() if spelling in option.opts}
    assert kinds == {True}


def test_quiet_is_everywhere_and_json_where_the_result_is_data():
    taken = {
        name: {spelling for param in command.params for spelling in param.opts}
        for name, command in commands().items()
    }
    assert [name for name, spellings in taken.items() if not {"-q", "--quiet"} <= spellings] == []
    without_data = {"demo", "init", "synth", "preview", "export", "convert-checkpoint", "report", "segment"}
    assert {name for name, spellings in taken.items() if "--json" not in spellings} == without_data


def test_the_list_of_commands_cuts_no_summary_short(rvos):
    lines = rvos("--help").out.partition("\nCommands:\n")[2].splitlines()
    assert len(lines) == len(COMMANDS)
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []


def test_every_option_is_explained():
    assert [f"{name} {option.opts[0]}" for name, option in options() if not option.help] == []


def test_rvos_alone_shows_the_help(rvos):
    ran = rvos()
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err == rvos("--help").out


def test_as_a_script_too():
    done = subprocess.run([sys.executable, "-m", "cli.main"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: rvos [OPTIONS] COMMAND") and "Error" not in done.stderr


@pytest.mark.parametrize("name", ["evaluate", "submit", "convert-predictions"])
def test_what_lets_imperfect_predictions_pass_has_a_heading_of_its_own(rvos, name):
    options, _, imperfect = rvos(name, "--help").out.partition("Imperfect predictions are refused unless:\n")
    assert "--threshold" in imperfect and "--threshold" not in options
    assert "--dataset" in options and "[RUN]" not in options.partition("Options:\n")[2]
