"""dataset.json of a store: read and checked, and what follows from it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from rvosbench.errors import FormatError, MissingPathError
from rvosbench.plugins.folders import contents_of
from rvosbench.store.schema import FORMAT_VERSION, MANIFEST, MEDIA

_MANIFEST_KEYS = {"name": str, "splits": dict, "files": dict, "fingerprint": str, "release": dict}


def read_manifest(folder: Path) -> dict[str, Any]:
    """dataset.json of a store, checked for its format version.

    Raises:
        MissingPathError: there is no such folder.
        FormatError: no manifest, broken JSON or another format version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        _refuse(folder)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not a store's manifest ({error!r}); prepare the store again") from error
    if not isinstance(manifest, dict) or "format_version" not in manifest:
        raise FormatError(f"{path} is not a store's manifest (no format_version); prepare the store again")
    version = manifest["format_version"]
    if version != FORMAT_VERSION:
        raise FormatError(
            f"{path} has store format {version}, this rvosbench reads {FORMAT_VERSION}; "
            f"rebuild it with: {rebuild_command(manifest, folder)}"
        )
    wrong = [key for key, kind in _MANIFEST_KEYS.items() if not isinstance(manifest.get(key), kind)]
    if wrong:
        raise FormatError(f"{path} has no valid {', '.join(wrong)}; prepare the store again")
    return manifest


def _refuse(folder: Path) -> NoReturn:
    """Say what there is in place of a store, and what to do with it."""
    contents = contents_of(folder)
    if contents.kind == "nothing":
        raise MissingPathError(f"{folder} is not there; expected a store, make one with rvos prepare")
    if contents.kind == "release":
        advice = f"make a store of it with: {contents.command} --out STORE"
    elif contents.command:
        advice = f"look at it with: {contents.command}"
    else:
        advice = "make a store with: rvos prepare NAME --root RELEASE --out STORE"
    raise FormatError(f"{folder} is {contents.text}, expected a store with its {MANIFEST}; {advice}")


def release_of(folder: Path, manifest: Mapping[str, Any]) -> Path:
    """The folder that the frame paths of a store are relative to, unless the release has moved."""
    if manifest["release"].get("packed") is True:
        return folder / MEDIA
    return Path(str(manifest["release"].get("root", "")))


def rebuild_command(manifest: Mapping[str, Any], folder: Path) -> str:
    """The command line that makes this store again; a damaged manifest gives what it still says."""
    release, converter = (_mapping(manifest.get(key)) for key in ("release", "converter"))
    arguments = _mapping(converter.get("arguments"))
    words = ["rvos", "prepare", str(manifest.get("name", "NAME"))]
    words += ["--root", str(release.get("root", "RELEASE")), "--out", str(folder)]
    for name, value in _mapping(arguments.get("options")).items():
        words += ["-o", f"{name}={value}"]
    splits = _mapping(manifest.get("splits"))
    if splits:
        words += ["--splits", ",".join(map(str, splits))]
    if arguments.get("limit") is not None:
        words += ["--limit", str(arguments["limit"])]
    if arguments.get("on_error") == "skip":
        words += ["--on-error", "skip"]
    if release.get("packed") is True:
        words.append("--pack")
    return shlex.join([*words, "--overwrite"])


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
