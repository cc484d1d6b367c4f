"""`rvos doctor`: what this installation and this machine can do, and what is missing."""

from __future__ import annotations

import shutil
import sys
import textwrap

import click

from .commands import command, json_option

_MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


@command("doctor")
@json_option
@click.pass_context
def doctor_command(ctx: click.Context, as_json: bool) -> None:
    """Check installation, machine and workspace.

    Versions, devices, decoders, plugins, disk, workspace and releases, one line each. Imports every
    library once, which takes some seconds. The exit code is 1 if something that is needed is missing.

    \b
    Example:
      rvos doctor
    """
    from dataclasses import asdict

    from rvosbench.doctor import examine

    from .console import note, print_json

    if sys.stderr.isatty():
        note("Importing every library once; this takes some seconds ...")
    checks = examine()
    healthy = all(check.status != "fail" for check in checks)
    if as_json:
        print_json({"schema_version": 1, "ok": healthy, "checks": [asdict(check) for check in checks]})
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            mark, colour = _MARKS[check.status]
            head = click.style(f"{mark:<4}", fg=colour) + f"  {check.name:<{width}}  "
            click.echo(head + _wrapped(check.text, indent=width + 8))
    ctx.exit(0 if healthy else 1)


def _wrapped(text: str, indent: int) -> str:
    """One line where a program reads it, lines that fit where a person does."""
    if not sys.stdout.isatty():
        return text
    width = max(shutil.get_terminal_size().columns, 60)
    lines = textwrap.wrap(text, width - indent, break_on_hyphens=False)
    return f"\n{' ' * indent}".join(lines)
