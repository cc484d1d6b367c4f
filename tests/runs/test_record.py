from __future__ import annotations

import hashlib
import json

import pytest

from rvosbench import __version__
from rvosbench.errors import FormatError, MissingPathError
from rvosbench.files.atomic import write_json
from rvosbench.runs.record import environment, read_run, sha256_of


def test_what_is_written_is_read(tmp_path):
    write_json(tmp_path / "run.json", {"model": "soc", "text": "é"})
    assert read_run(tmp_path) == {"model": "soc", "text": "é"}
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_run_that_was_not_finished_is_said(tmp_path):
    with pytest.raises(MissingPathError, match=r"has no run\.json"):
        read_run(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
def test_a_damaged_record_is_said(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(FormatError, match="make the run again"):
        read_run(tmp_path)


def test_the_environment_is_plain_json_and_names_the_versions():
    found = environment()
    assert json.loads(json.dumps(found)) == found
    assert found["versions"]["rvosbench"] == __version__
    assert found["hardware"]["cores"] >= 1


def test_the_digest_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_the_digest_of_a_folder_depends_on_names_and_contents(tmp_path):
    digests = set()
    for name, content in (("a", b"1"), ("b", b"1"), ("a", b"2")):
        folder = tmp_path / f"{name}{content.decode()}"
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / name).write_bytes(content)
        digests.add(sha256_of(folder))
        assert sha256_of(folder) == sha256_of(folder)
    assert len(digests) == 3


def test_a_digest_of_nothing_is_refused(tmp_path):
    with pytest.raises(MissingPathError, match="missing"):
        sha256_of(tmp_path / "nothing")
