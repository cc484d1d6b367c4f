"""Where SOC's text encoder and tokenizer come from: a preset, a folder, the model hub, a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import constants as hub
from huggingface_hub import get_session, snapshot_download
from transformers import RobertaConfig, RobertaModel, RobertaTokenizer

from rvosbench.errors import CheckpointError, FormatError, InvalidDataError, MissingPathError
from rvosbench.files.text import one_line

NEEDED = ("config.json", "vocab.json", "merges.txt")
"""What a folder has to hold besides weights."""

ANSWER_S = 3.0
"""How long the model hub may take to say a first word, before it counts as out of reach."""

SHIPPED_TOKENIZER = Path(__file__).parent / "tokenizer"
"""A byte-level BPE for text encoders that start from scratch; scripts/make_tokenizer.py writes it."""


def text_encoder(source: str | Mapping[str, object]) -> tuple[RobertaModel, RobertaTokenizer]:
    """The text encoder that a config asks for, with pretrained weights unless it starts from scratch.

    Args:
        source: the configuration of a RoBERTa to start from scratch, a folder as transformers saves
            it, or a name on the model hub.

    Raises:
        MissingPathError: the hub has to be asked and does not answer.
        FormatError: a configuration that is not one of a RoBERTa.
    """
    if isinstance(source, Mapping):
        return untrained(source, "the config"), read_tokenizer(SHIPPED_TOKENIZER)
    if Path(source).is_dir():
        return _from_folder(Path(source))
    try:
        return _pretrained(source, local=True), _tokenizer(source, local=True)
    except OSError:
        _check_reachable(source)  # not in the hub's cache: download it
    try:
        return _pretrained(source, local=False), _tokenizer(source, local=False)
    except OSError as error:
        raise _not_here(source, "the model hub does not give it") from error


def folder_of(source: str) -> Path:
    """A folder with a text encoder's configuration and tokenizer, without its weights.

    Args:
        source: a folder, or a name on the model hub.

    Raises:
        MissingPathError: there is no such folder; the hub has to be asked and does not answer.
    """
    if Path(source).is_dir():
        return Path(source)
    for local in (True, False):
        if not local:
            _check_reachable(source)
        try:
            folder = Path(
                snapshot_download(source, allow_patterns=[*NEEDED, "tokenizer*.json"], local_files_only=local)
            )
        except (OSError, ValueError):  # not in the cache; or no name that the hub could have
            continue
        if (folder / "config.json").is_file() and _has_tokenizer(folder):
            return folder
    raise _not_here(source, "the model hub does not give it")


def _check_reachable(source: str) -> None:
    """One short query before any download: the hub's own client would ask for half a minute."""
    try:
        get_session().head(hub.ENDPOINT, timeout=ANSWER_S)
    except Exception as error:  # the client's errors are those of the HTTP library of the day
        raise _not_here(source, "the model hub does not answer") from error


def _not_here(source: str, reason: str) -> MissingPathError:
    folder = Path(hub.HF_HUB_CACHE) / f"models--{source.replace('/', '--')}"
    return MissingPathError(
        f"the text encoder '{source}' is neither a folder nor downloaded, and {reason}; run "
        f"`hf download {source}` on a connected machine and copy what it fills to {folder}"
    )


def _from_folder(folder: Path) -> tuple[RobertaModel, RobertaTokenizer]:
    if not (folder / "model.safetensors").is_file():
        raise MissingPathError(f"{folder} holds no model.safetensors; expected the weights of a text encoder")
    try:
        return _pretrained(str(folder), local=True), read_tokenizer(folder)
    except (InvalidDataError, MissingPathError):
        raise
    except Exception as error:  # a damaged file breaks transformers in many ways
        raise FormatError(f"the text encoder in {folder} cannot be read: {one_line(error)}") from error


def untrained(values: Mapping[str, object], name: str) -> RobertaModel:
    """A RoBERTa with fresh weights.

    Args:
        values: its configuration.
        name: what to call the configuration in errors.

    Raises:
        FormatError: the configuration makes no RoBERTa.
    """
    if values.get("model_type", "roberta") != "roberta":
        raise FormatError(
            f"{name} describes a text encoder of type {values['model_type']!r}, expected roberta"
        )
    try:
        return RobertaModel(RobertaConfig.from_dict(dict(values)))
    except Exception as error:  # transformers raises whatever a wrong value happens to break
        raise FormatError(f"{name} does not describe a RoBERTa: {one_line(error)}") from error


def read_config(folder: Path) -> Mapping[str, object]:
    """A text encoder's `config.json`.

    Raises:
        MissingPathError: there is none.
        FormatError: it is not a JSON object.
    """
    path = folder / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingPathError(f"{path} is missing; expected the configuration of a text encoder") from None
    except (OSError, ValueError) as error:
        raise FormatError(f"{path} cannot be read as JSON ({one_line(error)}); copy it again") from error
    if not isinstance(values, dict):
        raise FormatError(f"{path} holds a {type(values).__name__}, expected an object with named fields")
    return values


def read_tokenizer(folder: Path) -> RobertaTokenizer:
    """The tokenizer in a folder; asks nobody else.

    Raises:
        MissingPathError: the folder holds no tokenizer.
        FormatError: its files are damaged.
    """
    # Without any file transformers would make a tokenizer of five tokens and call that success.
    if not _has_tokenizer(folder):
        raise MissingPathError(
            f"{folder} holds no tokenizer; expected tokenizer.json, or vocab.json and merges.txt"
        )
    try:
        return _tokenizer(str(folder), local=True)
    except Exception as error:  # the tokenizer's own parser raises a bare Exception
        raise FormatError(
            f"the tokenizer in {folder} cannot be read ({one_line(error)}); copy it again"
        ) from error


def _has_tokenizer(folder: Path) -> bool:
    if (folder / "tokenizer.json").is_file():
        return True
    return all((folder / name).is_file() for name in ("vocab.json", "merges.txt"))


def check_vocabulary(encoder: RobertaModel, tokenizer: RobertaTokenizer, name: str) -> None:
    """Refuse a tokenizer that knows more tokens than the encoder has vectors for.

    Raises:
        CheckpointError: it does.
    """
    if len(tokenizer) > encoder.config.vocab_size:
        raise CheckpointError(
            f"{name}: the tokenizer knows {len(tokenizer)} tokens, its text encoder "
            f"{encoder.config.vocab_size}; the two are not from one model"
        )


def _pretrained(source: str, *, local: bool) -> RobertaModel:
    return RobertaModel.from_pretrained(source, local_files_only=local, use_safetensors=True)


def _tokenizer(source: str, *, local: bool) -> RobertaTokenizer:
    tokenizer: RobertaTokenizer = RobertaTokenizer.from_pretrained(source, local_files_only=local)
    return tokenizer
