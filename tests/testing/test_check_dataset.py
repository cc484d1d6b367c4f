"""Every promise of a dataset has an example here that breaks it, and the built-in datasets keep them all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rvosbench import masks
from rvosbench.datasets.reading import fingerprint, image_files, read_json
from rvosbench.errors import DatasetError, MissingPathError, UnknownNameError
from rvosbench.plugins.dataset import DatasetSpec, ReadVideo
from rvosbench.plugins.registry import DATASETS
from rvosbench.synthetic import write
from rvosbench.synthetic.write import LAYOUTS
from rvosbench.testing import CheckFailed, check_dataset
from rvosbench.types import Card, Expression, Frame, Object, Video

HEIGHT, WIDTH = 24, 32
CARD = Card(
    name="squares",
    title="Squares",
    homepage="https://example.org",
    licence="CC0",
    citation="@misc{squares}",
    counts={"train": {"videos": 2}},
)


@dataclass(frozen=True, kw_only=True)
class Options:
    upper: bool = field(default=False, metadata={"help": "shout"})


class Good:
    """`index.json` says which videos there are; each is a folder of PNG files with a square in it."""

    def __init__(self, release_dir: Path, options: Options) -> None:
        self.release_dir = release_dir
        self.card = CARD
        self.problems: tuple[str, ...] = ()
        self.upper = options.upper
        self.index = read_json(release_dir / "index.json")

    def fingerprint(self) -> str:
        return fingerprint(self.index_files(), self.release_dir)

    def index_files(self) -> tuple[Path, ...]:
        return (self.release_dir / "index.json",)

    def splits(self) -> tuple[str, ...]:
        return tuple(self.index)

    def videos(self, split: str) -> list[str]:
        if split not in self.index:
            raise UnknownNameError(f"no split {split}")
        return sorted(self.index[split])

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        if video_id not in self.videos(split):
            raise UnknownNameError(f"no video {video_id}")
        text = self.index[split][video_id]["text"]
        return (
            Expression(
                video_id=video_id,
                expression_id="0",
                text=text.upper() if self.upper else text,
                object_ids=(1,),
            ),
        )

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        self.expressions(split, video_id)
        frames = range(self.index[split][video_id]["frames"])
        return tuple(self.release_dir / video_id / f"{number}.png" for number in frames)

    def read(self, split: str, video_id: str) -> ReadVideo:
        return ReadVideo(self.video(split, video_id), self.video_problems(video_id))

    def video_problems(self, video_id: str) -> tuple[str, ...]:
        return (f"{video_id} is small",) if video_id == "bbb" else ()

    def video(self, split: str, video_id: str) -> Video:
        paths = self.sources(split, video_id)
        there = image_files(self.release_dir / video_id)
        for path in paths:
            if path.stem not in there:
                raise MissingPathError(f"{path} is missing; fetch it again")
        square = np.zeros((HEIGHT, WIDTH), np.bool_)
        square[4:9, 4:9] = True
        return Video(
            video_id=video_id,
            split=split,
            height=HEIGHT,
            width=WIDTH,
            fps=None,
            source=video_id,
            frames=tuple(
                Frame(name=path.stem, annotated=True, path=f"{video_id}/{path.name}") for path in paths
            ),
            objects=(Object(object_id=1),),
            expressions=self.expressions(split, video_id),
            masks={(1, number): masks.encode(square) for number in range(len(paths))},
        )


def recognise(folder: Path) -> bool:
    return (folder / "index.json").is_file()


SPEC = DatasetSpec(card=CARD, open=Good, options=Options, protocol="ytvos", recognise=recognise)


@pytest.fixture
def squares(tmp_path):
    root = tmp_path / "squares"
    for name, count in (("aaa", 3), ("bbb", 1), ("ccc", 2)):
        (root / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (WIDTH, HEIGHT), (10 * number, 0, 0)).save(root / name / f"{number}.png")
    index = {
        "train": {"bbb": {"text": "the square", "frames": 1}, "aaa": {"text": "a square", "frames": 3}},
        "valid": {"ccc": {"text": "it", "frames": 2}},
    }
    (root / "index.json").write_text(json.dumps(index))
    return root


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_every_built_in_dataset_keeps_all_promises(tmp_path, name):
    write(name, tmp_path / "release", videos=3, seed=0, frames=2, size=(48, 64))
    assert len(check_dataset(name, tmp_path / "release")) == 21


def test_a_spec_need_not_be_registered(squares):
    assert "takes no frame that is missing" in check_dataset(SPEC, str(squares))
    assert check_dataset(SPEC, squares, options={"upper": True}) == check_dataset(SPEC, squares)
    assert check_dataset(SPEC, squares, options=Options(upper=True)) == check_dataset(SPEC, squares)
    assert "squares" not in DATASETS
    with DATASETS.register("squares", SPEC):
        assert check_dataset("squares", squares) == check_dataset(SPEC, squares)
    assert check_dataset(replace(SPEC, recognise=None), squares)


def test_a_release_that_is_not_there_is_no_fault_of_the_dataset(tmp_path):
    with pytest.raises(MissingPathError, match="expected a small release to check with"):
        check_dataset(SPEC, tmp_path / "absent")


def broken(**methods):
    """`Good` with other methods; a module's own class, so that it can be pickled."""
    return replace(SPEC, open=type("Broken", (Good,), methods))


