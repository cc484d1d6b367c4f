"""`--shard I/N`, as predict and evaluate take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from rvosbench.errors import InvalidDataError


class _ShardType(click.ParamType):  # type: ignore[type-arg]  # generic only in the newest click
    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from rvosbench.work.shards import Shard

        try:
            return Shard.read(value)
        except InvalidDataError as error:
            self.fail(str(error), param, ctx)


def shard_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--shard`, with what it does."""
    return click.option("--shard", type=_ShardType(), metavar="I/N", help=text)
