"""rvos.toml: what it says, and one line for whatever else is in the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rvosbench.errors import FormatError, MissingPathError, RvosbenchError
from rvosbench.workspace.read import read_workspace
from rvosbench.workspace.record import DatasetChoices

WHOLE = """
releases = ["data", "/mnt/rvos", "~/more"]
stores = "../stores"
runs = "/scratch/runs"
device = "cuda:1"
workers = 4

[datasets.ytvos]
root = "odd/place"
protocol = "ytvos"
options = { trainval = 0.1, seed = 3, valid-masks = "masks" }

[datasets."refcoco+"]
options = { split-by = "google" }

[models.soc]
preset = "soc-demo"
"""


def write(folder: Path, content: str | bytes) -> Path:
    (folder / "rvos.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def refusal(folder: Path, content: str | bytes) -> str:
    with pytest.raises(FormatError) as caught:
        read_workspace(write(folder, content))
    message = str(caught.value)
    assert message.count(str(folder)) == 1  # one error, not one inside another
    assert message.isprintable() and len(message) < 600 + len(str(folder))
    assert str(folder / "rvos.toml") in message
    return message.removeprefix(str(folder))


def test_an_empty_file_is_a_workspace_with_all_defaults(tmp_path):
    workspace = read_workspace(write(tmp_path, ""))
    assert workspace.folder == tmp_path
    assert workspace.releases == (tmp_path / "releases",)
    assert (workspace.stores, workspace.runs) == (tmp_path / "stores", tmp_path / "runs")
    assert (workspace.device, workspace.workers) == ("cpu", 1)
    assert workspace.dataset("ytvos") == DatasetChoices() and workspace.model("soc").preset is None


def test_every_key_is_read_and_paths_start_at_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    workspace = read_workspace(write(tmp_path, WHOLE))
    assert workspace.releases == (tmp_path / "data", Path("/mnt/rvos"), Path("/home/somebody/more"))
    assert (workspace.stores, workspace.runs) == (tmp_path / "../stores", Path("/scratch/runs"))
    assert (workspace.device, workspace.workers) == ("cuda:1", 4)
    chosen = workspace.dataset("ytvos")
    assert (chosen.root, chosen.protocol) == (tmp_path / "odd" / "place", "ytvos")
    assert dict(chosen.options) == {"trainval": "0.1", "seed": "3", "valid-masks": "masks"}
    assert workspace.dataset("refcoco+").options["split-by"] == "google"
    assert workspace.model("soc").preset == "soc-demo"


def test_one_folder_of_releases_needs_no_list(tmp_path):
    assert read_workspace(write(tmp_path, 'releases = "data"')).releases == (tmp_path / "data",)


def test_a_link_to_a_file_elsewhere_leaves_paths_where_the_link_is(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "rvos.toml").symlink_to(write(elsewhere, "") / "rvos.toml")
    assert read_workspace(tmp_path).stores == tmp_path / "stores"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("relases = 'x'", "no key is named 'relases'; did you mean 'releases'?"),
        ("[datasets.ytvos]\nrot = 'x'", "no key in [datasets.ytvos] is named 'rot'; did you mean 'root'?"),
        ("[models.soc]\npresets = 'x'", "no key in [models.soc] is named 'presets'; did you mean 'preset'?"),
        ("stores = 3", "stores is 3, expected a folder"),
        ("stores = ''", "stores is '', expected a folder"),
        ("runs = '  '", "runs is '  ', expected the name of a folder"),
        ('runs = "a\\u0000b"', "runs is 'a\\x00b', expected the name of a folder"),
        ("releases = []", "releases is [], expected a folder, or a list of folders"),
        ("releases = ['a', 3]", "releases is ['a', 3], expected"),
        (
            "stores = 's3://bucket/stores'",
            "stores is 's3://bucket/stores', expected a folder of this machine",
        ),
        ("stores = '~nobody-of-that-name/x'", "expected a home folder that is there"),
        ("device = 'GPU 0'", "device is 'GPU 0', expected a device, such as 'cpu'"),
        ("device = 1", "device is 1, expected a device"),
        ("workers = 0", "workers is 0, expected a whole number from 1 to 1024"),
        ("workers = true", "workers is True, expected"),
        ("workers = '4'", "workers is '4', expected"),
        (f"workers = 0x{'f' * 9000}", "workers is a number of 36000 bits, expected"),
        ("datasets = 3", "datasets is 3, expected a table for each name, such as [datasets.NAME]"),
        ("datasets.ytvos = 3", "datasets.ytvos is 3, expected a table"),
        ("[datasets.ytvos]\nroot = 3", "datasets.ytvos.root is 3, expected a folder"),
        (
            "[datasets.ytvos]\noptions = 3",
            "datasets.ytvos.options is 3, expected names with texts or numbers",
        ),
        ("[datasets.ytvos]\noptions = { a = [1] }", "datasets.ytvos.options is {'a': [1]}, expected"),
        ("[models.soc]\npreset = []", "models.soc.preset is [], expected the name of a preset"),
        ("stores = ", "is not TOML"),
        ("stores = 'a'\nstores = 'b'", "is not TOML"),
        (f"workers = {'9' * 5000}", "is not TOML"),
        ("x = " + "[" * 5000, "nests too deeply"),
        ("device" + ".a" * 3000 + " = 1", "device is {'a': {"),
        ("\x1b[31m = 1", "is not TOML"),
        ('"\\u001b[31m" = 1', "no key is named '�[31m'"),
        (b"\xff\xfe\x00", "is not UTF-8 (byte 0)"),
        (b"#" * (1024 * 1024 + 1), "has 1,048,577 bytes, expected at most 1,048,576"),
    ],
)
def test_what_means_nothing_is_refused_in_one_line_that_names_it(tmp_path, content, said):
    assert said in refusal(tmp_path, content)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(MissingPathError, match=r"rvos\.toml is not there; write one with: rvos init"):
        read_workspace(tmp_path)
    (tmp_path / "rvos.toml").mkdir()
    with pytest.raises(FormatError, match="is a folder, expected a text file"):
        read_workspace(tmp_path)
    (tmp_path / "rvos.toml").rmdir()
    os.mkfifo(tmp_path / "rvos.toml")
    with pytest.raises(FormatError, match="is a device or pipe"):
        read_workspace(tmp_path)
    (tmp_path / "rvos.toml").unlink()
    (tmp_path / "rvos.toml").symlink_to("rvos.toml")
    with pytest.raises(FormatError, match="cannot be read"):
        read_workspace(tmp_path)


KEYS = st.sampled_from(
    ["releases", "stores", "runs", "device", "workers", "datasets", "models", "ytvos", "root", "options", "a"]
) | st.text(max_size=8)
VALUES = st.recursive(
    st.text(max_size=8) | st.integers() | st.floats() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def as_toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_toml(key)} = {as_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08X}" for character in value) + '"'
    return str(value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(content=st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_toml_is_a_workspace_or_one_line(tmp_path, content):
    lines = [f"{as_toml(key)} = {as_toml(value)}" for key, value in content.items()]
    text = "\n".join(lines).encode("utf-8", "replace")
    try:
        workspace = read_workspace(write(tmp_path, text))
    except RvosbenchError as error:
        assert str(error).isprintable()
    else:
        assert all(path.is_absolute() for path in (*workspace.releases, workspace.stores, workspace.runs))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(content=st.binary(max_size=60))
def test_any_bytes_are_a_workspace_or_one_line(tmp_path, content):
    try:
        read_workspace(write(tmp_path, content))
    except RvosbenchError as error:
        assert str(error).isprintable()
