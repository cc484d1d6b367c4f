"""`rvos demo`: from nothing to a trained, scored and explained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commands import command
from .paths import PATH

if TYPE_CHECKING:
    from rvosbench.demo import DemoResult


@command("demo")
@click.option("--out", default="rvos-demo", show_default=True, type=PATH, help="Folder to write.")
@click.option("--steps", type=click.IntRange(1), help="Training steps, instead of the recipe's.")
@click.option("--videos", type=click.IntRange(8), help="Synthetic videos, instead of the demo's.")
@click.option("--seed", default=0, show_default=True, help="Of the scenes and of the training.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier demo at --out.")
@click.pass_context
def demo_command(
    ctx: click.Context, out: Path, steps: int | None, videos: int | None, seed: int, overwrite: bool
) -> None:
    """Make data, train a small SOC, score it, explain it.

    No download; a few minutes on two CPU cores. Ends with exit code 1 if the model did not learn to
    listen to the expression.

    \b
    Example:
      rvos demo --out rvos-demo
    """
    from dataclasses import replace

    from rvosbench.demo import Size, demo

    from .console import progress

    size = Size()
    if steps is not None:
        size = replace(size, steps=steps)
    if videos is not None:
        size = replace(size, videos=videos)
    result = demo(out, progress=progress, seed=seed, size=size, replace_old=overwrite)
    _print(result)
    if not result.listens:
        ctx.exit(1)


def _print(result: DemoResult) -> None:
    from rich.table import Table

    from rvosbench import demo
    from rvosbench.reporting.leaderboard import as_rich

    from .console import stdout_console

    console = stdout_console()
    for table in result.board:
        console.print(as_rich(table))
    kinds = Table(
        title=f"J&F of {demo.MODEL} per kind of expression", title_justify="left", box=None, pad_edge=False
    )
    for name in ("kind", "J&F", "95 % interval", "n"):
        kinds.add_column(name, justify="left" if name == "kind" else "right")
    for each in result.kinds:
        low_high = "-" if each.low != each.low else f"[{100 * each.low:.1f}, {100 * each.high:.1f}]"
        kinds.add_row(each.kind, f"{100 * each.mean:.1f}", low_high, str(each.n))
    console.print()
    console.print(kinds)
    console.print()
    mismatch = result.mismatch
    console.print("Does it listen?")
    console.print(
        _claim(
            f"{demo.MODEL} is {100 * result.margin:.1f} J&F points above {result.oracle}",
            result.margin,
            demo.MARGIN_OVER_BLIND,
        )
    )
    console.print(
        _claim(
            f"mismatched expressions cost it {100 * mismatch.cost.difference:.1f} points, "
            f"from {100 * mismatch.right:.1f} to {100 * mismatch.mismatched:.1f}",
            mismatch.cost.difference,
            demo.COST_OF_MISMATCH,
        )
    )
    console.print()
    console.print(f"trained    {result.training_steps} steps in {result.training_s:.0f} s")
    console.print(f"checkpoint {result.checkpoint}", soft_wrap=True)
    console.print(f"page       {result.page}", soft_wrap=True)


def _claim(text: str, value: float, least: float) -> str:
    met = value >= least
    return f"  [{'green' if met else 'red'}]{'yes' if met else 'NO '}[/] {text} (wanted: {100 * least:.0f})"
