"""Whether a dataset keeps to the contract: for the pytest of whoever writes one."""

from __future__ import annotations

import pickle
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from rvosbench.errors import MissingPathError, UnknownNameError
from rvosbench.files.locations import local_path
from rvosbench.media.frames import open_frames
from rvosbench.plugins.dataset import DatasetSpec, ReadVideo
from rvosbench.plugins.folders import recognises
from rvosbench.plugins.options import describe_options
from rvosbench.plugins.registry import DATASETS
from rvosbench.preparation import prepare
from rvosbench.store import Store
from rvosbench.store.checks import check
from rvosbench.testing.check_damage import DAMAGE_CLAIMS
from rvosbench.testing.failure import claim, expect
from rvosbench.testing.tried_release import Tried, refuses, video_keys

_TABLES = {"videos", "frames", "objects", "expressions", "masks", "samples"}
_SPLIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_NO_SUCH = "no-such-name"
_PARTS = (
    *("card", "problems", "fingerprint", "index_files", "splits", "videos", "read", "expressions", "sources"),
)


def check_dataset(
    dataset: str | DatasetSpec, release_dir: str | Path, *, options: Mapping[str, object] | object = None
) -> tuple[str, ...]:
    """Try everything that a dataset promises, on a small release.

    All videos are read several times, and the release is copied: a few videos of a few frames are right.

    Args:
        dataset: a name in the registry, or a spec that need not be registered.
        release_dir: a release with no damage; `rvos synth` writes those of the built-in datasets.
        options: the dataset's own, such as {"hold-out": 0.5}, or its options record.

    Returns:
        What was found to hold, one line each.

    Raises:
        CheckFailed: the first promise that the dataset breaks, in one line.
        UnknownNameError: no such dataset.
        MissingPathError: there is no such folder.
    """
    release_dir = local_path(release_dir)
    if not release_dir.is_dir():
        raise MissingPathError(f"{release_dir} is not there; expected a small release to check with")
    with ExitStack() as stack:
        name = dataset if isinstance(dataset, str) else _registered(dataset, stack)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="check-dataset-")))
        tried = Tried(name, DATASETS[name], release_dir, options, folder)
        done = []
        for text, try_it in (*_CLAIMS, *DAMAGE_CLAIMS):
            with claim(f"the dataset '{name}'", text):
                try_it(tried)
            done.append(text)
    return tuple(done)


def _registered(spec: DatasetSpec, stack: ExitStack) -> str:
    """The name of a spec, under which it is known for the life of the check."""
    with claim("the spec", "its parts are valid"):
        spec.check()
        if spec.name not in DATASETS or DATASETS[spec.name] is not spec:
            stack.enter_context(DATASETS.register(spec.name, spec))
    return spec.name


def _spec_is_valid(tried: Tried) -> None:
    tried.spec.check()
    expect(tried.spec.name == tried.name, f"its card is named '{tried.spec.name}'")


def _card_is_complete(tried: Tried) -> None:
    card = tried.spec.card
    for part in ("title", "licence"):
        expect(getattr(card, part).strip(), f"the card has no {part}")
    expect(
        card.homepage.startswith(("https://", "http://")),
        f"the homepage is {card.homepage!r}, expected a URL",
    )
    expect(card.citation.lstrip().startswith("@"), f"the citation is {card.citation[:20]!r}, expected BibTeX")
    for split, counts in card.counts.items():
        expect(counts.keys() <= _TABLES, f"the card counts {sorted(counts.keys() - _TABLES)} of {split}")


def _options_are_explained(tried: Tried) -> None:
    for row in describe_options(tried.spec.options):
        expect(row.help.strip(), f"the option '{row.name}' has no help; add metadata={{'help': ...}}")
        expect("\n" not in row.help, f"the help of the option '{row.name}' has several lines, expected one")


def _opens(tried: Tried) -> None:
    release = tried.open()
    for part in _PARTS:
        expect(hasattr(release, part), f"the release has no `{part}`")
    expect(release.card.name == tried.name, f"the release's card is named '{release.card.name}'")
    expect(_are_texts(release.problems), f"problems is {release.problems!r}, expected a tuple of text")


def _recognises(tried: Tried) -> None:
    if tried.spec.recognise is None:
        return
    empty = tried.folder / "empty"
    empty.mkdir()
    expect(recognises(tried.spec, tried.release_dir) is True, "recognise is not true of its own release")
    expect(recognises(tried.spec, empty) is False, "recognise is not false of an empty folder")


def _refuses_nothing(tried: Tried) -> None:
    empty = tried.folder / "nothing"
    empty.mkdir()
    refuses(lambda: tried.open(empty), "an empty folder")


def _splits_have_videos(tried: Tried) -> None:
    release = tried.open()
    splits = release.splits()
    expect(splits, "there is no split")
    expect(len(set(splits)) == len(splits), f"the splits are {splits}, expected each once")
    for split in splits:
        expect(_SPLIT.fullmatch(split), f"the split {split!r} is no plain name of letters, digits, _ . and -")
        expect(len(release.videos(split)), f"the split '{split}' has no videos; leave it out of splits()")


