"""The files around the code say what is so: workflow, Dockerfile, hooks, templates, constraints, links."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import tomllib
from importlib import metadata
from pathlib import Path

import click
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rvosbench_cli.main import cli

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHONS = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins() -> dict[str, str]:
    lines = [
        line for line in text("constraints.txt").splitlines() if "==" in line and not line.startswith("#")
    ]
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", text("Makefile"), flags=re.MULTILINE))


# --- Python versions and CI


def test_the_workflow_runs_on_every_python_that_the_package_names():
    matrix = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == PYTHONS


def test_the_oldest_python_named_is_the_oldest_allowed():
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_the_workflow_runs_the_script_that_people_run_with_the_matrix_python():
    steps = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"]["test"]["steps"]
    (ours,) = [step for step in steps if "run" in step]
    assert ours["run"] == "bash .ci/run"
    assert ours["env"]["PYTHON"] == "python"
    assert re.search(r"^PYTHON \?=", text("Makefile"), flags=re.MULTILINE)  # so that make takes it from there


def test_the_hook_calls_the_script_that_ci_calls():
    (repo,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    (hook,) = repo["hooks"]
    assert hook["entry"] == "scripts/check"
    assert os.access(ROOT / hook["entry"], os.X_OK)
    assert "scripts/check" in text("Makefile")
    assert "make check" in text(".ci/run")


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        ".ci/run",
        ".github/PULL_REQUEST_TEMPLATE.md",
        ".pre-commit-config.yaml",
    ],
)
def test_every_make_command_that_is_named_exists(page):
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text(page), flags=re.MULTILINE))
    assert named
    assert named <= make_targets()


# --- constraints


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_everything_that_an_installation_brings_is_pinned(extra):
    """What is needed by what is needed too, as far as it is installed here."""
    wanted = [Requirement(line) for line in (EXTRAS[extra] if extra else PROJECT["dependencies"])]
    pinned, seen = pins(), set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in seen:
            continue
        seen.add(name)
        assert name in pinned, f"{requirement} has no pin in constraints.txt"
        assert requirement.specifier.contains(pinned[name], prereleases=True), requirement
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # an extra that is not installed here
            continue
        inner = map(Requirement, needed)
        extras = requirement.extras or {""}
        wanted += [
            item
            for item in inner
            if item.marker is None or any(item.marker.evaluate({"extra": each}) for each in extras)
        ]


# --- Dockerfile


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", "", text("Dockerfile"))
    return [
        (word, rest)
        for word, _, rest in (line.partition(" ") for line in joined.splitlines())
        if word and not word.startswith("#")
    ]


def test_the_image_is_made_from_a_python_that_is_tested():
    (base,) = [rest for word, rest in instructions() if word == "FROM"]
    assert base.removeprefix("python:").removesuffix("-slim") in PYTHONS


def test_all_that_the_image_copies_is_here_and_not_ignored():
    copied = [source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]]
    allowed = [line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")]
    assert sorted(copied) == sorted(allowed)
    for source in copied:
        assert (ROOT / source).exists()


def test_the_image_holds_what_the_build_of_the_package_reads():
    copied = " ".join(rest for word, rest in instructions() if word == "COPY").split()
    assert PROJECT["readme"] in copied
    for licence in PROJECT["license-files"]:
        assert licence in copied


def test_the_image_pins_torch_by_the_constraints():
    (install,) = [rest for word, rest in instructions() if word == "RUN" and "TORCH_INDEX" in rest]
    assert "grep '^torch==' constraints.txt" in install
    assert len(re.findall("^torch==", text("constraints.txt"), flags=re.MULTILINE)) == 1


def test_the_image_runs_a_command_that_exists_with_options_that_it_has():
    program, command = (json.loads(rest) for word, rest in instructions() if word in ("ENTRYPOINT", "CMD"))
    assert program == list(PROJECT["scripts"])
    name, *arguments = command
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    context = found.make_context(name, list(arguments))
    assert context.params["out"] == Path("/work/demo")


def test_the_image_does_not_run_as_root():
    words = [word for word, _ in instructions()]
    assert dict(instructions())["USER"] == "rvos"
    assert words.index("USER") > max(place for place, word in enumerate(words) if word == "RUN")


# --- issues and security


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_form_is_one_that_github_reads(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        assert form.keys() <= {"blank_issues_enabled", "contact_links"}
        return
    assert form.keys() >= {"name", "description", "body"}
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown", "checkboxes"}
    names = [field["id"] for field in fields]
    assert len(set(names)) == len(names) > 0
    for field in fields:
        assert field["attributes"]["label"]
        assert isinstance(field["validations"]["required"], bool)


def test_the_limits_that_the_security_page_names_are_the_codes():
    from rvosbench.datasets import matlab_arrays, reading
    from rvosbench.media.images import MAX_PIXELS

    page, mebi = text("SECURITY.md"), 1024 * 1024
    assert f"At most {reading.MAX_BYTES // mebi} MB" in page
    assert f"at most {matlab_arrays.MAX_BYTES // mebi} MB inflated" in page
    assert f"more than {MAX_PIXELS // mebi} megapixels" in page
    assert f"more than {MAX_PIXELS // mebi} MiB" in page  # of an entry of a zip


# --- links; those between the pages of the site are checked by `make docs`


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_relative_link_leads_to_a_file(page):
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text(page))
    for link in links:
        assert (ROOT / page).parent.joinpath(link).exists(), link
    assert links or page == "CHANGELOG.md"


def test_generated_folders_are_no_part_of_the_repository():
    ignored = [line.strip("/") for line in text(".gitignore").splitlines()]
    for folder in (".venv", "build", ".coverage"):
        assert any(fnmatch.fnmatch(folder, pattern) for pattern in ignored), folder
