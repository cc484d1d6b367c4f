"""`rvos verify`: is a store whole and free of contradictions?"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import click

from rvosbench.files.text import strip_control

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
    expected. Exit code 3 when there are problems. That the release had masks of some frames only, though it
    promises all, is a warning: the store says what it was made from.

    STORE is a folder, or a name in the folder that RVOS_STORES names.

    \b
    Example:
      rvos verify stores/ytvos --no-frames
    """
    from rvosbench.errors import FormatError
    from rvosbench.store.manifest import read_manifest, rebuild_command
    from rvosbench.store.partial_truth import counts_from_manifest, say
    from rvosbench.store_tools.verify import verify

    from .console import print_json, progress, warn

    folder = find_store(store)
    problems = []
    with progress(f"verify {folder.name}") as update:
        for problem in verify(folder, release=release, frames=not no_frames, on_progress=update):
            problems.append(problem)
            if not as_json:
                click.echo(str(problem))
    manifest = read_manifest(folder)
    partly = {}
    with suppress(FormatError):  # which is a problem that was listed
        partly = {split: counts_from_manifest(manifest, split) for split in manifest["splits"]}
    for split, counts in partly.items():
        if counts:
            warn(f"the ground truth of {split} is not whole: {say(counts)}")
    splits = manifest["splits"].values()
    videos, masks = (sum(counts[table] for counts in splits) for table in ("videos", "masks"))
    checked = "frames not decoded" if no_frames else "every frame decoded"
    if as_json:
        facts = {"store": folder, "videos": videos, "masks": masks, "frames_decoded": not no_frames}
        facts["partly_annotated"] = {split: counts for split, counts in partly.items() if counts}
        report = {"problems": [asdict(problem) for problem in problems]}
        print_json({"schema_version": 1, **facts, **report})
    elif not problems:
        lacking = ", ".join(split for split, counts in partly.items() if counts)
        checked += f"; the ground truth of {lacking} is not whole" if lacking else ""
        click.echo(strip_control(f"{folder}: no problem in {videos:,} videos and {masks:,} masks, {checked}"))
    if problems:
        count = len(problems)
        raise FormatError(
            f"{folder} has {count} problem{'s' * (count > 1)}, listed above, expected none; rebuild it with: "
            f"{rebuild_command(manifest, folder)}"
        )
