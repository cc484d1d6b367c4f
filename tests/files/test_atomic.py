from __future__ import annotations

import errno
import json
import math
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rvosbench.errors import OutputError
from rvosbench.files import partials, swap
from rvosbench.files.atomic import atomic_file, atomic_folder, write_bytes, write_json, write_text
from rvosbench.files.partials import partial_path
from rvosbench.files.places import Content
from tests.files.faults import failing
from tests.files.killed import overwrite

ROOT = Path(__file__).resolve().parents[2]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def content(kind, path):
    """The text that is under a name; "" for nothing, an error for half of it."""
    if not path.exists():
        return ""
    if kind == "file":
        return path.read_text()
    assert names(path) == ["a", "b"]
    first, second = ((path / name).read_text() for name in names(path))
    assert first == second
    return first


def put(kind, path, text):
    """What an earlier run has written."""
    partials.discard(path)
    if kind == "folder":
        path.mkdir()
    for file in [path] if kind == "file" else [path / "a", path / "b"]:
        file.write_text(text)


def raiser(error):
    def strike():
        raise error

    return strike


def test_a_file_and_a_folder_appear_when_they_are_complete(tmp_path):
    with atomic_file(tmp_path / "new" / "file") as partial:
        partial.write_text("x")
        assert not (tmp_path / "new" / "file").exists()
    with atomic_folder(tmp_path / "folder") as partial:
        (partial / "x").touch()
        assert not (tmp_path / "folder").exists()
    assert names(tmp_path) == ["folder", "new"]
    assert names(tmp_path / "folder") == ["x"]
    assert names(tmp_path / "new") == ["file"]


def test_an_empty_folder_gives_way(tmp_path):
    (tmp_path / "a").mkdir()
    with atomic_folder(tmp_path / "a") as partial:
        (partial / "x").touch()
    assert names(tmp_path / "a") == ["x"]


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_error_in_the_body_leaves_nothing_and_passes_on(tmp_path, kind, error):
    write = atomic_file if kind == "file" else atomic_folder
    with pytest.raises(type(error)) as caught, write(tmp_path / "new" / "deep" / "x"):
        raise error
    assert caught.value is error
    assert names(tmp_path) == []


def test_folders_on_the_way_stay_when_somebody_else_uses_them(tmp_path):
    with pytest.raises(ValueError, match="mine"), atomic_file(tmp_path / "a" / "b" / "x"):
        (tmp_path / "a" / "other").touch()
        raise ValueError("mine")
    assert names(tmp_path / "a") == ["other"]


@pytest.mark.parametrize(("kind", "exchange"), [("file", True), ("folder", True), ("folder", False)])
@pytest.mark.parametrize("old", ["", "old"])
@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "full"),
        OSError(errno.EACCES, "no"),
        OSError(errno.EIO, "bad"),
        KeyboardInterrupt(),
    ],
    ids=["ENOSPC", "EACCES", "EIO", "Ctrl-C"],
)
def test_at_whichever_step_it_fails_the_name_holds_the_old_or_the_new(tmp_path, kind, old, error, exchange):
    path = tmp_path / "out"
    outcomes = []
    for at in range(100):
        partials.discard(path)
        if old:
            put(kind, path, "old")
        raised = None
        with failing(at, raiser(error), exchange=exchange) as fault:
            try:
                overwrite(kind, path, "new")
            except (OutputError, KeyboardInterrupt) as caught:
                raised = caught
        assert content(kind, path) == "new" if raised is None else content(kind, path) in (old, "new")
        assert names(tmp_path) == (["out"] if content(kind, path) else [])
        if isinstance(raised, OutputError):
            assert str(raised).startswith(f"{path} cannot be written ({os.strerror(error.errno)}); ")
            assert "\n" not in str(raised)
        outcomes.append(type(raised))
        if not fault.struck:
            break
    assert outcomes[-1] is type(None)
    assert sum(outcome is not type(None) for outcome in outcomes) >= 2


