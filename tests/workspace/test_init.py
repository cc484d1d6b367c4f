"""What `rvos init` writes explains itself, and says what holds without it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.errors import FormatError, OutputError
from rvosbench.workspace.init import initialise, template
from rvosbench.workspace.read import read_workspace


def test_it_writes_one_file_of_defaults(tmp_path):
    workspace = initialise(tmp_path / "new" / "lab")
    assert [path.name for path in (tmp_path / "new" / "lab").iterdir()] == ["rvos.toml"]
    (tmp_path / "new" / "lab" / "rvos.toml").write_text("")
    assert read_workspace(tmp_path / "new" / "lab") == workspace


def test_every_setting_that_is_shown_is_one_and_top_level_ones_show_their_default(tmp_path):
    text = template()
    switched_on = "\n".join(line.removeprefix("#: ") for line in text.splitlines())
    content = tomllib.loads(switched_on)
    assert set(content) == {"releases", "stores", "runs", "device", "workers", "datasets", "models"}
    assert set(content["datasets"]["ytvos"]) == {"root", "protocol", "options"}
    (tmp_path / "rvos.toml").write_text(switched_on)
    shown = read_workspace(tmp_path)
    assert shown.releases == (tmp_path / "releases",)
    assert (shown.stores, shown.runs) == (tmp_path / "stores", tmp_path / "runs")
    assert (shown.device, shown.workers) == ("cpu", 1)
    assert shown.dataset("ytvos").options["trainval"] == "0.1" and shown.model("soc").preset == "soc-demo"
    assert max(map(len, text.splitlines())) <= 80


def test_what_is_there_is_kept_unless_it_is_to_be_replaced(tmp_path):
    (tmp_path / "rvos.toml").write_text("workers = 3\n")
    with pytest.raises(OutputError, match="already exists; edit it, or add --overwrite"):
        initialise(tmp_path)
    assert (tmp_path / "rvos.toml").read_text() == "workers = 3\n"
    assert initialise(tmp_path, replace=True).workers == 1
    (tmp_path / "rvos.toml").unlink()
    (tmp_path / "rvos.toml").symlink_to("nowhere")
    with pytest.raises(OutputError, match="already exists"):
        initialise(tmp_path)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        initialise(tmp_path / "file" / "lab")


def test_releases_stand_in_the_file(tmp_path):
    assert initialise(tmp_path, releases=["/data/rvos"]).releases[0].as_posix() == "/data/rvos"
    both = initialise(tmp_path, releases=["a", 'b "c"\\'], replace=True)
    assert both.releases == (tmp_path / "a", tmp_path / 'b "c"\\')


def test_releases_that_are_no_folder_names_leave_no_file(tmp_path):
    with pytest.raises(FormatError, match="releases is 's3://x'"):
        initialise(tmp_path / "lab", releases=["s3://x"])
    assert not (tmp_path / "lab" / "rvos.toml").exists()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=3))
def test_any_text_can_be_quoted(texts):
    content = tomllib.loads(template(texts))
    assert content["releases"] == (texts if len(texts) > 1 else texts[0])
