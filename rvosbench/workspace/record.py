"""A workspace: where somebody's releases, stores and runs are, and what they usually choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

FILE = "rvos.toml"
"""What makes a folder a workspace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetChoices:
    """The table `[datasets.NAME]`."""

    root: Path | None = None  # the release, where it is not found by its usual folder name
    protocol: str | None = None  # to score by, instead of the dataset's own
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # for rvos prepare


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelChoices:
    """The table `[models.NAME]`."""

    preset: str | None = None  # to train, instead of the model's first


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """What `rvos.toml` says. All paths are absolute; none of the folders has to be there."""

    folder: Path  # holds rvos.toml
    releases: tuple[Path, ...]  # folders with official releases
    stores: Path
    runs: Path
    device: str = "cpu"
    workers: int = 1  # processes that read videos
    datasets: Mapping[str, DatasetChoices] = field(default_factory=lambda: MappingProxyType({}))
    models: Mapping[str, ModelChoices] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def file(self) -> Path:
        """Its rvos.toml."""
        return self.folder / FILE

    def dataset(self, name: str) -> DatasetChoices:
        """What was chosen for a dataset; nothing where there is no table."""
        return self.datasets.get(name, DatasetChoices())

    def model(self, name: str) -> ModelChoices:
        """What was chosen for a model; nothing where there is no table."""
        return self.models.get(name, ModelChoices())
