from __future__ import annotations

import collections
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvosbench.datasets import plain_pickle
from rvosbench.errors import DatasetError, MissingPathError

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Touch:
    """Pickles to a call that makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "refs.p"


@settings(max_examples=50, deadline=None)
@given(PLAIN, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_content_comes_back(tmp_path_factory, content, protocol):
    if protocol < 3 and b"'" in repr(content).encode():  # bytes need a global in the old protocols
        content = repr(content)
    path = tmp_path_factory.mktemp("pickle") / "x.p"
    path.write_bytes(pickle.dumps(content, protocol))
    assert plain_pickle.load(path) == content


def test_a_python_2_string_is_read_as_latin1(path):
    path.write_bytes(b"(lp0\nS'caf\\xe9'\np1\na.")  # what Python 2 wrote for ['caf\xe9']
    assert plain_pickle.load(path) == ["café"]


@pytest.mark.parametrize(
    "value", [print, Path(), collections.OrderedDict(), np.int64(3), complex(1, 2), DatasetError]
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_every_global_is_refused_even_harmless_ones(path, value, protocol):
    path.write_bytes(pickle.dumps(value, protocol))
    with pytest.raises(DatasetError, match="wants to import"):
        plain_pickle.load(path)


def test_nothing_is_run(path, tmp_path):
    path.write_bytes(pickle.dumps([Touch(tmp_path / "ran")]))
    with pytest.raises(DatasetError, match="may run code"):
        plain_pickle.load(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            b"\x80\x02}" + b")" + b"\x85" * 1_000_000 + b"K\x01s.", id="a key nested a million deep"
        ),
        pytest.param(b"\x80\x05\x96" + b"\xff" * 7 + b"\x00.", id="bytes to be written to"),
        pytest.param(b"\x80\x02]Ra.", id="a call without a global"),
        pytest.param(b"\x80\x02U\x01xQ.", id="a persistent id"),
        pytest.param(b"\x80\x02\x82\x01.", id="a registered extension"),
        pytest.param(b"\x80\x04\x8f.", id="a set"),
        pytest.param(b"\x80\x02]2.", id="a copy of what was read"),
    ],
)
def test_instructions_that_plain_content_does_not_need_are_refused(path, data):
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="more than lists, dicts, numbers and text"):
        plain_pickle.load(path)


def test_a_memo_of_two_billion_entries_takes_no_memory(path):
    path.write_bytes(b"\x80\x02]r\xff\xff\xff\x7f.")  # in C: 32 GB
    tracemalloc.start()
    assert plain_pickle.load(path) == []
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_every_truncation_is_a_dataset_error(path):
    whole = pickle.dumps([{"sentences": [{"sent": "left cat", "sent_id": 3}], "ann_id": 70}], 2)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match="not a readable pickle"):
            plain_pickle.load(path)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_dataset_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("pickle") / "x.p"
    path.write_bytes(data)
    try:
        plain_pickle.load(path)
    except DatasetError as error:
        assert "\n" not in str(error)


def test_a_missing_file_is_named(path):
    with pytest.raises(MissingPathError, match=r"refs\.p"):
        plain_pickle.load(path)
