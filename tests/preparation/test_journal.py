from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvosbench.preparation.journal import JOURNAL, Journal, Note

KEY = {"dataset": "ytvos", "options": {"trainval": "0.1"}, "pack": False}
TEXT = st.text(max_size=12)
NOTES = st.builds(
    Note,
    split=TEXT,
    video_id=TEXT,
    stamp=TEXT,
    reported=st.lists(TEXT, max_size=2).map(tuple),
    never_visible=st.lists(TEXT, max_size=2).map(tuple),
    media=st.lists(TEXT, max_size=2).map(tuple),
)
CONTENTS = st.lists(st.tuples(NOTES, st.binary(max_size=200)), max_size=6)


def write(folder, content, key=KEY):
    with Journal(folder, key) as journal:
        for note, body in content:
            journal.add(note, body)
    return folder / JOURNAL


def read(folder, key=KEY, **options):
    """What a journal holds, as (note, body), in the order of the file."""
    with Journal(folder, key, **options) as journal:
        return [(entry.note, journal.body(entry)) for entry in journal.entries.values()]


def last_of_each(content):
    return list({(note.split, note.video_id): (note, body) for note, body in content}.values())


def some_notes(count):
    return [
        (Note(split="train", video_id=f"v{number}", stamp="s", reported=("odd",)), bytes([number]) * 99)
        for number in range(count)
    ]


@settings(max_examples=60, deadline=None)
@given(content=CONTENTS)
def test_what_was_added_is_there_after_opening_again(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("journal")
    write(folder, content)
    assert read(folder) == last_of_each(content)
    assert read(folder) == last_of_each(content)


@settings(max_examples=150, deadline=None)
@given(content=CONTENTS, draw=st.data())
def test_a_journal_that_is_cut_anywhere_holds_whole_records_only(tmp_path_factory, content, draw):
    folder = tmp_path_factory.mktemp("journal")
    path = write(folder, content)
    if not content:
        assert not path.exists()
        return
    data = path.read_bytes()
    path.write_bytes(data[: draw.draw(st.integers(0, len(data)))])
    found = read(folder)
    assert found in [last_of_each(content[:count]) for count in range(len(content) + 1)]
    assert read(folder) == found


@settings(max_examples=300, deadline=None)
@given(content=CONTENTS.filter(bool), draw=st.data())
def test_a_journal_with_altered_bits_holds_no_wrong_record(tmp_path_factory, content, draw):
    folder = tmp_path_factory.mktemp("journal")
    path = write(folder, content)
    data = bytearray(path.read_bytes())
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] ^= draw.draw(st.integers(1, 255))
    path.write_bytes(bytes(data) + draw.draw(st.binary(max_size=40)))
    assert read(folder) in [last_of_each(content[:count]) for count in range(len(content) + 1)]


@settings(max_examples=60, deadline=None)
@given(content=CONTENTS, more=CONTENTS.filter(bool), draw=st.data())
def test_writing_goes_on_after_the_last_whole_record(tmp_path_factory, content, more, draw):
    folder = tmp_path_factory.mktemp("journal")
    path = write(folder, content)
    if content:
        os.truncate(path, draw.draw(st.integers(0, path.stat().st_size)))
    found = read(folder)
    write(folder, more)
    assert read(folder) == last_of_each([*found, *more])


@pytest.mark.parametrize("foreign", [b"", b"no journal\n", b"PAR1" * 100, b"\0" * 5000])
def test_a_foreign_file_of_that_name_is_begun_anew(tmp_path, foreign):
    (tmp_path / JOURNAL).write_bytes(foreign)
    assert read(tmp_path) == []
    write(tmp_path, some_notes(2))
    assert read(tmp_path) == some_notes(2)


def test_a_journal_of_something_else_is_begun_anew(tmp_path):
    for other in ({}, KEY | {"pack": True}, KEY | {"options": {}}):
        write(tmp_path, some_notes(3))
        assert read(tmp_path, other) == []
        write(tmp_path, some_notes(3))
        assert read(tmp_path, dict(reversed(KEY.items()))) == some_notes(3)
        assert read(tmp_path, resume=False) == []
        assert list(tmp_path.iterdir()) == []


def test_an_empty_journal_leaves_no_file(tmp_path):
    with Journal(tmp_path, KEY):
        assert (tmp_path / JOURNAL).exists()
    assert list(tmp_path.iterdir()) == []


def test_what_is_added_is_in_the_file_at_once(tmp_path):
    journal = Journal(tmp_path, KEY)
    note, body = some_notes(1)[0]
    journal.add(note, body)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / JOURNAL).write_bytes((tmp_path / JOURNAL).read_bytes())  # as a kill would leave it
    assert read(copy) == [(note, body)]
    journal.close()


def test_large_bodies_and_many_threads(tmp_path):
    bodies = {f"v{number}": os.urandom(1_500_000 + number) for number in range(6)}
    with Journal(tmp_path, KEY) as journal:

        def add(video_id):
            entry = journal.add(Note(split="train", video_id=video_id, stamp=""), bodies[video_id])
            assert journal.body(entry) == bodies[video_id]

        threads = [threading.Thread(target=add, args=(video_id,)) for video_id in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {note.video_id: body for note, body in read(tmp_path)} == bodies
