"""What a run has finished is not done again, and nobody can see from the store that it took several."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from rvosbench.errors import DatasetError, OutputError
from rvosbench.files import journal
from rvosbench.preparation import prepare
from rvosbench.store import writer
from rvosbench.work import program
from tests.preparation.many_videos import content, damage, many_videos, names

TRAIN = [f"train/v{number:03d}" for number in range(7)]
EVERY = [*TRAIN, "valid/w000", "valid/w001"]


class InterruptionError(Exception):
    pass


def interrupt_after(number):
    def progress(split, done, total):
        nonlocal number
        number -= 1
        if number == 0:
            raise InterruptionError

    return progress


def partial(out: Path) -> Path:
    return out.with_name(f".{out.name}.partial")


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(writer, "_GROUP_ROWS", 3)  # row groups of two videos


def test_a_run_may_be_interrupted_anywhere(release, tmp_path, reads):
    prepare("watched", release, tmp_path / "whole")
    assert reads() == EVERY
    for finished in range(1, len(EVERY) + 1):
        out = tmp_path / f"after-{finished}"
        with pytest.raises(InterruptionError) as caught:
            prepare("watched", release, out, on_progress=interrupt_after(finished))
        kept = f"{finished} finished video" + (" is" if finished == 1 else "s are")
        assert caught.value.__notes__ == [
            f"{kept} kept in {partial(out)}; the same command continues from there"
        ]
        assert not out.exists()
        assert names(partial(out)) == ["journal", "lock"]
        reads()
        assert prepare("watched", release, out).reused == finished
        assert reads() == EVERY[finished:]
        assert content(out) == content(tmp_path / "whole")
        assert not partial(out).exists()


def test_several_interruptions_and_another_number_of_workers(release, tmp_path, reads):
    prepare("watched", release, tmp_path / "whole")
    reads()
    out = tmp_path / "out"
    for workers in (1, 2, 1, 3):
        with pytest.raises(InterruptionError):
            prepare("slow", release, out, on_progress=interrupt_after(2), workers=workers)
    prepare("slow", release, out, workers=2)
    # Others may have been further than what was shown; a video in the midst of it is read again.
    assert set(reads()) == set(EVERY)
    assert content(out) == content(tmp_path / "whole")


def test_a_part_of_a_release_serves_the_whole(release, tmp_path, reads):
    out = tmp_path / "out"
    with pytest.raises(InterruptionError):
        prepare("watched", release, out, splits=["train"], limit=4, on_progress=interrupt_after(3))
    assert reads() == TRAIN[:3]
    prepare("watched", release, out)
    assert reads() == EVERY[3:]
    prepare("watched", release, tmp_path / "whole")
    assert content(out) == content(tmp_path / "whole")


def test_more_that_is_finished_than_is_wanted_does_no_harm(release, tmp_path, reads):
    out = tmp_path / "out"
    with pytest.raises(InterruptionError):
        prepare("watched", release, out, on_progress=interrupt_after(6))
    reads()
    prepared = prepare("watched", release, out, limit=2)
    assert reads() == ["valid/w000", "valid/w001"]
    assert (prepared.reused, prepared.counts["train"]["videos"]) == (2, 2)


def test_what_is_finished_counts_at_once(release, tmp_path, plugins):
    out = tmp_path / "out"
    with pytest.raises(InterruptionError):
        prepare("watched", release, out, on_progress=interrupt_after(4))
    calls = []
    prepare("watched", release, out, on_progress=lambda *call: calls.append(call))
    assert calls == [
        *[("train", done, 7) for done in (4, 5, 6, 7)],
        ("valid", 1, 2),
        ("valid", 2, 2),
    ]


def test_a_damaged_video_costs_only_itself(release, tmp_path, reads):
    whole = damage(release, "v005")
    out = tmp_path / "out"
    with pytest.raises(DatasetError, match=r"v005/00005\.png") as caught:
        prepare("watched", release, out)
    assert caught.value.__notes__[0].startswith("5 finished videos are kept")
    assert reads() == TRAIN[:6]
    whole.write_bytes((release / "train" / "Annotations" / "v004" / "00005.png").read_bytes())
    prepare("watched", release, out)
    assert reads() == EVERY[5:]


def test_a_video_whose_files_have_changed_is_read_again(release, tmp_path, reads):
    out = tmp_path / "out"
    with pytest.raises(InterruptionError):
        prepare("watched", release, out, on_progress=interrupt_after(6))
    reads()
    (release / "train" / "Annotations" / "v001" / "00000.png").touch()
    frame = release / "train" / "JPEGImages" / "v003" / "00005.jpg"
    frame.write_bytes(frame.read_bytes() + b"\0")
    assert prepare("watched", release, out).reused == 4
    assert reads() == [TRAIN[1], TRAIN[3], TRAIN[6], "valid/w000", "valid/w001"]


@pytest.mark.parametrize(
    "change",
    [
        {"options": {"trainval": "0.5"}},
        {"pack": True},
        {"resume": False},
        {"converter": b"another"},
        {"index": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_another_command_has_finished_is_not_used(release, tmp_path, reads, monkeypatch, change):
    out = tmp_path / "out"
    with pytest.raises(InterruptionError):
        prepare("watched", release, out, on_progress=interrupt_after(6))
    reads()
    if "converter" in change:
        monkeypatch.setattr(program, "_own_source", lambda: change["converter"])
    if "index" in change:
        path = next((release / "meta_expressions" / "train").iterdir())
        path.write_text(path.read_text().replace("box 0", "box zero"))
    arguments = {name: value for name, value in change.items() if name in ("options", "pack", "resume")}
    assert prepare("watched", release, out, **arguments).reused == 0
    assert len(reads()) == len(EVERY)


def test_another_release_is_not_mistaken_for_the_same(release, tmp_path, reads):
    twin = many_videos(tmp_path / "twin", 7, valid=2)
    out = tmp_path / "out"
    with pytest.raises(InterruptionError):
        prepare("watched", release, out, on_progress=interrupt_after(6))
    assert prepare("watched", twin, out).reused == 0


def test_the_release_may_be_spelled_otherwise(release, tmp_path, reads, monkeypatch):
    out = tmp_path / "out"
    with pytest.raises(InterruptionError):
        prepare("watched", release, out, on_progress=interrupt_after(6))
    monkeypatch.chdir(tmp_path)
    assert prepare("watched", Path("release"), Path("out")).reused == 6


def test_a_store_is_not_replaced_before_the_new_one_is_whole(release, tmp_path, plugins):
    out = tmp_path / "out"
    prepare("watched", release, out, limit=1)
    before = content(out)
    with pytest.raises(OutputError, match="--overwrite"):
        prepare("watched", release, out)
    with pytest.raises(InterruptionError):
        prepare("watched", release, out, replace=True, on_progress=interrupt_after(5))
    assert content(out) == before
    with pytest.raises(OutputError, match="--overwrite"):
        prepare("watched", release, out)
    assert prepare("watched", release, out, replace=True).reused == 5
    assert content(out) != before


def test_nothing_is_kept_where_nothing_is_finished(release, tmp_path):
    damage(release, "v000")
    with pytest.raises(DatasetError) as caught:
        prepare("ytvos", release, tmp_path / "new" / "out")
    assert not hasattr(caught.value, "__notes__")
    assert names(tmp_path) == ["release"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.6, 0.85, 0.999])
@pytest.mark.parametrize("cut", [False, True], ids=["altered", "cut"])
def test_a_damaged_journal_costs_time_and_nothing_else(release, tmp_path, plugins, share, cut):
    prepare("watched", release, tmp_path / "whole")
    out = tmp_path / "out"
    with pytest.raises(InterruptionError):
        prepare("watched", release, out, on_progress=interrupt_after(6))
    path = partial(out) / "journal"
    data = bytearray(path.read_bytes())
    place = int(share * len(data))
    if cut:
        data = data[:place]
    else:
        data[place] ^= 0x10
    path.write_bytes(data)
    assert prepare("watched", release, out).reused < 6
    assert content(out) == content(tmp_path / "whole")


@pytest.mark.parametrize("writes", [2, 5, 12])
def test_a_full_disk_keeps_what_was_finished(release, tmp_path, plugins, monkeypatch, writes):
    out = tmp_path / "out"
    real = journal._write

    def full(file, data):
        nonlocal writes
        writes -= 1
        if writes == 0:
            real(file, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file, data)

    monkeypatch.setattr(journal, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        prepare("watched", release, out)
    assert not out.exists()
    monkeypatch.setattr(journal, "_write", real)
    prepare("watched", release, out)
    prepare("watched", release, tmp_path / "whole")
    assert content(out) == content(tmp_path / "whole")


def test_a_disk_that_is_full_at_the_end_keeps_all(release, tmp_path, reads, monkeypatch):
    out = tmp_path / "out"

    def full(self):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left") as caught:
        patch.setattr(writer.pq.ParquetWriter, "close", full)
        prepare("watched", release, out)
    assert caught.value.__notes__[0].startswith("9 finished videos are kept")
    assert names(tmp_path) == [".out.partial", "reads.log", "release"]
    reads()
    assert prepare("watched", release, out).reused == len(EVERY)
    assert reads() == []
