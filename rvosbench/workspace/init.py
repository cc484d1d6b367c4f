"""What `rvos init` writes: an rvos.toml that explains itself."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path

from rvosbench.errors import OutputError
from rvosbench.files.atomic import atomic_file
from rvosbench.workspace.read import workspace_from
from rvosbench.workspace.record import FILE, Workspace

_TEMPLATE = """\
# A workspace of rvosbench: what rvos assumes in this folder and below it.
# Options on the command line win over this file. Lines that begin with "#:"
# are settings at their defaults: remove the "#:" and change them. Relative
# paths start at this file's folder, "~" is your home folder.

# Where the official releases are: one folder, or a list of folders. Each
# release is found in it by its usual folder name, such as a2d_sentences,
# ref-youtube-vos, ref-davis, jhmdb_sentences, mevis or coco.
{releases}

# Where rvos prepare puts stores, by name: stores/ytvos is --dataset ytvos.
#: stores = "stores"

# Where runs go: rvos train soc --dataset ytvos makes runs/soc-ytvos-1.
#: runs = "runs"

# What models run on: "cpu", "cuda", "cuda:1" ...
#: device = "cpu"

# Processes that read videos in rvos prepare.
#: workers = 1

# For one dataset (rvos list datasets): the release where it has an unusual
# name, the protocol to score by (rvos list protocols) instead of the
# dataset's own, and options of rvos prepare.
#: [datasets.ytvos]
#: root = "releases/ref-youtube-vos"
#: protocol = "ytvos"
#: options = {{ trainval = "0.1" }}

# For one model (rvos list models): the preset to train (rvos list presets)
# instead of its first.
#: [models.soc]
#: preset = "soc-demo"
"""
_MARK = "#: "


def template(releases: Sequence[str] = ()) -> str:
    """The text of a new rvos.toml.

    Args:
        releases: folders with official releases, as they are to stand there.
    """
    texts = [_quoted(text) for text in releases]
    if not texts:
        line = _MARK + 'releases = "releases"'
    elif len(texts) == 1:
        line = f"releases = {texts[0]}"
    else:
        line = f"releases = [{', '.join(texts)}]"
    return _TEMPLATE.format(releases=line)


def initialise(folder: Path, *, releases: Sequence[str] = (), replace: bool = False) -> Workspace:
    """Make a folder a workspace: write its rvos.toml and nothing else.

    Args:
        folder: made if it is not there.
        releases: folders with official releases, relative to `folder` or absolute.
        replace: overwrite an rvos.toml that is there.

    Raises:
        OutputError: there is one, or the folder cannot be written.
        FormatError: `releases` are no folder names.
    """
    path = folder / FILE
    if os.path.lexists(path) and not replace:
        raise OutputError(f"{path} already exists; edit it, or add --overwrite to begin anew")
    text = template(releases)
    workspace = workspace_from(tomllib.loads(text), path)
    with atomic_file(path, overwrite=replace) as partial:
        partial.write_text(text, encoding="utf-8")
    return workspace


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
