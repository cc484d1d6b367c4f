"""Expressions without a word: kept under their ids, and said, whichever reader finds them."""

from __future__ import annotations

import json
import pickle

import pytest

from rvosbench.preparation import prepare
from rvosbench.preparation.plan import plan
from rvosbench.store import Store
from tests.datasets import tiny_releases as tiny

BLANK = {
    "nothing": "",
    "spaces": "  \t ",
    "zero width": "\u200b\ufeff\u00ad",
    "fillers": "\u2800\u3164",
}


def ytvos(root, text):
    path = root / "meta_expressions" / "train" / "meta_expressions.json"
    content = json.loads(path.read_text())
    content["videos"]["aaa"]["expressions"]["1"]["exp"] = text
    path.write_text(json.dumps(content))
    return "train/aaa, expression 1"


def mevis(root, text):
    path = root / "train" / "meta_expressions.json"
    content = json.loads(path.read_text())
    content["videos"]["aaa"]["expressions"]["0"]["exp"] = text
    path.write_text(json.dumps(content))
    return "train/aaa, expression 0"


def davis(root, text):
    path = root / "davis_text_annotations" / "Davis17_annot1.txt"
    path.write_text(f'motor-bike 1 "{text}"\nmotor-bike 2 "a man"\n', encoding="utf-8")
    return "val/motorbike, expression 0"


def a2d(root, text):
    path = root / "text_annotations" / "a2d_annotation.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    video_id, instance = lines[1].split(",")[:2]
    lines[1] = f"{video_id},{instance},{text}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"{video_id}, expression {instance}"


def jhmdb(root, text):
    path = root / "jhmdb_annotation.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = f"{lines[1].rsplit(',', 1)[0]},{text}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "expression 0"


def refcoco(root, text):
    path = root / "refcoco" / "refs(unc).p"
    refs = pickle.loads(path.read_bytes())
    refs[0]["sentences"][0]["sent"] = text
    path.write_bytes(pickle.dumps(refs, protocol=2))
    return f"expression {refs[0]['sentences'][0]['sent_id']}"


@pytest.mark.parametrize("kind", BLANK)
@pytest.mark.parametrize("change", [ytvos, mevis, davis, a2d, jhmdb, refcoco])
def test_an_empty_expression_is_said_and_keeps_its_place(tmp_path, change, kind):
    name = change.__name__
    root = getattr(tiny, name)(tmp_path / "release")
    before = Store.open(prepare(name, root, tmp_path / "before").store)
    named = change(root, BLANK[kind])
    made = prepare(name, root, tmp_path / "store")
    store = Store.open(made.store)
    assert {k: v["expressions"] for k, v in store.splits.items()} == {
        k: v["expressions"] for k, v in before.splits.items()
    }
    (said,) = [line for line in made.warnings if "expressions are empty" in line]
    assert said.startswith("1 expressions are empty")
    assert named in said
    messages = [row["message"] for row in store.problems().to_pylist() if row["video_id"]]
    assert sum("is empty: it asks for nothing" in message for message in messages) == 1
    assert said in plan(name, root, tmp_path / "other").warnings


def test_an_expression_of_few_signs_is_none(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    for text in (".", "狗", "\u200bdog", "é"):
        ytvos(root, text)
        made = prepare("ytvos", root, tmp_path / "store", replace=True)
        assert not any("empty" in line for line in made.warnings)