@dataclass(frozen=True, kw_only=True)
class Unexplained:
    upper: bool = False


class Anything(Good):
    """Opens whatever it is given."""

    def __init__(self, release_dir, options):
        try:
            super().__init__(release_dir, options)
        except MissingPathError:
            self.index = {}


class Forgetful(Good):
    """Notes problems behind everybody's back."""

    def read(self, split, video_id):
        self.problems = (*self.problems, video_id)
        return super().read(split, video_id)


class Counting(Good):
    """Says something else about every video that it reads."""

    count = 0

    def video_problems(self, video_id):
        self.count += 1
        return (f"number {self.count}",)


class Handle(Good):
    """Holds what cannot be sent to another process."""

    def __init__(self, release_dir, options):
        super().__init__(release_dir, options)
        self.handle = lambda: None


class Losing(Good):
    """Forgets an option on the way to another process."""

    def __getstate__(self):
        return self.__dict__ | {"problems": ("copied",), "upper": True}


class Raw(Good):
    """Raises what Python raises."""

    def __init__(self, release_dir, options):
        super().__init__(release_dir, options)
        for split in self.index:
            for video_id in self.videos(split):
                for path in self.sources(split, video_id):
                    path.stat()


def without_frames_check(self, split, video_id):
    """Takes every frame to be there."""
    there = {path: path.is_file() for path in self.sources(split, video_id)}
    try:
        for path, is_there in there.items():
            if not is_there:
                path.touch()
        return Good.video(self, split, video_id)
    finally:
        for path, is_there in there.items():
            if not is_there:
                path.unlink()


def changed(**fields):
    def video(self, split, video_id):
        return replace(Good.video(self, split, video_id), **fields)

    return broken(video=video)


