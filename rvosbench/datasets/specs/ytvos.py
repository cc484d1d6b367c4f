"""Ref-YouTube-VOS: its card, its options, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rvosbench.datasets.specs.layouts import has_meta_expressions, is_converted_davis
from rvosbench.errors import OptionError
from rvosbench.plugins.dataset import DatasetSpec, Release
from rvosbench.types import Card


@dataclass(frozen=True, kw_only=True, slots=True)
class YtvosOptions:
    """What can be chosen about Ref-YouTube-VOS."""

    valid_masks: Path | None = field(
        default=None, metadata={"help": "folder with the validation ground truth (PNG per video)"}
    )
    trainval: float | None = field(
        default=None, metadata={"help": "hold out this fraction of train as 'heldout'"}
    )
    seed: int | None = field(default=None, metadata={"help": "which videos trainval holds out; without it 0"})

    def __post_init__(self) -> None:
        if self.trainval is not None and not 0 < self.trainval < 1:
            raise OptionError(f"trainval is {self.trainval}, expected a fraction between 0 and 1")
        if self.seed is not None and not 0 <= self.seed < 2**31:
            raise OptionError(f"seed is {self.seed}, expected a whole number from 0 to {2**31 - 1}")
        if self.seed is not None and self.trainval is None:
            raise OptionError(
                "the option seed is for trainval, which is not given; add trainval or drop seed"
            )


CARD = Card(
    name="ytvos",
    title="Ref-YouTube-VOS",
    homepage="https://youtube-vos.org/dataset/rvos/",
    licence="Annotations CC BY 4.0; videos for non-commercial research only; not redistributable",
    citation="""@inproceedings{seo2020urvos,
  title     = {{URVOS}: Unified Referring Video Object Segmentation Network with a Large-Scale Benchmark},
  author    = {Seo, Seonguk and Lee, Joon-Young and Han, Bohyung},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year      = {2020}
}""",
    counts={
        "train": {"videos": 3471, "expressions": 12913},
        "valid": {"videos": 202, "expressions": 834},
        "test": {"videos": 305, "expressions": 1262},
    },
)


def _open(release_dir: Path, options: YtvosOptions) -> Release:
    from rvosbench.datasets.refer_youtube_vos import ReferYoutubeVos

    return ReferYoutubeVos(release_dir, options)


def _recognise(release_dir: Path) -> bool:
    return has_meta_expressions(release_dir) and not is_converted_davis(release_dir)


SPEC = DatasetSpec(
    card=CARD,
    open=_open,
    options=YtvosOptions,
    protocol="ytvos",
    folder_names=("refer_youtube_vos", "ref-youtube-vos", "refer-youtube-vos", "ref_youtube_vos", "rvos"),
    recognise=_recognise,
)
