"""A2D-Sentences: its card, and how it is opened."""

from __future__ import annotations

from pathlib import Path

from rvosbench.datasets.specs.layouts import any_file
from rvosbench.plugins.dataset import DatasetSpec, Release
from rvosbench.plugins.options import NoOptions
from rvosbench.types import Card

CARD = Card(
    name="a2d",
    title="A2D-Sentences",
    homepage="https://kgavrilyuk.github.io/publication/actor_action/",
    licence="Videos and masks for research use, no grant to redistribute; the expressions state none",
    citation="""@inproceedings{gavrilyuk2018actor,
  title     = {Actor and Action Video Segmentation from a Sentence},
  author    = {Gavrilyuk, Kirill and Ghodrati, Amir and Li, Zhenyang and Snoek, Cees G. M.},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2018}
}

@inproceedings{xu2015humans,
  title     = {Can Humans Fly? Action Understanding with Multiple Classes of Actors},
  author    = {Xu, Chenliang and Hsieh, Shao-Hang and Xiong, Caiming and Corso, Jason J.},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2015}
}""",
    counts={
        "train": {"videos": 3017, "expressions": 5359, "samples": 15741},
        "test": {"videos": 737, "expressions": 1295, "samples": 3800},
    },
)


def _open(release_dir: Path, _: NoOptions) -> Release:
    from rvosbench.datasets.a2d_sentences import A2DSentences

    return A2DSentences(release_dir)


def _recognise(release_dir: Path) -> bool:
    folders = (release_dir, release_dir / "Release", release_dir / "text_annotations")
    return any(any_file(folder, ("videoset.csv", "a2d_annotation.txt")) for folder in folders)


SPEC = DatasetSpec(
    card=CARD,
    open=_open,
    protocol="a2d",
    folder_names=("a2d_sentences", "a2d-sentences", "a2d"),
    recognise=_recognise,
)
