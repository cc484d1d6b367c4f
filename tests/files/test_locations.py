from __future__ import annotations

from pathlib import Path

import pytest

from rvosbench.errors import LocationError
from rvosbench.files.locations import local_path

SCHEMES = ("s3", "gs", "hf", "http", "https", "memory", "abfss", "git+ssh", "S3")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("as_path", [False, True], ids=["str", "Path"])
def test_a_scheme_that_cannot_be_served_is_refused_in_one_line(scheme, as_path):
    value = f"{scheme}://stores/x"
    with pytest.raises(LocationError, match="is not on this machine") as caught:
        local_path(Path(value) if as_path else value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "a",
        "./s3",
        "../a b",
        "/data/s3:x",
        "a:b",
        "C:/data",
        "C:\\data",
        "s3:x",
        "./x/s3:/y",
        ".",
        "~",
        "12:/x",
    ],
)
def test_local_paths_stay_as_they_are(value):
    assert local_path(value) == Path(value)
    assert local_path(Path(value)) == Path(value)


@pytest.mark.parametrize(
    "value", ["file:///data/x", "file://localhost/data/x", "FILE:///data/x", "file:/data/x"]
)
def test_file_urls_are_served(value):
    assert local_path(value) == Path("/data/x")


def test_file_urls_are_served_when_path_has_them_collapsed_and_with_escapes():
    assert local_path(Path("file:///data/x")) == Path("/data/x")
    assert local_path("file:///data/a%20b") == Path("/data/a b")


@pytest.mark.parametrize("value", ["file://server/data", "file://x"])
def test_a_file_of_another_machine_is_refused(value):
    with pytest.raises(LocationError, match="another machine"):
        local_path(value)


@pytest.mark.parametrize("value", ["", "a\0b", "file:///a%00b"])
def test_no_path_at_all_is_refused(value):
    with pytest.raises(LocationError):
        local_path(value)