FRAME = Frame(name="0", annotated=True, path="aaa/0.png")
CASES = {
    "its card is complete": [
        (replace(SPEC, card=replace(CARD, licence=" ")), "the card has no licence"),
        (replace(SPEC, card=replace(CARD, homepage="example")), "homepage is 'example', expected a URL"),
        (replace(SPEC, card=replace(CARD, citation="Squares, 2026")), "expected BibTeX"),
        (replace(SPEC, card=replace(CARD, counts={"train": {"clips": 1}})), r"counts \['clips'\] of train"),
    ],
    "its options are explained": [
        (replace(SPEC, options=Unexplained), "the option 'upper' has no help"),
    ],
    "opens its release": [
        (replace(SPEC, open=lambda folder, options: object()), "has no `card`"),
        (replace(SPEC, open=lambda folder, options: 1 / 0), "ZeroDivisionError: division by zero"),
        (
            broken(problems=property(lambda self: ["odd"], lambda self, value: None)),
            "expected a tuple of text",
        ),
        (
            broken(card=property(lambda self: replace(CARD, name="circles"), lambda self, value: None)),
            "card is named 'circles'",
        ),
    ],
    "recognises its release": [
        (replace(SPEC, recognise=lambda folder: False), "not true of its own release"),
        (replace(SPEC, recognise=lambda folder: True), "not false of an empty folder"),
    ],
    "refuses an empty folder": [
        (replace(SPEC, open=Anything, recognise=None), "an empty folder is not refused"),
    ],
    "has splits with videos": [
        (broken(splits=lambda self: ()), "there is no split"),
        (broken(splits=lambda self: ("train", "train")), "expected each once"),
        (
            broken(splits=lambda self: ("train", "../valid"), videos=lambda self, split: ["aaa"]),
            "no plain name",
        ),
        (broken(videos=lambda self, split: []), "has no videos"),
    ],
    "lists videos sorted, each once": [
        (broken(videos=lambda self, split: list(self.index[split])), "expected sorted, each once"),
        (broken(videos=lambda self, split: [7]), "an id of train is no text"),
    ],
    "refuses unknown splits and videos": [
        (
            broken(videos=lambda self, split: sorted(self.index.get(split, ()))),
            "videos of an unknown split raises",
        ),
    ],
    "reads every video with its problems": [
        (broken(read=Good.video), "read gives Video, expected a ReadVideo"),
        (broken(video_problems=lambda self, video_id: "odd"), "expected a tuple of text"),
        (changed(video_id="zzz"), r"gives \('train', 'zzz'\)"),
        (replace(SPEC, open=Forgetful), "problems changed while videos were read"),
    ],
    "reads videos that do not contradict themselves": [
        (changed(frames=()), "has no frames"),
        (changed(objects=()), "means objects"),
        (changed(height=HEIGHT - 1), "the mask is 24x32"),
        (changed(frames=(FRAME, FRAME, FRAME)), "two frames of one name"),
    ],
    "says of expressions in the index what the videos say": [
        (changed(expressions=()), "the video has"),
    ],
    "names the files of every video": [
        (
            broken(
                sources=lambda self, split, video_id: (*Good.sources(self, split, video_id), Path("none")),
                video=lambda self, split, video_id: Good(self.release_dir, Options()).video(split, video_id),
            ),
            "the source none of train/aaa is no file",
        ),
        (
            broken(
                sources=lambda self, split, video_id: Good.sources(self, split, video_id)[:1],
                video=lambda self, split, video_id: Good(self.release_dir, Options()).video(split, video_id),
            ),
            "1.png is a frame of train/aaa and not in its sources",
        ),
    ],
    "has frames that can be decoded": [
        (changed(height=2 * HEIGHT, masks={}), "DatasetError: .*24x32"),
    ],
    "reads a video the same in any order": [
        (replace(SPEC, open=Counting), "reads differently after other videos"),
    ],
    "reads the same when it is sent to another process": [
        (replace(SPEC, open=Handle), "pickle|local object"),
        (replace(SPEC, open=Losing), "reads differently from a pickled copy"),
    ],
    "becomes a store": [
        (changed(fps="fast"), "ArrowInvalid: Could not convert 'fast'"),
    ],
    "has a fingerprint that stays": [
        (broken(fingerprint=lambda self: "1"), "the fingerprint is '1', expected a SHA-256"),
        (broken(fingerprint=lambda self: f"{id(self):064x}"), "another one each time"),
        (
            broken(fingerprint=lambda self: f"{sum(map(ord, str(self.release_dir))):064x}"),
            "a copy in another folder",
        ),
    ],
    "has a fingerprint that follows the index": [
        (
            broken(fingerprint=lambda self: "0" * 64),
            "stays the same when an expression in an index file changes",
        ),
        (
            broken(index_files=lambda self: (Path("none"),), fingerprint=lambda self: "0" * 64),
            "none is not there",
        ),
    ],
    "takes no frame that is missing": [
        (broken(video=without_frames_check), "is read with the frame 0.png, which is not there"),
    ],
    "raises only errors about the release when a file is missing": [
        (replace(SPEC, open=Raw), "raises FileNotFoundError"),
    ],
}


@pytest.mark.parametrize(
    ("claim", "spec", "message"),
    [(claim, spec, message) for claim, cases in CASES.items() for spec, message in cases],
)
def test_a_broken_promise_is_told_in_one_line(squares, claim, spec, message, monkeypatch):
    # Classes that are made here have no name by which pickle finds them.
    opened = spec.open
    if isinstance(opened, type) and opened.__name__ == "Broken":
        monkeypatch.setattr(opened, "__module__", __name__)
        monkeypatch.setitem(globals(), "Broken", opened)
    with pytest.raises(CheckFailed, match=message) as caught:
        check_dataset(spec, squares)
    assert str(caught.value).startswith(f"the dataset 'squares' fails the check '{claim}': ")
    assert "\n" not in str(caught.value)
    assert "squares" not in DATASETS


def test_every_promise_but_the_first_has_an_example(squares):
    assert list(CASES) == list(check_dataset(SPEC, squares))[1:]


def test_a_spec_with_a_wrong_part_is_not_even_opened(squares):
    with pytest.raises(
        CheckFailed, match="the spec fails the check 'its parts are valid': TypeError: its protocol"
    ):
        check_dataset(replace(SPEC, protocol=""), squares)


def test_a_damaged_release_shows_as_one_line(squares):
    (squares / "index.json").write_text("{")
    with pytest.raises(
        CheckFailed, match=r"fails the check 'opens its release': DatasetError: .* not valid JSON"
    ):
        check_dataset(SPEC, squares)
    assert issubclass(DatasetError, ValueError)
