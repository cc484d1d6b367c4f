"""Options of the commands that print tables."""

from __future__ import annotations

from pathlib import Path

import click

from .paths import PATH

csv_option = click.option(
    "--csv",
    "csv_file",
    type=PATH,
    metavar="FILE|-",
    help="Write CSV, in percent; - prints it.",
)


def one_on_stdout(csv_file: Path | None, **flags: bool) -> None:
    """Refuse two results on stdout."""
    chosen = [f"--{name}" for name, is_set in flags.items() if is_set]
    if csv_file is not None and str(csv_file) == "-":
        chosen.insert(0, "--csv -")
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(chosen)} would both be printed; choose one")


def write_csv(csv_file: Path, text: str) -> bool:
    """Print or write a table.

    Returns:
        Whether it was printed.
    """
    if str(csv_file) == "-":
        click.echo(text, nl=False)
        return True
    from rvosbench.files.atomic import write_text

    write_text(csv_file, text)
    return False
