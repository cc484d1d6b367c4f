"""A file that stands alone as a tree."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from rvosbench.submission.trees.folder import Folder
from rvosbench.submission.trees.tree import Index


class OneFile(Folder):
    """One file of a folder, as if nothing else were there."""

    def __init__(self, path: Path) -> None:
        """Look at nothing yet."""
        super().__init__(path.parent)
        self.shown = str(path)

    @cached_property
    def _index(self) -> Index[Path]:
        index: Index[Path] = Index(self.shown)
        index.files = {(Path(self.shown).name,): Path(self.shown)}
        return index