def _videos_are_sorted(tried: Tried) -> None:
    release = tried.open()
    for split in release.splits():
        ids = list(release.videos(split))
        expect(
            all(isinstance(video_id, str) and video_id for video_id in ids), f"an id of {split} is no text"
        )
        expect(
            ids == sorted(set(ids)), f"the videos of {split} are {ids[:5]} ..., expected sorted, each once"
        )


def _unknown_names_are_said(tried: Tried) -> None:
    release = tried.open()
    split = release.splits()[0]
    for what, attempt in (
        ("videos of an unknown split", lambda: release.videos(_NO_SUCH)),
        ("read of an unknown video", lambda: release.read(split, _NO_SUCH)),
        ("expressions of an unknown video", lambda: release.expressions(split, _NO_SUCH)),
        ("sources of an unknown video", lambda: release.sources(split, _NO_SUCH)),
    ):
        try:
            attempt()
        except UnknownNameError:
            continue
        expect(False, f"{what} raises nothing; expected an UnknownNameError")


def _reads_what_is_asked_for(tried: Tried) -> None:
    release = tried.open()
    before = release.problems
    for split, video_id in video_keys(release):
        read = release.read(split, video_id)
        expect(isinstance(read, ReadVideo), f"read gives {type(read).__name__}, expected a ReadVideo")
        expect(
            _are_texts(read.problems),
            f"the problems of {video_id} are {read.problems!r}, expected a tuple of text",
        )
        found = (read.video.split, read.video.video_id)
        expect(found == (split, video_id), f"read({split!r}, {video_id!r}) gives {found}")
    expect(release.problems == before, "problems changed while videos were read; return them with the video")


def _videos_are_sound(tried: Tried) -> None:
    release = tried.open()
    for split, video_id in video_keys(release):
        video = release.read(split, video_id).video
        check(video)
        names = [frame.name for frame in video.frames]
        expect(len(set(names)) == len(names), f"{split}/{video_id} has two frames of one name")


def _index_agrees_with_videos(tried: Tried) -> None:
    release = tried.open()
    for split, video_id in video_keys(release):
        said, read = release.expressions(split, video_id), release.read(split, video_id).video.expressions
        expect(said == read, f"expressions of {split}/{video_id} are {said}, the video has {read}")


def _sources_are_there(tried: Tried) -> None:
    release = tried.open()
    for split, video_id in video_keys(release):
        sources = release.sources(split, video_id)
        for path in sources:
            expect(path.is_file(), f"the source {path} of {split}/{video_id} is no file")
        known = {path.resolve() for path in sources}
        for frame in release.read(split, video_id).video.frames:
            if frame.path is not None:
                path = (tried.release_dir / frame.path).resolve()
                expect(path in known, f"{path} is a frame of {split}/{video_id} and not in its sources")


def _frames_can_be_decoded(tried: Tried) -> None:
    release = tried.open()
    for split, video_id in video_keys(release):
        video = release.read(split, video_id).video
        with open_frames(video, tried.release_dir) as reader:
            reader.read([0, len(video.frames) - 1])


def _order_does_not_matter(tried: Tried) -> None:
    forwards, backwards = tried.open(), tried.open()
    keys = video_keys(forwards)
    read = {key: forwards.read(*key) for key in keys}
    for key in reversed(keys):
        expect(backwards.read(*key) == read[key], f"{'/'.join(key)} reads differently after other videos")


def _can_be_sent(tried: Tried) -> None:
    release = tried.open()
    copy = pickle.loads(pickle.dumps(release))
    for key in video_keys(release):
        expect(
            copy.read(*key) == release.read(*key), f"{'/'.join(key)} reads differently from a pickled copy"
        )


def _becomes_a_store(tried: Tried) -> None:
    store = Store.open(
        prepare(tried.name, tried.release_dir, tried.folder / "store", options=tried.options).store
    )
    release = tried.open()
    for split, video_id in video_keys(release):
        kept, read = store.video(split, video_id), release.read(split, video_id).video
        expect(kept == read, f"{split}/{video_id} is not in the store what it was in the release")


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(text, str) and "\n" not in text for text in value)


_CLAIMS: tuple[tuple[str, Callable[[Tried], None]], ...] = (
    ("its spec is valid", _spec_is_valid),
    ("its card is complete", _card_is_complete),
    ("its options are explained", _options_are_explained),
    ("opens its release", _opens),
    ("recognises its release", _recognises),
    ("refuses an empty folder", _refuses_nothing),
    ("has splits with videos", _splits_have_videos),
    ("lists videos sorted, each once", _videos_are_sorted),
    ("refuses unknown splits and videos", _unknown_names_are_said),
    ("reads every video with its problems", _reads_what_is_asked_for),
    ("reads videos that do not contradict themselves", _videos_are_sound),
    ("says of expressions in the index what the videos say", _index_agrees_with_videos),
    ("names the files of every video", _sources_are_there),
    ("has frames that can be decoded", _frames_can_be_decoded),
    ("reads a video the same in any order", _order_does_not_matter),
    ("reads the same when it is sent to another process", _can_be_sent),
    ("becomes a store", _becomes_a_store),
)
