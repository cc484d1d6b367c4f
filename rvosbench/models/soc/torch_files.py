"""Weight files of PyTorch, read without running what is in them.

They are pickles, and a pickle that asks for more than tensors could run any program: `weights_only=True`,
and no way around it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint

from rvosbench.errors import CheckpointError, MissingPathError


def read_state(path: Path, key: str, what: str) -> dict[str, Tensor]:
    """The state dictionary in a file, at `key` or bare. Tensors are mapped, not read, where possible.

    Args:
        path: a file that `torch.save` wrote.
        key: where training programs of this kind put the weights, beside optimiser states and the like.
        what: what the file should be, for messages.

    Raises:
        MissingPathError: there is no such file.
        CheckpointError: it is no such file, is damaged, or loading it would run code.
    """
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder, expected the file of {what}")
    if not path.is_file():
        raise MissingPathError(f"{path} does not exist; expected the file of {what}")
    content = _load(path, what)
    if isinstance(content, dict) and isinstance(content.get(key), Mapping):
        content = content[key]
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"{path} holds a {type(content).__name__}, expected {what}: names and tensors")
    strangers = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
    if strangers:
        raise CheckpointError(
            f"{path} holds {strangers[0][:80]!r}, which is no tensor; expected {what}: names and tensors"
        )
    state = {str(name): value for name, value in content.items()}
    _check_stored(path, state)
    return state


def _load(path: Path, what: str) -> object:
    _check_unpacked(path)
    try:
        unsafe = get_unsafe_globals_in_checkpoint(path)
    except Exception:  # not a zip of PyTorch, or not even a pickle; the loader below says so
        unsafe = []
    if unsafe:
        raise CheckpointError(
            f"{path} asks for {', '.join(sorted(unsafe))}, which is more than tensors; loading it could run "
            "any program, so it is refused. Ask its author for a file with the weights alone"
        )
    try:
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:  # files older than PyTorch 1.6 cannot be mapped
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes break the loader in every way there is
        needed = re.findall(r"GLOBAL ([\w.]+)", str(error))
        detail = f"it asks for {', '.join(needed)}" if needed else type(error).__name__
        raise CheckpointError(
            f"{path} cannot be read as a file of weights alone ({detail}); is it {what}, and complete?"
        ) from error


def _check_unpacked(path: Path) -> None:
    """PyTorch stores without compression: a zip that unpacks to more than itself is none of its files."""
    try:
        with zipfile.ZipFile(path) as archive:
            claimed = sum(entry.file_size for entry in archive.infolist())
    except Exception:  # no zip, or a damaged one: the loader says so
        return
    size = path.stat().st_size
    if claimed > size:
        raise CheckpointError(
            f"{path} has {size} bytes and claims to unpack to {claimed}; PyTorch does not compress, so this "
            "is no file of weights"
        )


def _check_stored(path: Path, state: Mapping[str, Tensor]) -> None:
    """A tensor of a few stored numbers can claim any shape by repeating them; copying it would not end."""
    for name, value in state.items():
        plain = value.layout == torch.strided and value.device.type == "cpu" and not value.is_complex()
        if not plain or value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise CheckpointError(
                f"{path}: {name[:80]!r} claims the shape {tuple(value.shape)} and stores something else; "
                "expected plain tensors of real numbers"
            )