@pytest.mark.parametrize(("kind", "exchange"), [("file", True), ("folder", True), ("folder", False)])
def test_killed_at_whichever_step_the_next_run_finds_the_old_or_the_new_and_tidies_up(
    tmp_path, kind, exchange
):
    path = tmp_path / "out"
    seen = []
    for at in range(100):
        put(kind, path, "old")
        run = subprocess.run(
            [sys.executable, "-m", "tests.files.killed", kind, str(path), str(at), str(exchange)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        if run.returncode == 7:
            break
        assert run.returncode == -signal.SIGKILL, run.stderr
        if exchange:
            assert content(kind, path)  # never without either
        with pytest.raises(ValueError, match="given up"), atomic_folder(tmp_path / "other"):
            raise ValueError("given up")
        write = atomic_file if kind == "file" else lambda path: atomic_folder(path, overwrite=True)
        with pytest.raises(ValueError, match="given up"), write(path):
            raise ValueError("given up")
        assert names(tmp_path) == ["out"]
        seen.append(content(kind, path))
    assert set(seen) == {"old", "new"}
    assert seen == sorted(seen, reverse=True)  # old up to the rename, new from there


def test_what_another_process_is_writing_is_left_alone(tmp_path):
    mine = partial_path(tmp_path / "out")
    mine.touch()
    others = [
        mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{pid}-")) for pid in (1, os.getppid())
    ] + [mine.with_name(mine.name.replace(partials._host(), "0" * 8))]
    for other in others:
        other.touch()
    write_text(tmp_path / "out", "x")
    assert set(names(tmp_path)) == {"out", mine.name, *(other.name for other in others)}


def test_a_partial_name_is_known_as_one(tmp_path):
    assert partials.is_partial(partial_path(tmp_path / "a"))
    assert partials.is_partial(partial_path(tmp_path / "a", "old"))
    assert partials.is_partial(tmp_path / ".store.partial")
    for name in ("a", ".a", "a.partial", ".partial", ".a.partial-mine", ".a.partialy"):
        assert not partials.is_partial(tmp_path / name)


def test_of_an_earlier_life_of_the_same_process_number_nothing_is_kept(tmp_path):
    mine = partial_path(tmp_path / "out")
    mine.mkdir()
    partials.forget(mine)
    write_text(tmp_path / "out", "x")
    assert names(tmp_path) == ["out"]


def test_a_disk_that_takes_no_more_is_named_in_one_line(tmp_path):
    write_text(tmp_path / "out", "old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"out cannot be written \(File too large\)"):
            write_bytes(tmp_path / "out", bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out").read_text() == "old"


def test_an_error_about_what_the_body_reads_is_not_blamed_on_the_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="release"), atomic_folder(tmp_path / "out"):
        (tmp_path / "release" / "frame.jpg").read_bytes()
    with (
        pytest.raises(OutputError, match="out cannot be written"),
        atomic_folder(tmp_path / "out") as partial,
    ):
        (partial / "none" / "frame.jpg").write_bytes(b"")
    assert names(tmp_path) == []


def test_without_overwrite_what_has_come_meanwhile_stays(tmp_path):
    with pytest.raises(OutputError, match="already exists"), atomic_file(tmp_path / "a", overwrite=False):
        (tmp_path / "a").write_text("theirs")
    assert (tmp_path / "a").read_text() == "theirs"
    with pytest.raises(OutputError, match="is not empty"), atomic_folder(tmp_path / "b"):
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "theirs").touch()
    assert names(tmp_path / "b") == ["theirs"]
    ours = Content("ours", lambda folder: names(folder) == ["ours"])
    (tmp_path / "c").mkdir()
    with (
        pytest.raises(OutputError, match="holds something else than ours"),
        atomic_folder(tmp_path / "c", overwrite=True, content=ours),
    ):
        (tmp_path / "c" / "theirs").touch()
    assert names(tmp_path) == ["a", "b", "c"]


def test_without_hard_links_a_file_is_put_in_place_all_the_same(tmp_path, monkeypatch):
    def refuse(source, target):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    with atomic_file(tmp_path / "a", overwrite=False) as partial:
        partial.write_text("x")
    assert names(tmp_path) == ["a"]


def test_a_link_stays_and_what_it_points_to_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/file")
    write_text(tmp_path / "link", "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "x"
    assert names(tmp_path / "there") == ["file"]


def test_a_change_of_the_current_folder_changes_no_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_file(Path("a")) as partial:
        (tmp_path / "elsewhere").mkdir()
        os.chdir("elsewhere")
        partial.write_text("x")
    assert (tmp_path / "a").read_text() == "x"


def test_files_and_folders_have_the_rights_that_the_user_gives_to_others(tmp_path):
    umask = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "x")
        with atomic_folder(tmp_path / "folder"):
            pass
    finally:
        os.umask(umask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_writers_of_one_name_do_not_mix(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # more turns in the same time
    path = tmp_path / "out"
    put(kind, path, "start")
    failures = []

    def write(text):
        try:
            for _ in range(20):
                overwrite(kind, path, text * 1000)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(text,)) for text in "abc"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if kind == "file":
            assert len(set(path.read_text().removeprefix("start"))) <= 1
    for thread in threads:
        thread.join()
    assert not failures
    assert content(kind, path) in ("a" * 1000, "b" * 1000, "c" * 1000)
    assert names(tmp_path) == ["out"]


def test_committing_or_giving_up_twice_changes_nothing(tmp_path):
    pending = atomic_folder(tmp_path / "a")
    pending.commit()
    pending.abandon()
    assert names(tmp_path) == ["a"]


def test_names_that_are_no_utf8_come_back_from_json(tmp_path):
    name = os.fsdecode(b"\xffvideo")
    write_json(tmp_path / "names.json", [name, "\N{GREEK SMALL LETTER ALPHA}"])
    text = (tmp_path / "names.json").read_text(encoding="utf-8")
    assert "\N{GREEK SMALL LETTER ALPHA}" in text
    assert json.loads(text) == [name, "\N{GREEK SMALL LETTER ALPHA}"]


def test_json_is_written_as_everywhere_here(tmp_path):
    write_json(tmp_path / "a.json", {"b": [1, "é"]})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n "b": [\n  1,\n  "é"\n ]\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"b": math.nan})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"b": [1, "é"]}


@pytest.mark.skipif(sys.platform != "linux", reason="one step only on Linux")
def test_two_folders_exchange_their_names_in_one_step(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert swap._exchange(tmp_path / "a", tmp_path / "b")
    assert names(tmp_path / "a") == ["b"]
    assert not swap._exchange(tmp_path / "a", tmp_path / "none")
