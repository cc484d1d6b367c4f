"""`rvos info`: what is in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rvosbench.files.text import strip_control

from .commands import command, json_option
from .paths import NAME_OR_PATH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from rvosbench.store import Store
    from rvosbench.store_tools.info import Info, SplitInfo

_SPLITS_PER_TABLE = 4  # fit 80 columns
_TABLES = ("videos", "frames", "objects", "expressions", "masks")


@command("info")
@click.argument("store", type=NAME_OR_PATH, metavar="STORE")
@click.option("--videos", "list_them", is_flag=True, help="List the videos instead, with counts of each.")
@click.option("--split", "splits", multiple=True, help="Only this split; repeatable.  [default: all]")
@json_option
def info_command(store: str, list_them: bool, splits: tuple[str, ...], as_json: bool) -> None:
    """Count what is in a store.

    Shows videos, frames, objects, expressions and masks of every split, what the expressions are like, how
    large the masks are and how often objects are out of sight; then licence and citation.

    STORE is a folder, or a name in the folder that RVOS_STORES names.

    \b
    Example:
      rvos info stores/ytvos
      rvos info stores/ytvos --json > ytvos.json
      rvos info stores/ytvos --videos --split valid
    """
    from rvosbench.store.partial_truth import say
    from rvosbench.store_tools import info

    from .console import print_json, stdout_console
    from .stores import open_store

    opened = open_store(store)
    if list_them:
        _list_videos(opened, splits or None, as_json)
        return
    found = info.describe(opened, splits=splits or None)
    if as_json:
        print_json(info.as_json(found))
        return
    console = stdout_console()
    console.print(strip_control(f"{found.title} ({found.name})"), style="bold", markup=False)
    names = list(found.splits)
    for start in range(0, len(names), _SPLITS_PER_TABLE):
        console.print(_table(found, names[start : start + _SPLITS_PER_TABLE]))
    for name, split in found.splits.items():
        if split.text.frequent:
            words = ", ".join(f"{word} {count:,}" for word, count in split.text.frequent)
            console.print(strip_control(f"Most frequent words of {name}: {words}"), markup=False)
    for name, split in found.splits.items():
        if split.partly_annotated:
            said = say(split.partly_annotated)
            console.print(strip_control(f"Ground truth of {name} is not whole: {said}"), markup=False)
    _say_problems(found)
    console.print()
    for title, text in (("Licence", found.licence), ("Homepage", found.homepage)):
        console.print(strip_control(f"{title}: {text}"), markup=False)
    packed = ", with its pixels" if found.packed else ""
    console.print(
        f"Store: fingerprint {strip_control(found.fingerprint[:16])}, "
        f"{strip_control(found.converter)}{packed}"
    )
    console.print("Citation:")
    for line in found.citation.splitlines():
        click.echo(strip_control(line))  # not wrapped: it is to be copied


def _list_videos(store: Store, splits: tuple[str, ...] | None, as_json: bool) -> None:
    """A line per video, its id last: it may hold spaces."""
    from dataclasses import asdict

    from rvosbench.store_tools.videos import list_videos

    from .console import print_json

    rows = list(list_videos(store, splits))
    if as_json:
        print_json({"schema_version": 1, "videos": [asdict(row) for row in rows]})
        return
    width = max([len("split"), *(len(row.split) for row in rows)])
    click.echo(f"{'split':<{width}}  {'size':>9}  frames  objects  expressions   masks  video")
    for row in rows:
        size = f"{row.width}x{row.height}"
        click.echo(
            f"{row.split:<{width}}  {size:>9}  {row.frames:>6}  {row.objects:>7}  {row.expressions:>11}  "
            f"{row.masks:>6}  {strip_control(row.video_id)}"
        )


def _say_problems(found: Info) -> None:
    """How many and the first few, a line each."""
    problems = found.problems
    count = problems.skipped + problems.reported
    if not count:
        return
    click.echo(f"Problems: {problems.skipped:,} videos skipped, {problems.reported:,} reported")
    for problem in problems.first:
        where = "/".join(part for part in (problem.split, problem.video_id) if part is not None)
        said = f"{where}: {problem.message}" if where else problem.message
        click.echo(f"  {problem.kind}: {strip_control(said)}")
    if count > len(problems.first):
        click.echo(f"  and {count - len(problems.first):,} more, see problems.parquet in the store")


def _table(found: Info, names: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    drawn.add_column("", no_wrap=True)
    for name in names:
        drawn.add_column(Text(strip_control(name)), justify="right", overflow="fold")
    columns = [_measures(found.splits[name]) for name in names]
    for measure in columns[0]:
        drawn.add_row(measure, *(Text(column[measure]) for column in columns))
    return drawn


def _measures(split: SplitInfo) -> dict[str, str]:
    """What is measured -> its value as text."""
    text, masks = split.text, split.masks
    rows = {table: _count(split.counts.get(table, 0), split.published.get(table)) for table in _TABLES}
    return {
        **rows,
        "annotated frames": f"{split.annotated_frames:,}",
        "expressions with hidden truth": f"{text.hidden:,}",
        "  without a target": f"{text.no_target:,}",
        "  about several objects": f"{text.several_objects:,}",
        "words per expression, mean": f"{text.words_mean:.1f}",
        "  median": f"{text.words_median:g}",
        "  least to most": f"{text.words_min} to {text.words_max}",
        "vocabulary": f"{text.vocabulary:,}",
        "mask area of frame, mean": _percent(masks.share_mean),
        "  half are below": _percent(masks.share_median),
        "  10 % are below": _percent(masks.share_10),
        "  10 % are above": _percent(masks.share_90),
        "object out of sight, frames": _percent(masks.absent / masks.pairs if masks.pairs else None),
        "  objects never seen": f"{masks.never_visible:,}",
        "void objects": f"{masks.void_objects:,}",
    }


def _count(value: int, published: int | None) -> str:
    return f"{value:,}" if published in (None, value) else f"{value:,} of {published:,}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
