"""The types of every path that a command takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from rvosbench.errors import LocationError
from rvosbench.files.locations import local_path


class PathType(click.Path):
    """A path of this machine; any other (`s3://...`) is wrong usage. Nothing is looked up."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """The `Path`; `file:///x` is `/x`."""
        try:
            value = local_path(value)
        except LocationError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)


class NameOrPathType(click.ParamType):  # type: ignore[type-arg]  # generic only in the newest click
    """A name, or a path of this machine where a name may stand too: a store, a text encoder of the hub."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As it was typed; `file:///x` is `/x`."""
        try:
            path = local_path(value)
        except LocationError as error:
            self.fail(str(error), param, ctx)
        return str(path) if value.lower().startswith("file:/") else value


PATH = PathType()
NAME_OR_PATH = NameOrPathType()
