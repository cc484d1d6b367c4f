"""Small valid releases, damaged at random: the outcome is a complete store, or an error and no store."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rvosbench.errors import RvosbenchError
from rvosbench.prepare import prepare
from rvosbench.store import Store
from tests.datasets.tiny_releases import jhmdb, mevis


def drop(path, data):
    path.unlink()


def truncate(path, data):
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, max(0, len(content) - 1)))])


def corrupt(path, data):
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))


def rename(path, data):
    path.rename(path.with_name(data.draw(st.sampled_from(["x", "00009.jpg", "CON.png", ".hidden", "a b"]))))


def swap(path, data):
    others = [p for p in sorted(path.parents[1].rglob("*")) if p.is_file()]
    other = data.draw(st.sampled_from(others))
    first, second = path.read_bytes(), other.read_bytes()
    path.write_bytes(second)
    other.write_bytes(first)


@pytest.mark.parametrize(("name", "make"), [("mevis", mevis), ("jhmdb", jhmdb)])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_release_is_a_complete_store_or_an_error(tmp_path, name, make, data):
    shutil.rmtree(tmp_path / "damaged", ignore_errors=True)
    root = make(tmp_path / "damaged" / "release")
    for _ in range(data.draw(st.integers(1, 2))):
        files = [path for path in sorted(root.rglob("*")) if path.is_file()]
        # Half of the time one of the few files that the images would outvote.
        important = [path for path in files if path.suffix in (".json", ".mat", ".txt")]
        path = data.draw(st.sampled_from(important) | st.sampled_from(files))
        data.draw(st.sampled_from([drop, truncate, corrupt, rename, swap]))(path, data)
    out = tmp_path / "damaged" / "out" / "store"
    try:
        prepared = prepare(name, root, out)
    except RvosbenchError as error:
        assert "\n" not in str(error)
        assert not out.parent.exists()
        return
    store = Store.open(prepared.store)
    for split in store.splits:
        for video_id in store.video_ids(split):
            store.video(split, video_id)
