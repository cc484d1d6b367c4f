"""`rvos prepare --dry-run`: a plan as text."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rvosbench.errors import DatasetError, OutputError
from rvosbench.files.text import file_size, strip_control

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from rvosbench.preparation.plan import Plan

_SHOWN = 5  # paths and errors that are named


def show_plan(found: Plan, root: Path, out: Path, *, as_json: bool) -> None:
    """Print what a conversion would do.

    Raises:
        DatasetError: files are missing, or videos cannot be converted.
        OutputError: the store cannot be written at `out`, or does not fit there.
    """
    from .console import print_json, stdout_console, warn

    for warning in found.warnings:
        warn(warning)
    if as_json:
        print_json(
            {"schema_version": 1, "dry_run": True, "store": out} | asdict(found) | {"fits": found.fits}
        )
        _check(found, out)
        return
    console = stdout_console()
    console.print(strip_control(f"{found.title}: what rvos prepare would do"), style="bold", markup=False)
    console.print(_table(found))
    missing = [_name(path, root) for path in found.missing]
    incomplete = _count(sum(split.incomplete for split in found.splits), "video")
    _list(console, f"Missing: {_count(len(missing), 'file')} of {incomplete}", missing)
    _list(console, f"Errors: {len(found.errors):,}", found.errors)
    partial = [split for split in found.splits if split.masks[0] < split.masks[1]]
    lines = [] if missing or found.errors or partial else ["Missing: nothing"]
    for split in partial:
        have, promised = split.masks
        lines.append(f"Missing in {split.name}: masks of {promised - have:,} of {promised:,} frames")
    lines += [f"Index: {_count(found.index.count, 'file')}, {file_size(found.index.size_bytes)}"]
    if found.absent:
        lines.append(f"Not in this copy: {', '.join(found.absent)}")
    if found.unfinished is not None:
        lines.append(
            f"An interrupted run left {found.unfinished}; it goes on from there if nothing has changed"
        )
    sampled = sum(split.estimate.videos for split in found.splits)
    lines.append(
        f"Disk, estimated from {_count(sampled, 'video')}: {file_size(found.peak_bytes)} while the store is "
        f"made, {file_size(found.store_bytes)} when it is finished; {file_size(found.free_bytes)} are free"
    )
    if found.out_error is None:
        lines.append(f"Store: {out} can be written")
    for line in lines:
        console.print(strip_control(line), markup=False)
    _check(found, out)


def _table(found: Plan) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    drawn.add_column("split", overflow="fold")
    for title in ("videos", "expressions", "files", "to read", "missing", "store"):
        drawn.add_column(title, justify="right", no_wrap=True)
    for split in found.splits:
        drawn.add_row(
            Text(strip_control(split.name)),
            f"{split.videos:,}",
            f"{split.expressions:,}",
            f"{split.files.count:,}",
            file_size(split.files.size_bytes),
            f"{len(split.files.missing):,}" if split.files.missing else "-",
            f"~{file_size(split.estimate.store_bytes)}" if split.estimate.videos else "unknown",
        )
    return drawn


def _list(console: Console, title: str, items: Sequence[str]) -> None:
    """The first few of many lines; nothing when there are none."""
    if not items:
        return
    console.print(strip_control(title), markup=False, style="red")
    for item in items[:_SHOWN]:
        console.print(strip_control(f"  {item}"), markup=False, soft_wrap=True)  # not wrapped: to be copied
    if len(items) > _SHOWN:
        console.print(f"  and {len(items) - _SHOWN:,} more", markup=False)


def _check(found: Plan, out: Path) -> None:
    if found.missing or found.errors:
        parts = [_count(len(found.missing), "file") + " missing"] if found.missing else []
        parts += [_count(len(found.errors), "error")] if found.errors else []
        raise DatasetError(
            f"{' and '.join(parts)}, listed above, expected none; fetch or extract them again, or prepare "
            "with --on-error skip to leave these videos out"
        )
    if found.out_error is not None:
        raise OutputError(found.out_error)
    if not found.fits:
        raise OutputError(
            f"{out} has {file_size(found.free_bytes)} of free disk, expected about "
            f"{file_size(found.peak_bytes)}; free some or choose another --out"
        )


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
