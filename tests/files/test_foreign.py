from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from rvosbench.files.foreign import file_is, it_is, what_it_is

LFS = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), (9, 8, 7)).save(buffer, kind)
    return buffer.getvalue()


def archive(kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("a.txt", "a")
    else:
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as file:
            file.addfile(tarfile.TarInfo("a"), io.BytesIO())
    return buffer.getvalue()


def array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "an empty file"),
        (bytes(700), "nothing but zero bytes: the download did not finish"),
        (LFS, "a git-lfs pointer: run git lfs pull where it was cloned"),
        (
            b"../../.git/annex/objects/Xk/9z/SHA256E-s12--ab.png/SHA256E-s12--ab.png",
            "a git-annex pointer: run git annex get where it was cloned",
        ),
        (b"/annex/objects/SHA256E-s12--ab\n", "a git-annex pointer: run git annex get where it was cloned"),
        (
            b"\xef\xbb\xbf\n<!-- saved -->\n<HTML lang=en><head>",
            "a saved web page: the download needs a login or a confirmation",
        ),
        (
            b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "">',
            "a saved web page: the download needs a login or a confirmation",
        ),
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>',
            "an error message of the server: the download was refused",
        ),
        (b'{"error": {"code": 403}}', "an error message of the server: the download was refused"),
        (picture("JPEG"), "a JPEG"),
        (picture("PNG"), "a PNG"),
        (picture("GIF"), "a GIF"),
        (picture("BMP"), "a BMP picture"),
        (picture("TIFF"), "a TIFF"),
        (picture("WEBP"), "a WebP picture"),
        (archive("zip"), "a zip archive"),
        (archive("tar"), "a tar archive"),
        (gzip.compress(b"a", mtime=0), "a gzip archive"),
        (bz2.compress(b"a"), "a bzip2 archive"),
        (lzma.compress(b"a"), "an xz archive"),
        (array(), "a NumPy array"),
        (pickle.dumps({}), "a Python pickle"),
        (b"\0\0\0\x18ftypisom\0\0\2\0", "an MP4 video"),
    ],
)
def test_a_file_is_named_for_what_it_is(data, name):
    assert what_it_is(data) == name
    assert what_it_is(data[:4096]) == name
    assert it_is(data) == f" (it is {name})"


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"videos": {"error": 1}}',
        b"a,b\n1,2\n",
        b"\x80",
        b"<annotation>",
        b"\x01\x02",
    ],
)
def test_bytes_that_do_not_tell_are_not_guessed_at(data):
    assert what_it_is(data) is None
    assert it_is(data) == ""


@pytest.mark.parametrize("length", range(0, 600, 7))
def test_no_beginning_of_a_file_is_too_short_to_look_at(length):
    for data in (archive("tar"), picture("BMP"), picture("WEBP"), LFS, b"\x80" * 600, b"BM" * 300):
        what_it_is(data[:length])


def test_an_index_that_holds_a_key_named_message_is_no_error_of_a_server():
    assert what_it_is(b'{"message": {' + b'"a": 1,' * 200 + b'"b": 2}}') is None


def test_a_file_on_disk_is_named_and_what_is_not_there_is_not(tmp_path):
    (tmp_path / "a.png").write_bytes(LFS)
    os.mkfifo(tmp_path / "pipe")
    assert file_is(tmp_path / "a.png") == " (it is a git-lfs pointer: run git lfs pull where it was cloned)"
    assert [file_is(tmp_path / name) for name in ("none", "pipe", "a\0b")] == ["", "", ""]
