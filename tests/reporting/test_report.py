from __future__ import annotations

import json
from collections import Counter

import pytest

from rvosbench.errors import MissingPathError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.reporting.answers import ScoredRun
from rvosbench.reporting.report import report
from tests.reporting.runs import late, scored_run, store_of_pairs


@pytest.fixture
def store(tmp_path):
    return store_of_pairs(tmp_path / "store")


def test_a_scored_run_knows_its_store(store, tmp_path):
    run = scored_run(tmp_path / "run", store, late)
    page = report(str(run))
    assert page == run / "report" / "index.html"
    assert "protocol <b>ytvos</b>" in page.read_text(encoding="utf-8")


def test_the_page_of_another_protocol_stands_beside_the_first(store, tmp_path):
    run = scored_run(tmp_path / "run", store, late)
    first = report(run)
    before = first.read_bytes()
    evaluate(run, store=store, split="train", protocol="mevis")
    second = report(run, protocol="mevis")
    assert second == run / "report" / "mevis" / "index.html"
    assert "protocol <b>mevis</b>" in second.read_text(encoding="utf-8")
    assert first.read_bytes() == before


def test_every_video_is_read_once(store, tmp_path, monkeypatch):
    run = scored_run(tmp_path / "run", store, late)
    read = Counter()
    original = ScoredRun.video

    def counted(self, video_id):
        read[video_id] += 1
        return original(self, video_id)

    monkeypatch.setattr(ScoredRun, "video", counted)
    report(run, store, out=str(tmp_path / "page.html"), worst=3, best=3)
    assert read == {"a": 1, "b": 1, "c": 1}


def test_scores_that_name_no_store_ask_for_it(store, tmp_path):
    run = scored_run(tmp_path / "run", store, late)
    (path,) = run.glob("scores/*/scores.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"store": None}))
    with pytest.raises(MissingPathError, match="do not say which store"):
        report(run)
    assert report(run, store.folder).is_file()
