"""A trained SOC as a folder, written at once or not at all; and the original's files, read in its place.

```text
<checkpoint>/
  model.safetensors   every weight and buffer, named as in our modules
  config.json         {"format": "rvosbench-soc", "format_version": 1, "config": {...}}
  text/               config.json and tokenizer files of the text encoder, as transformers saves them
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from rvosbench.errors import CheckpointError, FormatError, MissingPathError, UnknownNameError
from rvosbench.files.atomic import atomic_folder
from rvosbench.files.places import Content, check_folder, unwritable
from rvosbench.files.text import one_line
from rvosbench.models.soc import text_encoders
from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.fitting import Shapes, check_shapes
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.original import (
    classes_of,
    config_from_original,
    config_from_weights,
    read_original,
    rename,
)
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
    with atomic_folder(folder, overwrite=True, content=_CHECKPOINT) as partial:
        try:
            _write(model, partial)
        except SafetensorError as error:  # how it says that the disk is full
            raise unwritable(folder, error) from error


def _holds_checkpoint(folder: Path) -> bool:
    return all(item.name in (WEIGHTS, CONFIG, TEXT) for item in folder.iterdir())


_CHECKPOINT = Content("a checkpoint", _holds_checkpoint)


def _write(model: SOC, folder: Path) -> None:
    text = folder / TEXT
    text.mkdir()
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    record = {"format": FORMAT, "format_version": FORMAT_VERSION, "config": model.config.to_dict()}
    (folder / CONFIG).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    # safetensors makes its files private; everything here is as readable as the user's other files.
    (folder / WEIGHTS).chmod((folder / CONFIG).stat().st_mode)
    model.text_encoder.config.save_pretrained(text)
    model.tokenizer.save_pretrained(text)


def load(
    path: Path,
    device: str = "cpu",
    *,
    expected: SOCConfig | None = None,
    text_encoder: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> SOC:
    """Read a checkpoint, in evaluation mode.

    Args:
        path: a folder as `save` wrote it, or a file of the original SOC (see `load_original`).
        device: where the model shall live.
        expected: refuse a checkpoint whose weights have other shapes than this config's.
        text_encoder: for a file of the original, see `load_original`; a folder has its own.
        settings: fields of `SOCConfig` that shape no weight, such as `answer_layer`, instead of the
            checkpoint's own.

    Raises:
        MissingPathError: there is no such folder or file.
        CheckpointError: it is not a checkpoint, is damaged, or is one of another config; or a folder, with
            a `text_encoder` that it has no use for.
        FormatError: one of its files says something this version does not understand.
        UnknownNameError: torch has no such device here.
    """
    target = _device(device)
    if path.is_file():
        original = load_original(path, text_encoder=text_encoder, expected=expected, **(settings or {}))
        return original.to(target)
    if text_encoder is not None and path.is_dir():
        raise CheckpointError(
            f"the checkpoint folder {path} has a text encoder of its own; leave --text-encoder "
            f"{text_encoder} out"
        )
    return _load_folder(path, expected, settings or {}).to(target)


def _load_folder(folder: Path, expected: SOCConfig | None, settings: Mapping[str, Any]) -> SOC:
    config = replace(read_config(folder), **settings)
    _check_expected(folder, config, expected)
    shapes = _weight_shapes(folder / WEIGHTS)
    model = _fitting(folder / WEIGHTS, shapes, config, folder / TEXT)
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, OSError) as error:
        raise _damaged(folder / WEIGHTS, error) from error
    return model.eval()


def load_original(
    path: Path,
    *,
    text_encoder: str | None = None,
    expected: SOCConfig | None = None,
    **settings: Any,
) -> SOC:
    """Read a checkpoint file of the original SOC, in evaluation mode.

    The file holds weights alone. Their shapes tell the config; it answers from the first decoder layer,
    as the published scores do. The text encoder's configuration and tokenizer come from elsewhere.

    Args:
        path: a `*.tar` of the original.
        text_encoder: a folder with `config.json` and tokenizer files, or a name on the model hub. None:
            the folder `text` beside the file where there is one, else roberta-base.
        expected: refuse a checkpoint whose weights have other shapes than this config's.
        settings: fields of `SOCConfig` that shape no weight, such as `eval_short_side`.

    Raises:
        MissingPathError: there is no such file, or no text encoder.
        CheckpointError: it is not such a checkpoint, is damaged, would run code when loaded, or is one
            of another config.
    """
    weights = rename(read_original(path), path)
    config = replace(config_from_weights(weights, path), **settings)
    _check_expected(path, config, expected)
    beside = path.parent / TEXT
    if text_encoder is None and beside.is_dir():
        text_encoder = str(beside)
    name = text_encoder or config.text_encoder
    try:
        folder = text_encoders.folder_of(str(name))
    except MissingPathError as error:
        hint = "" if text_encoder else f"; or put {', '.join(text_encoders.NEEDED)} into {beside}"
        raise MissingPathError(f"{error}{hint}") from error
    return _filled(weights, config, folder, path)


def convert(
    path: Path,
    folder: Path,
    *,
    text_encoder: str | None = None,
    expected: SOCConfig | None = None,
    overwrite: bool = False,
    **settings: Any,
) -> SOC:
    """Write a checkpoint of the original as one of ours; arguments and errors as `load_original`.

    Args:
        path: as there.
        folder: new or empty; with `overwrite`, it may hold another checkpoint.
        text_encoder: as there.
        expected: as there.
        overwrite: replace a checkpoint that is in `folder`.
        settings: as there.

    Raises:
        OutputError: `folder` holds something else, or cannot be written.
    """
    check_folder(folder, overwrite=overwrite, content=_CHECKPOINT, parents=True)
    model = load_original(path, text_encoder=text_encoder, expected=expected, **settings)
    save(model, folder)
    return model


def from_original(
    state_dict: Mapping[str, Tensor], config: SOCConfig | Mapping[str, Any], text_dir: Path
) -> SOC:
    """A model of ours with the original's weights, in evaluation mode.

    Args:
        state_dict: original names to tensors, as `read_original` gives them.
        config: ours, or the original's settings (`config_from_original`). The number of classes is
            taken from the weights: published ones have 1 or 65.
        text_dir: `config.json` and the tokenizer files of the text encoder.

    Raises:
        CheckpointError: names that are missing, unexpected or of another shape; no way to ignore them.
        FormatError: settings that this SOC does not build.
        MissingPathError: `text_dir` lacks a file.
    """
    weights = rename(state_dict)
    ours = config if isinstance(config, SOCConfig) else config_from_original(config)
    ours = replace(ours, classes=classes_of(weights))
    return _filled(weights, ours, Path(text_dir), "the original checkpoint")


def _filled(weights: Mapping[str, Tensor], config: SOCConfig, text: Path, source: object) -> SOC:
    """A model with these weights, in evaluation mode."""
    shapes = {name: tuple(value.shape) for name, value in weights.items()}
    model = _fitting(source, shapes, config, text)
    model.load_state_dict(weights)
    return model.eval()


def _fitting(source: object, shapes: Shapes, config: SOCConfig, text: Path) -> SOC:
    """A model of this config, once the shapes are known to be its own."""
    encoder_config = text_encoders.read_config(text)
    tokenizer = text_encoders.read_tokenizer(text)
    name = str(text / CONFIG)
    # Shapes are compared before anything of the claimed size is allocated.
    with torch.device("meta"):
        skeleton = SOC(config, text_encoders.untrained(encoder_config, name), tokenizer)
    queries = shapes.get("decoder.queries", ())
    described = f"channels {queries[1]}, queries {queries[0]}" if len(queries) == 2 else ""
    check_shapes(source, shapes, skeleton, describe(config), described)
    with torch.random.fork_rng():
        encoder = text_encoders.untrained(encoder_config, name)
        text_encoders.check_vocabulary(encoder, tokenizer, str(text))
        return SOC(config, encoder, tokenizer)


def _check_expected(path: Path, config: SOCConfig, expected: SOCConfig | None) -> None:
    if expected is not None and not same_shape(config, expected):
        raise CheckpointError(f"{path} holds {describe(config)}, expected {describe(expected)}")


def _device(name: str) -> torch.device:
    try:
        return torch.zeros(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # an unknown word; or a torch built without CUDA
        raise UnknownNameError(f"torch has no device '{name}' here; use cpu") from error


def read_config(folder: Path) -> SOCConfig:
    """The config of a checkpoint folder; raises as `load`."""
    if not folder.exists():
        raise MissingPathError(
            f"{folder} does not exist; expected a checkpoint folder written by `rvos train`, or a file of "
            "the original SOC"
        )
    path = folder / CONFIG
    if not path.is_file() or not (folder / WEIGHTS).is_file():
        raise CheckpointError(
            f"{folder} is a folder without {CONFIG} and {WEIGHTS}; expected a SOC checkpoint"
        )
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
    detail = one_line(error)
    return CheckpointError(f"{path} is damaged or truncated ({detail}); copy the checkpoint again")
