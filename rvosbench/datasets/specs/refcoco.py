"""RefCOCO, RefCOCO+ and RefCOCOg: their cards, their options, and how they are opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from rvosbench.datasets.reading import file_names
from rvosbench.plugins.dataset import DatasetSpec, Release
from rvosbench.types import Card

_FOLDERS = ("coco", "COCO")
_SPLIT_BY = {"help": "whose split", "names_store": True}
_SENTENCES = {
    "help": "lower-cased, as published numbers use (sent), or as typed (raw)",
    "names_store": True,
}

_YU = """@inproceedings{yu2016modeling,
  title     = {Modeling Context in Referring Expressions},
  author    = {Yu, Licheng and Poirson, Patrick and Yang, Shan and Berg, Alexander C. and Berg, Tamara L.},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year      = {2016}
}"""
_MAO = """@inproceedings{mao2016generation,
  title     = {Generation and Comprehension of Unambiguous Object Descriptions},
  author    = {Mao, Junhua and Huang, Jonathan and Toshev, Alexander and Camburu, Oana and Yuille, Alan L. and
               Murphy, Kevin},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2016}
}"""
_LICENCE = "COCO annotations CC BY 4.0; images keep their Flickr licences; the expressions state none"
_HOMEPAGE = "https://github.com/lichengunc/refer"


@dataclass(frozen=True, kw_only=True, slots=True)
class RefCocoOptions:
    """What can be chosen about RefCOCO and RefCOCO+."""

    split_by: Literal["unc", "google", "umd"] = field(default="unc", metadata=_SPLIT_BY)
    sentences: Literal["sent", "raw"] = field(default="sent", metadata=_SENTENCES)


@dataclass(frozen=True, kw_only=True, slots=True)
class RefCocoGOptions:
    """What can be chosen about RefCOCOg."""

    split_by: Literal["unc", "google", "umd"] = field(default="umd", metadata=_SPLIT_BY)
    sentences: Literal["sent", "raw"] = field(default="sent", metadata=_SENTENCES)


REFCOCO_CARD = Card(
    name="refcoco",
    title="RefCOCO",
    homepage=_HOMEPAGE,
    licence=_LICENCE,
    citation=_YU,
    counts={
        "train": {"videos": 16994, "expressions": 120624},
        "val": {"videos": 1500, "expressions": 10834},
        "testA": {"videos": 750, "expressions": 5657},
        "testB": {"videos": 750, "expressions": 5095},
    },
)
REFCOCO_PLUS_CARD = Card(
    name="refcoco+",
    title="RefCOCO+",
    homepage=_HOMEPAGE,
    licence=_LICENCE,
    citation=_YU,
    counts={
        "train": {"expressions": 120191},
        "val": {"expressions": 10758},
        "testA": {"expressions": 5726},
        "testB": {"expressions": 4889},
    },
)
REFCOCOG_CARD = Card(
    name="refcocog",
    title="RefCOCOg",
    homepage=_HOMEPAGE,
    licence=_LICENCE,
    citation=_MAO,
    counts={
        "train": {"expressions": 80512},
        "val": {"expressions": 4896},
        "test": {"expressions": 9602},
    },
)


def _open_refcoco(release_dir: Path, options: RefCocoOptions) -> Release:
    from rvosbench.datasets.refcoco import RefCoco

    return RefCoco(release_dir, options)


def _open_refcoco_plus(release_dir: Path, options: RefCocoOptions) -> Release:
    from rvosbench.datasets.refcoco import RefCocoPlus

    return RefCocoPlus(release_dir, options)


def _open_refcocog(release_dir: Path, options: RefCocoGOptions) -> Release:
    from rvosbench.datasets.refcoco import RefCocoG

    return RefCocoG(release_dir, options)


def _recognise(folder: str, release_dir: Path) -> bool:
    names = [name for base in (folder, f"coco/{folder}") for name in file_names(release_dir / base)]
    return any(name.startswith(("refs(", "instances")) for name in names)


REFCOCO = DatasetSpec(
    card=REFCOCO_CARD,
    open=_open_refcoco,
    options=RefCocoOptions,
    protocol="refcoco",
    folder_names=_FOLDERS,
    recognise=partial(_recognise, "refcoco"),
)

REFCOCO_PLUS = DatasetSpec(
    card=REFCOCO_PLUS_CARD,
    open=_open_refcoco_plus,
    options=RefCocoOptions,
    protocol="refcoco",
    folder_names=_FOLDERS,
    recognise=partial(_recognise, "refcoco+"),
)

REFCOCOG = DatasetSpec(
    card=REFCOCOG_CARD,
    open=_open_refcocog,
    options=RefCocoGOptions,
    protocol="refcoco",
    folder_names=_FOLDERS,
    recognise=partial(_recognise, "refcocog"),
)
