"""What is odd about every official release, by name: each can be switched on and off.

Only the table; the layouts do the work. It stands apart so that `rvos synth --help` needs no decoder.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from rvosbench.errors import RvosbenchError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Quirk:
    """One oddity of a release."""

    text: str
    is_usual: bool = False  # official copies have it, so that it is there unless somebody asks


_EVERYWHERE: Final = {
    "archive-dirt": Quirk("what other systems leave: ._ files, .DS_Store, Thumbs.db, __MACOSX"),
}
_REFCOCO: Final = {
    "crowds": Quirk("crowd regions that nobody means, as plain run lengths", is_usual=True),
    "meant-crowds": Quirk("expressions about crowds"),
    "large-ids": Quirk("ids of crowds that do not fit 32 bits"),
    "parts": Quirk("every mask is a list of several polygons"),
    "compressed": Quirk("masks as compressed run lengths, not as polygons"),
    "google": Quirk("refs(google).p beside the usual split; RefCOCOg's shares images between splits"),
    "converted": Quirk("one instances_<name>_<split>.json per split in place of the pickle"),
}

QUIRKS: Final[Mapping[str, Mapping[str, Quirk]]] = {
    "a2d": {
        "dash-ids": Quirk("an id that begins with -", is_usual=True),
        "squeezed": Quirk("a lone instance without its axis", is_usual=True),
        "row-order": Quirk("instances in another order in every frame", is_usual=True),
        "untidy-text": Quirk("expressions in mixed case with stray spaces", is_usual=True),
        "missed-video": Quirk(
            "a clip without expressions; the list of those has no final newline", is_usual=True
        ),
        "header": Quirk("videoset.csv begins with a header"),
        "upper-case": Quirk("clips in CLIPS320 in place of clips320H"),
        "root-text": Quirk("text files and masks at the root"),
        "copy-row": Quirk('an expression of the instance "1 (copy)"'),
        "extra-columns": Quirk("a fourth column with short expressions"),
        "damaged-masks": Quirk("more masks than instances, and an instance that comes twice"),
        "mat-only": Quirk("the masks of A2D without instances; such a copy is refused"),
        **_EVERYWHERE,
    },
    "davis": {
        "misspelt-names": Quirk("clasic-car, dog-scale and motor-bike in the text", is_usual=True),
        "latin-1": Quirk("accents, and half of the text files not in UTF-8", is_usual=True),
        "void": Quirk("label 255 for undecided pixels", is_usual=True),
        "semi-supervised": Quirk("masks in Annotations in place of Annotations_unsupervised"),
        "extra-objects": Quirk("masks of an object that no expression means"),
        "no-semantics": Quirk("without davis_semantics.json"),
        "uneven-texts": Quirk("an object that one annotator left out, and one described twice"),
        "converted": Quirk("the tree in the style of Ref-YouTube-VOS, without the text files"),
        **_EVERYWHERE,
    },
    "jhmdb": {
        "samples": Quirk("the list of three frames per video that are scored", is_usual=True),
        "trailing-frames": Quirk("frames after the last mask", is_usual=True),
        "odd-ids": Quirk("ids such as (..)_!!", is_usual=True),
        "doubles": Quirk("masks as doubles, not compressed"),
        **_EVERYWHERE,
    },
    "mevis": {
        "several-objects": Quirk("expressions about several objects", is_usual=True),
        "no-target": Quirk("expressions about nothing, and the file name of MeViSv2", is_usual=True),
        "unused-masks": Quirk("masks that no expression means"),
        "frames-out-of-order": Quirk("frames that the text lists backwards"),
        "both-texts": Quirk("the text of the first version beside that of MeViSv2"),
        **_EVERYWHERE,
    },
    "refcoco": _REFCOCO | _EVERYWHERE,
    "refcoco+": _REFCOCO | _EVERYWHERE,
    "refcocog": _REFCOCO | _EVERYWHERE,
    "ytvos": {
        "string-ids": Quirk("obj_id is a string", is_usual=True),
        "mixed-valid": Quirk("the valid json lists the test videos too, 202 + 305 = 507", is_usual=True),
        "late-starts": Quirk("videos that do not begin at frame 00000", is_usual=True),
        "unlisted-frames": Quirk("image files of frames that the json does not list"),
        "no-test-json": Quirk("without meta_expressions/test"),
        "no-meta": Quirk("without train/meta.json"),
        "duplicates": Quirk("an expression that a video has twice"),
        "valid-masks": Quirk("the ground truth of valid in the folder valid_masks, masks and obj_id"),
        "grey-png": Quirk("annotations in grey"),
        "rgb-png": Quirk("annotations in the colours of their palette"),
        **_EVERYWHERE,
    },
}
"""Layout -> its quirks by name."""

_EITHER_OR: Final = (frozenset({"grey-png", "rgb-png"}),)


def usual_quirks(layout: str) -> tuple[str, ...]:
    """The quirks that a release has unless somebody asks for others."""
    return tuple(name for name, quirk in QUIRKS[layout].items() if quirk.is_usual)


def check_quirks(layout: str, wanted: Collection[str]) -> frozenset[str]:
    """`wanted`, if the layout has all of them.

    Raises:
        UnknownNameError: no such quirk.
        RvosbenchError: two that cannot be had together.
    """
    known = QUIRKS[layout]
    strangers = sorted(set(wanted) - known.keys())
    if strangers:
        raise UnknownNameError(f"{layout} has no quirk {strangers[0]!r}; there are: {', '.join(known)}")
    for names in _EITHER_OR:
        if names <= set(wanted):
            raise RvosbenchError(f"{' and '.join(sorted(names))} cannot be had together; choose one")
    return frozenset(wanted)
