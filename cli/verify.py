"""`rvos verify`: is a store whole and free of contradictions?"""

from __future__ import annotations

from pathlib import Path

import click

from .commands import command
from .paths import NAME_OR_PATH
from .stores import find_store, release_option


@command("verify")
@click.argument("store", type=NAME_OR_PATH, metavar="STORE")
@click.option("--no-frames", is_flag=True, help="Do not decode the frames, which takes most of the time.")
@release_option
def verify_command(store: str, no_frames: bool, release: Path | None) -> None:
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

    from .console import progress

    folder = find_store(store)
    count = 0
    with progress(f"verify {folder.name}") as update:
        for problem in verify(folder, release=release, frames=not no_frames, on_progress=update):
            click.echo(str(problem))
            count += 1
    manifest = read_manifest(folder)
    if count:
        raise FormatError(
            f"{folder} has {count} problem{'s' * (count > 1)}, listed above, expected none; rebuild it with: "
            f"{rebuild_command(manifest, folder)}"
        )
    splits = manifest["splits"].values()
    videos, masks = (sum(counts[table] for counts in splits) for table in ("videos", "masks"))
    checked = "frames not decoded" if no_frames else "every frame decoded"
    click.echo(f"{folder}: no problem in {videos:,} videos and {masks:,} masks, {checked}")
