"""Ref-DAVIS17: its card, and how it is opened."""

from __future__ import annotations

from pathlib import Path

from rvosbench.datasets.specs.layouts import any_folder, has_meta_expressions, may_be_converted_davis
from rvosbench.plugins.dataset import DatasetSpec, Release
from rvosbench.plugins.options import NoOptions
from rvosbench.types import Card

CARD = Card(
    name="davis",
    title="Ref-DAVIS17",
    homepage="https://davischallenge.org/",
    licence="Research use; mirrors of DAVIS quote different licences, the expressions state none",
    citation="""@inproceedings{khoreva2018video,
  title     = {Video Object Segmentation with Language Referring Expressions},
  author    = {Khoreva, Anna and Rohrbach, Anna and Schiele, Bernt},
  booktitle = {Asian Conference on Computer Vision (ACCV)},
  year      = {2018}
}""",
    counts={"train": {"videos": 60}, "val": {"videos": 30, "expressions": 244}},
)


def _open(release_dir: Path, _: NoOptions) -> Release:
    from rvosbench.datasets.ref_davis17 import RefDavis17

    return RefDavis17(release_dir)


def _recognise(release_dir: Path) -> bool:
    if any_folder(release_dir, ("DAVIS/JPEGImages/480p", "JPEGImages/480p")):
        return True
    return has_meta_expressions(release_dir) and may_be_converted_davis(release_dir)


SPEC = DatasetSpec(
    card=CARD,
    open=_open,
    protocol="davis-expressions",
    # Not "davis": DAVIS 2017 without expressions often lies beside it.
    folder_names=("ref_davis", "ref-davis", "ref_davis17", "ref-davis17"),
    recognise=_recognise,
)
