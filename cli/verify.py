"""`rvos verify`: is a store whole and free of contradictions?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from .commands import command, json_option
from .paths import NAME_OR_PATH
from .stores import find_store, release_option


@command("verify")
@click.argument("store", type=NAME_OR_PATH, metavar="STORE")
@click.option("--no-frames", is_flag=True, help="Do not decode the frames, which takes most of the time.")
@json_option
@release_option
def verify_command(store: str, no_frames: bool, as_json: bool, release: Path | None) -> None:
    """Check a store: files, ids, masks and frames.

    Compares files with their checksums, follows every id, computes areas, boxes and the fingerprint
    again, and decodes every frame. Prints one line per problem: table, row, what was found and what was
    expected. Exit code 3 when there are problems.

    STORE is a folder, or a name in the folder that RVOS_STORES names.

    \b
    Example:
      rvos verify stores/ytvos --no-frames
    """
    from rvosbench.errors import FormatError
    from rvosbench.store.manifest import read_manifest, rebuild_command
    from rvosbench.store_tools.verify import verify

    from .console import print_json, progress

    folder = find_store(store)
    problems = []
    with progress(f"verify {folder.name}") as update:
        for problem in verify(folder, release=release, frames=not no_frames, on_progress=update):
            problems.append(problem)
            if not as_json:
                click.echo(str(problem))
    manifest = read_manifest(folder)
    splits = manifest["splits"].values()
    videos, masks = (sum(counts[table] for counts in splits) for table in ("videos", "masks"))
    checked = "frames not decoded" if no_frames else "every frame decoded"
    if as_json:
        facts = {"store": folder, "videos": videos, "masks": masks, "frames_decoded": not no_frames}
        found = {"problems": [asdict(problem) for problem in problems]}
        print_json({"schema_version": 1, **facts, **found})
    elif not problems:
        click.echo(f"{folder}: no problem in {videos:,} videos and {masks:,} masks, {checked}")
    if problems:
        count = len(problems)
        raise FormatError(
            f"{folder} has {count} problem{'s' * (count > 1)}, listed above, expected none; rebuild it with: "
            f"{rebuild_command(manifest, folder)}"
        )
