from __future__ import annotations

import errno
from pathlib import Path

import pytest

from rvosbench.errors import OutputError
from rvosbench.files import kept, swap
from rvosbench.files.kept import Partial, partial_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_at_a_time_and_the_refused_one_takes_nothing_away(tmp_path):
    first = Partial(tmp_path / "store", "store")
    (first.made / "mine").touch()
    with pytest.raises(OutputError, match="is being written by another process"):
        Partial(tmp_path / "store", "store")
    assert (first.made / "mine").exists()
    first.leave()
    assert names(tmp_path) == []
    Partial(tmp_path / "store", "store").leave()


def test_what_lies_beside_the_store_survives_leaving_but_not_success(tmp_path):
    place = Partial(tmp_path / "store", "store")
    (place.folder / "journal").touch()
    (place.made / "half").touch()
    place.leave()
    assert names(place.folder) == ["journal", "lock"]
    place = Partial(tmp_path / "store", "store")
    assert names(place.made) == []
    place.put_in_place()
    assert names(tmp_path) == ["store"]


def test_places_of_two_stores_do_not_meet(tmp_path):
    first, second = Partial(tmp_path / "a", "store"), Partial(tmp_path / "b", "store")
    first.leave()
    second.put_in_place()
    assert names(tmp_path) == ["b"]


def test_an_old_store_is_found_again_after_a_kill_between_the_renames(tmp_path):
    (tmp_path / ".store.old").mkdir()
    (tmp_path / ".store.old" / "precious").touch()
    place = Partial(tmp_path / "store", "store")
    assert (tmp_path / "store" / "precious").exists()
    place.leave()
    assert names(tmp_path) == ["store"]


def test_a_file_system_without_locks_is_good_enough(tmp_path, monkeypatch):
    def unsupported(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(kept, "_flock", unsupported)
    place = Partial(tmp_path / "store", "store")
    place.put_in_place()
    assert names(tmp_path) == ["store"]


def test_a_lock_on_a_removed_file_is_none(tmp_path, monkeypatch):
    def removed_meanwhile(descriptor: int, operation: int) -> None:
        (partial_folder(tmp_path / "store") / "lock").unlink()

    monkeypatch.setattr(kept, "_flock", removed_meanwhile)
    with pytest.raises(OutputError, match="another process"):
        Partial(tmp_path / "store", "store")


def test_a_place_that_cannot_be_made_leaves_nothing(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        Partial(tmp_path / "new" / ("x" * 255), "store")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(errno.EIO, "I/O error")], ids=["Ctrl-C", "EIO"]
)
def test_the_old_store_comes_back_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch, error):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "precious").touch()
    place = Partial(tmp_path / "store", "store")
    rename = Path.rename

    def second_fails(self, target):
        if self == place.made:
            raise error
        return rename(self, target)

    monkeypatch.setattr(swap, "_exchange", lambda first, second: False)
    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises((KeyboardInterrupt, OutputError)):
        place.put_in_place()
    place.leave()
    assert names(tmp_path) == ["store"]
    assert (tmp_path / "store" / "precious").exists()
