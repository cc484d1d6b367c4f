"""A trained SOC as a folder, written at once or not at all.

```text
<checkpoint>/
  model.safetensors   every weight and buffer, named as in our modules
  config.json         {"format": "rvosbench-soc", "format_version": 1, "config": {...}}
  text/               config.json and tokenizer files of the text encoder, as transformers saves them
```
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from rvosbench.errors import CheckpointError, FormatError, MissingPathError, OutputError, UnknownNameError
from rvosbench.models.soc import text_encoders
from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.presets import describe, same_shape

FORMAT = "rvosbench-soc"
FORMAT_VERSION = 1
WEIGHTS = "model.safetensors"
CONFIG = "config.json"
TEXT = "text"


def create(config: SOCConfig, *, seed: int) -> SOC:
    """A SOC with fresh weights (the text encoder's may be pretrained), a pure function of its arguments.

    Raises:
        MissingPathError: pretrained text weights are neither here nor on a reachable hub.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        encoder, tokenizer = text_encoders.text_encoder(config.text_encoder)
        text_encoders.check_vocabulary(encoder, tokenizer, str(config.text_encoder))
        return SOC(config, encoder, tokenizer)


def save(model: SOC, folder: Path) -> None:
    """Write a checkpoint under its final name in one step; an earlier checkpoint there is replaced.

    Raises:
        OutputError: something else is in the way, or nothing can be written there.
    """
    _check_replaceable(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}); choose another place") from error
    try:
        _write(model, scratch / "new")
        if folder.exists():
            folder.rename(scratch / "old")
        (scratch / "new").replace(folder)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror or error}); is the disk full?"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_replaceable(folder: Path) -> None:
    """Only a checkpoint or an empty folder is replaced."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file; a checkpoint is a folder, choose another name")
    others = sorted(item.name for item in folder.iterdir() if item.name not in (WEIGHTS, CONFIG, TEXT))
    if others:
        raise OutputError(
            f"{folder} holds {others[0]}, which is no part of a checkpoint; choose an empty folder"
        )


def _write(model: SOC, folder: Path) -> None:
    text = folder / TEXT
    text.mkdir(parents=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    record = {"format": FORMAT, "format_version": FORMAT_VERSION, "config": model.config.to_dict()}
    (folder / CONFIG).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    # safetensors makes its files private; everything here is as readable as the user's other files.
    (folder / WEIGHTS).chmod((folder / CONFIG).stat().st_mode)
    model.text_encoder.config.save_pretrained(text)
    model.tokenizer.save_pretrained(text)


def load(folder: Path, device: str = "cpu", *, expected: SOCConfig | None = None) -> SOC:
    """Read a checkpoint, in evaluation mode.

    Args:
        folder: as `save` wrote it.
        device: where the model shall live.
        expected: refuse a checkpoint whose weights have other shapes than this config's.

    Raises:
        MissingPathError: there is no such folder.
        CheckpointError: it is not a checkpoint, is damaged, or is one of another config.
        FormatError: one of its files says something this version does not understand.
        UnknownNameError: torch has no such device here.
    """
    config = read_config(folder)
    place = _device(device)
    if expected is not None and not same_shape(config, expected):
        raise CheckpointError(f"{folder} holds {describe(config)}, expected {describe(expected)}")
    shapes = _weight_shapes(folder / WEIGHTS)
    encoder_config = text_encoders.read_config(folder / TEXT)
    tokenizer = text_encoders.read_tokenizer(folder / TEXT)
    name = str(folder / TEXT / CONFIG)
    # Shapes are compared before anything of the claimed size is allocated.
    with torch.device("meta"):
        skeleton = SOC(config, text_encoders.untrained(encoder_config, name), tokenizer)
    check_shapes(folder / WEIGHTS, shapes, skeleton)
    with torch.random.fork_rng():
        encoder = text_encoders.untrained(encoder_config, name)
        text_encoders.check_vocabulary(encoder, tokenizer, str(folder))
        model = SOC(config, encoder, tokenizer)
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, OSError) as error:
        raise _damaged(folder / WEIGHTS, error) from error
    return model.to(place).eval()


def _device(name: str) -> torch.device:
    try:
        return torch.zeros(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # an unknown word; or a torch built without CUDA
        raise UnknownNameError(f"torch has no device '{name}' here; use cpu") from error


def read_config(folder: Path) -> SOCConfig:
    """The config of a checkpoint; raises as `load`."""
    if not folder.exists():
        raise MissingPathError(
            f"{folder} does not exist; expected a checkpoint folder written by `rvos train`"
        )
    path = folder / CONFIG
    if not path.is_file() or not (folder / WEIGHTS).is_file():
        kind = "a folder without" if folder.is_dir() else "a file, not a folder with"
        raise CheckpointError(f"{folder} is {kind} {CONFIG} and {WEIGHTS}; expected a SOC checkpoint")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path} cannot be read as JSON ({error}); copy the checkpoint again") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not that of a SOC checkpoint (no format '{FORMAT}')")
    if record.get("format_version") != FORMAT_VERSION:
        raise FormatError(
            f"{path} has checkpoint format {record.get('format_version')}, this rvosbench reads "
            f"{FORMAT_VERSION}; train again or use the version that wrote it"
        )
    try:
        return SOCConfig.from_dict(record.get("config"))
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def _weight_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name -> shape, from the file's header."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CheckpointError:
    detail = " ".join(str(error).split())
    return CheckpointError(f"{path} is damaged or truncated ({detail}); copy the checkpoint again")


def check_shapes(source: object, shapes: Mapping[str, tuple[int, ...]], model: SOC) -> None:
    """Refuse weights that do not fit a model name by name and shape by shape.

    Args:
        source: where the weights come from, for the message.
        shapes: what they are.
        model: what they should be; may live on the meta device.

    Raises:
        CheckpointError: names the first differences and counts all.
    """
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    differing = sorted(name for name in shapes.keys() & wanted.keys() if shapes[name] != wanted[name])
    found = [
        _listed("missing", wanted.keys() - shapes.keys()),
        _listed("unexpected", shapes.keys() - wanted.keys()),
        _listed("of another shape", [f"{name} {shapes[name]} for {wanted[name]}" for name in differing]),
    ]
    if any(found):
        queries = shapes.get("decoder.queries", ())
        holds = f"holds channels {queries[1]}, queries {queries[0]}; " if len(queries) == 2 else ""
        raise CheckpointError(
            f"{source} {holds}expected {describe(model.config)}: {'; '.join(part for part in found if part)}"
        )


def _listed(what: str, names: Iterable[str]) -> str:
    """`3 missing (a, b, ...)`, or nothing when there are none."""
    ordered = sorted(names)
    if not ordered:
        return ""
    return f"{len(ordered)} {what} ({', '.join(ordered[:3])}{', ...' if len(ordered) > 3 else ''})"


def fill(model: SOC, weights: Mapping[str, Tensor], source: object) -> SOC:
    """Copy weights into a model after `check_shapes`; raises as that does."""
    check_shapes(source, {name: tuple(value.shape) for name, value in weights.items()}, model)
    model.load_state_dict(weights)
    return model
