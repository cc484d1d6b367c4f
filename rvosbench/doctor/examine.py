"""The whole visit, in the order of a reader's questions."""

from __future__ import annotations

from collections.abc import Iterable

from rvosbench.doctor import decoders, devices, packages, plugins
from rvosbench.doctor.check import Check, guarded
from rvosbench.doctor.imports import Imported, import_all
from rvosbench.workspace.find import find_workspace
from rvosbench.workspace.record import Workspace

_SLOW = ("torch", "accelerate", "transformers")  # imported beside the others


def examine() -> tuple[Check, ...]:
    """Look at everything; takes the seconds that importing every library takes.

    Returns:
        One answer per line. Nothing is raised: what cannot be looked at is an answer too.
    """
    needed: tuple[packages.Package, ...] = ()
    imported: dict[str, Imported] = {}
    workspace: Workspace | None = None

    def libraries() -> Iterable[Check]:
        nonlocal needed, imported
        needed = packages.required()
        names = [package.module for package in needed]
        imported = import_all(
            [name for name in names if name in _SLOW], [name for name in names if name not in _SLOW]
        )
        return packages.look(needed, imported)

    def here() -> Iterable[Check]:
        from rvosbench.doctor import places  # needs libraries that may be what is broken

        nonlocal workspace
        workspace, checks = places.look_at_workspace(find_workspace)
        return checks

    checks = guarded("packages", libraries)
    about_workspace = guarded("workspace", here)
    chosen = None if workspace is None else workspace.device
    checks += guarded("devices", lambda: devices.look(imported.get("torch"), chosen))
    checks += guarded("decoders", lambda: decoders.look(imported))
    checks += guarded("plugins", plugins.look)
    checks += about_workspace
    if workspace is not None:
        checks += guarded("disk", lambda: _folders(workspace))
    return tuple(checks)


def _folders(workspace: Workspace) -> Iterable[Check]:
    from rvosbench.doctor import places

    yield from places.look_at_folders(workspace)
    yield from places.look_at_releases(workspace)
