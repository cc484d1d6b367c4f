"""`rvos init`: make a folder a workspace."""

from __future__ import annotations

from pathlib import Path

import click

from .commands import command
from .paths import NAME_OR_PATH, PATH


@command("init")
@click.argument("folder", default=".", type=PATH)
@click.option(
    "--releases",
    multiple=True,
    type=NAME_OR_PATH,
    metavar="FOLDER",
    help="A folder with official releases; repeatable.  [default: releases]",
)
@click.option("--overwrite", is_flag=True, help="Replace an rvos.toml that is there.")
def init_command(folder: Path, releases: tuple[str, ...], overwrite: bool) -> None:
    """Make FOLDER a workspace: write rvos.toml there.

    In a workspace releases are found by their usual folder names, and stores and runs get names:
    `rvos prepare a2d`, `rvos train soc --dataset a2d` and `rvos evaluate` need no more than that. The file
    explains every setting; nothing else is written.

    \b
    Example:
      rvos init
      rvos init lab --releases downloads
    """
    from rvosbench.workspace.here import from_here
    from rvosbench.workspace.init import initialise

    from .console import note

    workspace = initialise(folder, releases=releases, replace=overwrite)
    click.echo(str(from_here(workspace.file)))
    missing = [str(from_here(root)) for root in workspace.releases if not root.is_dir()]
    note("Next:")
    if missing:
        note(f"  put releases into {' and '.join(missing)}, or say in {workspace.file.name} where they are")
    if folder.resolve() != Path.cwd():
        note(f"  cd {folder}")
    note("  rvos doctor: which releases are found, what is missing")
    note("  rvos prepare a2d: a release becomes a store")
    note("  rvos train soc --dataset a2d: a store becomes a checkpoint")
    note("  rvos evaluate: every run gets scores, and a rank")
