"""JHMDB-Sentences: its card, its option, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rvosbench.datasets.specs.layouts import any_file, any_folder
from rvosbench.plugins.dataset import DatasetSpec, Release
from rvosbench.types import Card


@dataclass(frozen=True, kw_only=True, slots=True)
class JhmdbOptions:
    """What can be chosen about JHMDB-Sentences."""

    samples: Path | None = field(
        default=None, metadata={"help": "the list of frames to score, where it is not in the release"}
    )


CARD = Card(
    name="jhmdb",
    title="JHMDB-Sentences",
    homepage="https://kgavrilyuk.github.io/publication/actor_action/",
    licence="HMDB51 videos CC BY 4.0; masks for research use; the expressions state none",
    citation="""@inproceedings{gavrilyuk2018actor,
  title     = {Actor and Action Video Segmentation from a Sentence},
  author    = {Gavrilyuk, Kirill and Ghodrati, Amir and Li, Zhenyang and Snoek, Cees G. M.},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2018}
}

@inproceedings{jhuang2013towards,
  title     = {Towards Understanding Action Recognition},
  author    = {Jhuang, Hueihan and Gall, Juergen and Zuffi, Silvia and Schmid, Cordelia and
               Black, Michael J.},
  booktitle = {IEEE International Conference on Computer Vision (ICCV)},
  year      = {2013}
}""",
    counts={"test": {"videos": 928, "expressions": 928}},
)


def _open(release_dir: Path, options: JhmdbOptions) -> Release:
    from rvosbench.datasets.jhmdb_sentences import JhmdbSentences

    return JhmdbSentences(release_dir, options)


def _recognise(release_dir: Path) -> bool:
    folders = ("Rename_Images", "puppet_mask")
    return any_file(release_dir, ("jhmdb_annotation.txt",)) or all(
        any_folder(release_dir, (folder,)) for folder in folders
    )


SPEC = DatasetSpec(
    card=CARD,
    open=_open,
    options=JhmdbOptions,
    protocol="jhmdb",
    folder_names=("jhmdb_sentences", "jhmdb-sentences", "jhmdb"),
    recognise=_recognise,
)
