"""What is healthy, what is missing, and what is said about it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from rvosbench.doctor import decoders, devices, packages, places, plugins
from rvosbench.doctor.check import Check, guarded
from rvosbench.doctor.examine import examine
from rvosbench.doctor.imports import Imported
from rvosbench.errors import FormatError
from rvosbench.plugins.dataset import DatasetSpec
from rvosbench.plugins.registry import DATASETS
from rvosbench.workspace import find_workspace
from rvosbench.workspace.init import initialise
from tests.tiny_store import CARD
from tests.workspace import labs

ROOT = Path(__file__).resolve().parents[2]
GB = 2**30


def one(checks, name: str) -> Check:
    (check,) = (check for check in checks if check.name == name)
    assert "\n" not in check.text
    return check


def torch(**facts) -> Imported:
    return Imported(None, {"gpus": [], "mps": False, "built_for": None} | facts)


def test_a_look_that_fails_is_an_answer():
    def fails():
        yield Check("a", "ok", "x")
        raise SystemExit("what\x1b[2J")

    (check,) = guarded("a", fails)
    assert check.status == "fail" and "SystemExit" in check.text and "\x1b" not in check.text


def test_what_is_required_is_what_the_package_declares():
    names = {package.name for package in packages.required()}
    assert {"torch", "av", "numpy", "click", "opencv-python-headless"} <= names
    assert not {"pytest", "duckdb", "ruff"} & names
    assert {"cv2", "PIL"} <= {package.module for package in packages.required()}


def test_packages_are_looked_for_under_the_names_that_they_are_imported_by():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^A-Za-z0-9._-]", text)[0] for text in declared}
    here = {name for name in names if next(iter(metadata.Distribution.discover(name=name)), None)}
    assert {"numpy", "pillow", "opencv-python-headless", "zlib-ng"} <= here  # torch may be left out
    for name in here:
        assert importlib.util.find_spec(packages.Package(name, "").module) is not None, name


def test_a_package_that_is_missing_or_broken_or_old_is_a_failure(monkeypatch):
    versions = {"torch": "2.13.0+cpu", "av": "18.1.0", "numpy": "1.9"}

    def version(name):
        if name not in versions:
            raise metadata.PackageNotFoundError
        return versions[name]

    monkeypatch.setattr(packages.metadata, "version", version)
    needed = tuple(
        packages.Package(*pair) for pair in {"torch": "2.10", "av": "17", "numpy": "2", "h5py": ""}.items()
    )
    imported = {
        "torch": Imported("OSError: libcudart.so.12:\n cannot open"),
        "av": Imported(None, {"ffmpeg": "8.1"}),
        "numpy": Imported(None),
    }
    checks = list(packages.look(needed, imported))
    assert one(checks, "torch") == Check(
        "torch",
        "fail",
        "2.13.0+cpu, broken: OSError: libcudart.so.12:� cannot open; mend it with: python -m pip install "
        "--force-reinstall torch",
    )
    assert one(checks, "av") == Check("av", "ok", "18.1.0 with FFmpeg 8.1")
    assert (
        one(checks, "numpy").status == "fail" and "too old, expected 2 or later" in one(checks, "numpy").text
    )
    assert one(checks, "h5py").text == "is not installed; get it with: python -m pip install h5py"
    assert one(checks, "python").status == "ok"


@pytest.mark.parametrize(
    ("facts", "chosen", "name", "status", "said"),
    [
        ({}, "cpu", "gpu", "ok", "none; models run on the cpu"),
        ({"gpus": [{"name": "H100", "bytes": 80 * GB}]}, "cuda", "gpu", "ok", "cuda:0, 85.9 GB, H100"),
        ({"mps": True}, "mps", "gpu", "ok", "mps, this Mac's own"),
        ({}, "cuda", "device", "fail", "rvos.toml says 'cuda', which torch does not find"),
        ({"gpus": [{"name": "a", "bytes": 1}]}, "cuda:1", "device", "fail", "'cuda:1'"),
        ({}, "mps", "device", "fail", "'mps'"),
    ],
)
def test_devices_are_told(monkeypatch, tmp_path, facts, chosen, name, status, said):
    monkeypatch.setattr(devices, "_DRIVER", tmp_path / "none")
    check = one(devices.look(torch(**facts), chosen), name)
    assert check.status == status and said in check.text


def test_a_gpu_that_torch_cannot_use_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "_DRIVER", tmp_path)
    check = one(devices.look(torch(), None), "gpu")
    assert check.status == "warn" and "it was built for the cpu only" in check.text
    assert "is the driver too old?" in one(devices.look(torch(built_for="12.8"), None), "gpu").text


def test_without_torch_the_processor_is_told_all_the_same():
    checks = list(devices.look(Imported("ImportError: gone"), "cuda"))
    assert one(checks, "cpu").status == "ok" and "cores" in one(checks, "cpu").text
    assert one(checks, "gpu").status == "warn"


def test_decoders_that_are_missing_are_named():
    def av(*names, encoders=("libx264", "mpeg4")):
        return {"av": Imported(None, {"decoders": list(names), "encoders": list(encoders)})}

    whole = av("h264", "hevc", "vp8", "vp9", "libdav1d", "mpeg4")
    assert one(decoders.look(whole), "decoders") == Check("decoders", "ok", "h264 hevc vp8 vp9 av1 mpeg4")
    check = one(decoders.look(av("h264", "hevc", "vp8", "vp9", "mpeg4")), "decoders")
    assert check.status == "warn" and "missing: av1" in check.text
    assert one(decoders.look(av("hevc")), "decoders").status == "fail"
    assert one(decoders.look(av("h264", encoders=["mpeg4"])), "encoders").status == "warn"
    assert one(decoders.look(av("h264", encoders=[])), "encoders").status == "fail"
    assert one(decoders.look({}), "decoders").status == "fail"
    images = list(decoders.look({"PIL": Imported(None, {"formats": ["PNG"]})}))
    assert [check.status for check in images if check.name == "images"] == ["fail", "ok"]


def test_a_plugin_that_works_is_listed_with_who_brought_it():
    spec = DatasetSpec(card=CARD, open=lambda folder, options: None, protocol="ytvos")
    with DATASETS.register("tiny", spec):
        assert "tiny (this program)" in one(plugins.look(), "datasets").text


def test_a_plugin_that_is_broken_is_a_warning_that_names_it(install):
    install("toy-sets", {"rvosbench.datasets": {"toy": "toy_sets:SPEC"}}, toy_sets="raise SystemExit(3)")
    install("clash", {"rvosbench.datasets": {"a2d": "clash_sets:SPEC"}}, clash_sets="")
    checks = list(plugins.look())
    warnings = [check.text for check in checks if check.name == "datasets" and check.status == "warn"]
    assert len(warnings) == 2
    assert "toy" in warnings[0] and "toy-sets" in warnings[0] and "SystemExit" in warnings[0]
    assert "the package clash registers the dataset 'a2d' too" in warnings[1]
    assert not [check for check in checks if check.status == "fail"]
    assert one(plugins.look(), "models") == Check(
        "models", "ok", "centre, everything, nothing, random-object, soc"
    )


def test_no_workspace_is_a_warning_and_a_broken_one_a_failure(tmp_path):
    workspace, (check,) = places.look_at_workspace(lambda: None)
    assert workspace is None and check.status == "warn" and "rvos init" in check.text

    def broken():
        raise FormatError("rvos.toml: workers is 0")

    workspace, (check,) = places.look_at_workspace(broken)
    assert workspace is None and check == Check("workspace", "fail", "rvos.toml: workers is 0")


def test_tables_for_what_nobody_provides_are_named(tmp_path, monkeypatch):
    monkeypatch.delenv("RVOS_HOME", raising=False)
    (tmp_path / "rvos.toml").write_text("[datasets.ytvso]\n[models.sock]\n[datasets.a2d]\n")
    _, checks = places.look_at_workspace(lambda: find_workspace(tmp_path))
    assert [check.status for check in checks] == ["ok", "warn"]
    assert "names datasets.ytvso, models.sock, which nobody provides" in checks[1].text


def test_folders_tell_their_content_their_room_and_what_is_broken_there(tmp_path, monkeypatch):
    monkeypatch.delenv("RVOS_STORES", raising=False)
    lab = labs.lab(tmp_path)
    checks = list(places.look_at_folders(lab))
    assert one(checks, "stores").status == "ok"
    assert one(checks, "stores").text.startswith("1, ") and " free" in one(checks, "stores").text
    assert one(checks, "runs").text.startswith("none in ")
    (lab.stores / "broken").mkdir()
    (labs.predicted(lab, "lost") / "run.json").write_text("{")
    checks = list(places.look_at_folders(lab))
    assert (
        one(checks, "stores").status == "warn"
        and "broken: broken, see: rvos status" in one(checks, "stores").text
    )
    assert one(checks, "runs").status == "warn" and "broken: lost" in one(checks, "runs").text
    shutil.rmtree(lab.stores / "broken")
    shutil.rmtree(lab.runs)
    monkeypatch.setattr(places.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 10**9))
    assert [check.status for check in places.look_at_folders(lab)] == ["warn", "warn"]
    monkeypatch.setenv("RVOS_STORES", str(tmp_path / "gone"))
    assert "RVOS_STORES is" in list(places.look_at_folders(lab))[-1].text


def test_a_file_where_runs_should_be_is_a_failure(tmp_path):
    workspace = initialise(tmp_path)
    workspace.runs.write_text("")
    assert one(places.look_at_folders(workspace), "runs").status == "fail"


def test_releases_that_are_found_and_not_are_named(tmp_path):
    workspace = initialise(tmp_path)
    checks = list(places.look_at_releases(workspace))
    assert [check.status for check in checks] == ["warn", "warn"] and "is not there" in checks[0].text
    for name in ("a2d_sentences", "mevis", "MeViSv2"):
        (tmp_path / "releases" / name).mkdir(parents=True)
    found, unclear = places.look_at_releases(workspace)
    assert found.status == "ok" and found.text.startswith("a2d; not here: davis, ")
    assert unclear.status == "warn" and "mevis: " in unclear.text and "could both be meant" in unclear.text
    (tmp_path / "rvos.toml").write_text(
        '[datasets.mevis]\nroot = "releases/mevis"\n[datasets.davis]\nroot = "x"\n'
    )
    (found,) = places.look_at_releases(find_workspace(tmp_path))
    assert found.text.startswith("a2d, mevis; not here: davis, ")


@pytest.mark.slow
def test_without_torch_the_visit_goes_on_and_names_it(tmp_path, monkeypatch):
    for name, body in {
        "torch": "raise ImportError('libtorch.so is gone')",
        "av": "import os; os.abort()",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(body)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("RVOS_HOME", str(initialise(tmp_path / "lab").folder))
    checks = examine()
    assert one(checks, "torch").status == "fail" and "libtorch.so is gone" in one(checks, "torch").text
    assert one(checks, "av").status == "fail" and "SIGABRT" in one(checks, "av").text
    assert one(checks, "gpu").status == "warn" and one(checks, "decoders").status == "fail"
    assert one(checks, "numpy").status == "ok" and one(checks, "workspace").status == "ok"
