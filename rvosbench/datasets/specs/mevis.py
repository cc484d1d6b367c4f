"""MeViS and MeViSv2: their cards, the option, and how they are opened."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from rvosbench.datasets.specs.layouts import any_file, any_folder, has_meta_expressions
from rvosbench.plugins.dataset import DatasetSpec, Release
from rvosbench.types import Card


@dataclass(frozen=True, kw_only=True, slots=True)
class MevisOptions:
    """What can be chosen about MeViS."""

    mevis_version: Literal["1", "2"] | None = field(
        default=None,
        metadata={"help": "which text, where a copy holds both; without it the second", "names_store": True},
    )


CARD = Card(
    name="mevis",
    title="MeViS",
    homepage="https://henghuiding.github.io/MeViS/",
    licence="CC BY-NC-SA 4.0, non-commercial",
    citation="""@inproceedings{ding2023mevis,
  title     = {{MeViS}: A Large-scale Benchmark for Video Segmentation with Motion Expressions},
  author    = {Ding, Henghui and Liu, Chang and He, Shuting and Jiang, Xudong and Loy, Chen Change},
  booktitle = {IEEE/CVF International Conference on Computer Vision (ICCV)},
  year      = {2023}
}""",
    counts={
        "train": {"videos": 1662, "expressions": 23051},
        "valid_u": {"videos": 50, "expressions": 793},
        "valid": {"videos": 140, "expressions": 2236},
        "test": {"videos": 154, "expressions": 2490},
    },
)
CARD_V2 = replace(
    CARD,
    title="MeViSv2",
    citation="""@article{ding2025mevis,
  title   = {{MeViS}: A Multi-Modal Dataset for Referring Motion Expression Video Segmentation},
  author  = {Ding, Henghui and Liu, Chang and He, Shuting and Ying, Kaining and Jiang, Xudong and
             Loy, Chen Change and Jiang, Yu-Gang},
  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence},
  year    = {2025}
}""",
    counts={
        "train": {"videos": 1662, "expressions": 27502},
        "valid_u": {"videos": 50, "expressions": 907},
        "valid": {"videos": 140, "expressions": 2523},
    },
)


def _open(release_dir: Path, options: MevisOptions) -> Release:
    from rvosbench.datasets.mevis import Mevis

    return Mevis(release_dir, options)


def _recognise(release_dir: Path) -> bool:
    texts = ("meta_expressions.json", "meta_expressions_v2.json")
    folders = [release_dir / split for split in ("train", "valid_u", "valid", "test")]
    frames = [
        any_folder(folder, ("JPEGImages",)) or any_file(folder, ("JPEGImages.tar",)) for folder in folders
    ]
    has_text = any(any_file(folder, texts) for folder in folders)
    return has_text and any(frames) and not has_meta_expressions(release_dir)


SPEC = DatasetSpec(
    card=CARD,
    open=_open,
    options=MevisOptions,
    protocol="mevis",
    folder_names=("mevis", "MeViS", "MeViSv2", "mevisv2"),
    recognise=_recognise,
)
