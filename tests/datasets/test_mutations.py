"""Small valid releases of all datasets, damaged at random: a complete store, or an error and no store.

`RVOSBENCH_MUTATIONS=5000 pytest tests/datasets/test_mutations.py` tries as many, chosen anew every time,
for each release; without it the tests are the same in every run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st
from scipy.io import savemat

from rvosbench.errors import DatasetError, MissingPathError, RvosbenchError
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from rvosbench.store import Store
from rvosbench.store_tools.verify import verify
from rvosbench.synthetic import write
from tests.datasets import tiny_releases
from tests.datasets.mutations import damage

MUTATIONS = int(os.environ.get("RVOSBENCH_MUTATIONS", "0"))
CPU_SECONDS = 20  # of one attempt; a hang, with much room for a slow machine


def jhmdb_with_samples(root):
    tiny_releases.jhmdb(root)
    samples = [tiny_releases.sample(tiny_releases.JHMDB_ODD, frame) for frame in (1, 2)]
    samples.append(tiny_releases.sample("bob_walk_0", 3, action="walk"))
    (root / "jhmdb_sentences_samples_metadata.json").write_text(json.dumps(samples))
    return root


def converted_refcoco(root):
    write("refcoco", root, videos=2, seed=0, size=(32, 32), quirks=("converted", "parts"))
    return root


def ytvos_with_valid_masks(root):
    write("ytvos", root, videos=2, seed=0, frames=2, size=(32, 32), quirks=("mixed-valid", "valid-masks"))
    return root


RELEASES = {
    "a2d": ("a2d", tiny_releases.a2d),
    "davis": ("davis", tiny_releases.davis),
    "davis-converted": ("davis", tiny_releases.davis_converted),
    "jhmdb": ("jhmdb", jhmdb_with_samples),
    "mevis": ("mevis", tiny_releases.mevis),
    "refcoco": ("refcoco", tiny_releases.refcoco),
    "refcoco-converted": ("refcoco", converted_refcoco),
    "refcoco+": ("refcoco+", lambda root: tiny_releases.refcoco(root, folder="refcoco+")),
    "refcocog": ("refcocog", lambda root: tiny_releases.refcoco(root, folder="refcocog", by="umd")),
    "ytvos": ("ytvos", tiny_releases.ytvos),
    "ytvos-valid-masks": ("ytvos", ytvos_with_valid_masks),
}


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    """Name -> a release that is valid, made once."""
    made = {}

    def of(name):
        if name not in made:
            made[name] = RELEASES[name][1](tmp_path_factory.mktemp("intact") / "release")
        return made[name]

    return of


@pytest.fixture(scope="module")
def items(intact, tmp_path_factory):
    """Name -> (split, video) of everything in the intact release."""
    made = {}

    def of(name):
        if name not in made:
            release = open_release(RELEASES[name][0], intact(name))
            made[name] = [(split, video) for split in release.splits() for video in release.videos(split)]
        return made[name]

    return of


@pytest.mark.parametrize("name", RELEASES)
def test_the_intact_release_is_a_store_without_problems(name, intact, tmp_path):
    prepared = prepare(RELEASES[name][0], intact(name), tmp_path / "store")
    assert list(verify(prepared.store)) == []


@pytest.mark.parametrize("name", RELEASES)
@settings(
    max_examples=MUTATIONS or 60,
    derandomize=not MUTATIONS,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_a_damaged_release_is_a_complete_store_or_an_error(name, intact, items, tmp_path, data):
    shutil.rmtree(tmp_path / "x", ignore_errors=True)
    root = tmp_path / "x" / "release"
    shutil.copytree(intact(name), root)
    for _ in range(data.draw(st.sampled_from([1, 1, 1, 2, 3]))):
        note(damage(root, data))
    (tmp_path / "x" / "out").mkdir()
    out = tmp_path / "x" / "out" / "store"
    masks = root / "valid_masks"
    options = {"valid-masks": str(masks)} if name == "ytvos-valid-masks" else {}
    on_error = data.draw(st.sampled_from(["fail", "fail", "skip"]), label="on_error")
    pack = data.draw(st.sampled_from([False, False, False, True]), label="pack")
    before = time.process_time()
    try:
        prepared = prepare(RELEASES[name][0], root, out, options=options, on_error=on_error, pack=pack)
    except RvosbenchError as error:
        message = str(error)
        note(message)
        event(f"{name}: {type(error).__name__}")
        assert "\n" not in message and message.isprintable()
        assert len(message) < 1000
        # A file, or a video where the files agree with themselves and not with each other.
        assert str(root) in message or any(f"{split}/{video}" in message for split, video in items(name))
        assert {path.name for path in out.parent.iterdir()} <= {".store.partial"}
    else:
        event(f"{name}: a store" if not prepared.skipped else f"{name}: a store of the other videos")
        assert [path.name for path in out.parent.iterdir()] == ["store"]
        assert all("\n" not in text and len(text) < 1000 for text in prepared.warnings)
        store = Store.open(prepared.store)
        assert sum(counts["videos"] for counts in store.splits.values()) > 0
        # Not the pixels: prepare does not decode frames, and says so.
        assert list(verify(prepared.store, frames=False)) == []
    assert time.process_time() - before < CPU_SECONDS


MEDIA = (".jpg", ".png", ".mp4", ".h5", ".mat")


@pytest.mark.parametrize("name", RELEASES)
def test_no_video_is_dropped_without_a_word(name, intact, items, tmp_path):
    """A folder of frames or masks is not there, or its first file: an error, or the video is named."""
    media = [path for path in sorted(intact(name).rglob("*")) if path.suffix in MEDIA]
    first = {path.parent: path for path in reversed(media)}
    for number, gone in enumerate((*first, *first.values())):
        root, out = tmp_path / f"release{number}", tmp_path / f"store{number}"
        shutil.copytree(intact(name), root)
        lost = root / gone.relative_to(intact(name))
        shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
        try:
            prepared = prepare(RELEASES[name][0], root, out, limit=100)
        except RvosbenchError:
            assert not out.exists()
            continue
        store = Store.open(prepared.store)
        left = [(split, video) for split in store.splits for video in store.video_ids(split)]
        missing = set(items(name)) - set(left)
        assert all(any(video in text for text in prepared.warnings) for _, video in missing), (gone, missing)


def link_to_itself(root):
    path = next((root / "train" / "JPEGImages").rglob("*.jpg"))
    path.unlink()
    path.symlink_to(path.name)


def many_long_names_of_matlab_arrays(root):
    for path in root.rglob("*.mat"):
        savemat(path, {f"a{number:030d}": np.zeros(1) for number in range(40)})


def long_name_of_a_pickled_global(root):
    (root / "refcoco" / "refs(unc).p").write_bytes(b"c" + b"m" * 3000 + b"\nname\n.")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ytvos", link_to_itself),
        ("mevis", link_to_itself),
        ("jhmdb", many_long_names_of_matlab_arrays),
        ("refcoco", long_name_of_a_pickled_global),
    ],
)
def test_what_the_mutations_have_found_stays_an_error_in_one_short_line(name, found, intact, tmp_path):
    root = tmp_path / "release"
    shutil.copytree(intact(name), root)
    found(root)
    with pytest.raises((DatasetError, MissingPathError), match=re.escape(str(root))) as refused:
        prepare(RELEASES[name][0], root, tmp_path / "store")
    assert len(str(refused.value)) < 400 + len(str(root))
    assert not (tmp_path / "store").exists()
