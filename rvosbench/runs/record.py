"""run.json: what every run says about how it was made, written last so that its presence means "complete"."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rvosbench import __version__
from rvosbench.errors import FormatError, MissingPathError
from rvosbench.plugins.model import Trait
from rvosbench.work.shards import Shard

NAME = "run.json"
_PACKAGES = ("accelerate", "numpy", "pillow", "pyarrow", "pycocotools", "torch", "transformers")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """What run.json says about how a run was made; None where it does not say."""

    kind: str | None  # "predictions" or "training"
    unit: str | None  # what an answer is about: "expression" or "object"
    model: str | None
    traits: tuple[str, ...]
    checkpoint: str | None
    dataset: str | None
    store: str | None  # the folder of the store
    store_fingerprint: str | None
    split: str | None
    seed: int | None
    candidates: int | None  # ranked masks per expression that were asked for
    candidates_available: int | None  # that the model could have given; None: written before it was known
    mismatched_expressions: bool
    limit: int | None  # only so many videos
    shard: Shard | None  # only this part of them, until the parts are merged
    left_out: tuple[str, ...]  # expressions that were not asked, <video>/<expression>
    settings: Mapping[str, Any]
    content: Mapping[str, Any]  # all that run.json says

    @property
    def is_oracle(self) -> bool:
        """Whether the model reads the ground truth."""
        return Trait.ORACLE in self.traits

    @classmethod
    def from_json(cls, content: Mapping[str, Any], path: Path) -> RunRecord:
        """A record from what run.json holds, of this version or of one before.

        Args:
            content: as JSON has it.
            path: of the file, for errors.

        Raises:
            FormatError: a value has the wrong type.
        """
        try:
            return cls(
                kind=_text(content, "kind"),
                unit=_text(content, "unit"),
                model=_text(content, "model"),
                checkpoint=_text(content, "checkpoint"),
                dataset=_text(content, "dataset"),
                store=_text(content, "store"),
                store_fingerprint=_text(content, "store_fingerprint"),
                split=_text(content, "split"),
                seed=_number(content, "seed"),
                candidates=_number(content, "candidates"),
                candidates_available=_number(content, "candidates_available"),
                limit=_number(content, "limit"),
                shard=Shard.from_json(content.get("shard")),
                traits=traits_of(content),
                # Called swapped_sentences at first.
                mismatched_expressions=bool(
                    content.get("mismatched_expressions", content.get("swapped_sentences"))
                ),
                left_out=tuple(map(str, content.get("left_out") or ())),
                settings=dict(content.get("settings") or {}),
                content=content,
            )
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise FormatError(
                f"{path} holds a value of the wrong type ({error}); make the run again"
            ) from error

    def as_json(self) -> dict[str, Any]:
        """run.json as it was read, with all that has no field here."""
        return dict(self.content)


def _text(content: Mapping[str, Any], key: str) -> str | None:
    return None if content.get(key) is None else str(content[key])


def _number(content: Mapping[str, Any], key: str) -> int | None:
    return None if content.get(key) is None else int(content[key])


def traits_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The traits of the model that a run.json or a scores.json tells of.

    Files that were written before there were traits say whether the model is an oracle; for the rest they
    are known by its name.
    """
    if "traits" in content:
        return tuple(map(str, content["traits"] or ()))
    known = {
        "nothing": (Trait.LANGUAGE_BLIND, Trait.EMPTY_ANSWERS),
        "everything": (Trait.LANGUAGE_BLIND,),
        "centre": (Trait.LANGUAGE_BLIND,),
        "random-object": (Trait.LANGUAGE_BLIND,),
    }
    blind = known.get(str(content.get("model")), ())
    return (*([Trait.ORACLE] if content.get("is_oracle") else []), *blind)


def environment() -> dict[str, Any]:
    """When, with which versions and on what kind of machine; nothing that names the machine or its user."""
    versions = {"python": platform.python_version(), "rvosbench": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    hardware = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"written": now, "versions": versions, "hardware": hardware}


def read_run(run: Path) -> dict[str, Any]:
    """run.json of a finished run.

    Raises:
        MissingPathError: there is no such folder, or the run was not finished.
        FormatError: run.json is not an object in JSON.
    """
    path = run / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise MissingPathError(
            f"{run} has no {NAME}; expected the folder of a finished rvos predict or rvos train"
        ) from None
    except ValueError as error:
        raise FormatError(f"{path} is not JSON ({error}); make the run again") from error
    if not isinstance(content, dict):
        raise FormatError(f"{path} holds a {type(content).__name__}, expected an object; make the run again")
    return content


def sha256_of(path: Path) -> str:
    """A SHA-256 of a file, or of a folder's file names and contents.

    Raises:
        MissingPathError: there is nothing at `path`.
    """
    if path.is_file():
        return _file_sha256(path)
    if not path.is_dir():
        raise MissingPathError(f"{path} is missing; expected a file or a folder")
    content = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        content.update(
            f"{file.relative_to(path).as_posix()}\0{_file_sha256(file)}\n".encode("utf-8", "surrogateescape")
        )
    return content.hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _processor() -> str:
    """The processor's model name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
