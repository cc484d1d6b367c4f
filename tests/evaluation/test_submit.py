"""What is submitted scores here to the same bits as the run that it was made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import MissingPathError, OutputError, ScoreError, UnknownNameError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.evaluation.submit import local_score, notes_of, server_for, submit, truth_is_known
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.tolerance import Tolerance
from rvosbench.store import Store
from rvosbench.submission.servers import SERVERS, check_submission
from rvosbench.types import Video
from tests.submission.servers.drawn import of_annotators, of_hidden, store_of, two_objects
from tests.tiny_run import make_run, row
from tests.tiny_store import CARD, HEIGHT, WIDTH, png, write_store


def noisy(video: Video, seed: int, *, about: str = "expression") -> list[Prediction]:
    """Masks that nobody would predict, with overlaps and scores."""
    random = np.random.default_rng(seed)
    keys = [e.expression_id for e in video.expressions]
    if about == "object":
        keys = [str(obj.object_id) for obj in video.objects]
    return [
        row(video.video_id, key, n, random.random((HEIGHT, WIDTH)) < 0.2, float(random.random()))
        for key in keys
        for n in range(len(video.frames))
    ]


def run_of(folder: Path, store: Store, seed: int, **record) -> Path:
    rows = [noisy(store.video("val", v), seed) for v in store.video_ids("val")]
    return make_run(folder, store, rows, split="val", **record)


def same(first, second) -> bool:
    return {name: metric.value for name, metric in first.metrics.items()} == {
        name: metric.value for name, metric in second.metrics.items()
    } and first.frames.equals(second.frames)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("server", "make", "protocol"),
    [
        ("mevis", two_objects, "mevis"),
        ("ytvos", two_objects, "ytvos"),
        ("davis", of_annotators, "davis-official"),
    ],
)
def test_a_zip_scores_as_its_run_to_the_bit(tmp_path: Path, server, make, protocol, seed):
    store = store_of(tmp_path / "store", make)
    run = run_of(tmp_path / "run", store, seed)
    written = submit(run, server, tmp_path / "a.zip", store)
    assert check_submission(tmp_path / "a.zip", store, "val", server) == []
    scores = local_score(tmp_path / "a.zip", store, "val", written.layout, protocol=protocol)
    assert scores is not None and 0 < scores.metrics["J"].value < 1
    assert same(scores, evaluate(run, store, protocol=protocol))


@pytest.mark.parametrize("names", [("0007", "12"), ("bear", "cow")])
def test_run_lengths_score_as_their_run_to_the_bit(tmp_path: Path, names):
    store = store_of(tmp_path / "store", two_objects, *names)
    run = run_of(tmp_path / "run", store, 0)
    written = submit(run, "lvvis", tmp_path / "a.zip", store)
    scores = local_score(tmp_path / "a.zip", store, "val", written.layout, protocol="mevis")
    assert scores is not None and same(scores, evaluate(run, store, protocol="mevis"))


def test_objects_that_do_not_meet_score_as_their_rows_to_the_bit(tmp_path: Path):
    store = store_of(tmp_path / "store")
    rows = []
    for video_id in store.video_ids("val"):
        first, second = np.random.default_rng(1).random((2, HEIGHT, WIDTH)) < 0.3
        rows.append(
            [row(video_id, "1", n, first, 1.0) for n in range(3)]
            + [row(video_id, "2", n, second & ~first, 1.0) for n in range(3)]
        )
    run = make_run(tmp_path / "run", store, rows, split="val", unit="object")
    for server in ("mosev2", "davis"):
        written = submit(run, server, tmp_path / f"{server}.zip", store)
        assert written.layout.unit == "object" and written.overlapping == 0
        scores = local_score(tmp_path / f"{server}.zip", store, "val", written.layout)
        assert scores is not None and scores.protocol.name == "davis-objects"
        assert same(scores, evaluate(run, store, protocol="davis-objects"))


def test_gaps_between_objects_do_not_become_proposals(tmp_path: Path):
    """Objects 1 and 3, each absent at times, so that an empty proposal would be right there."""
    from rvosbench.types import Object

    def gappy(name: str) -> Video:
        made = two_objects(name)
        shown = {(3 if i == 2 else i, n): m for (i, n), m in made.masks.items() if (i, n) != (2, 2)}
        return replace(
            made,
            objects=(Object(object_id=1), Object(object_id=3)),
            masks=shown,
            expressions=tuple(
                replace(e, object_ids=(3 if e.object_ids == (2,) else 1,))
                for e in of_annotators(name).expressions
            ),
        )

    store = write_store(tmp_path / "store", [gappy("7")])
    for seed in range(4):
        run = run_of(tmp_path / f"run{seed}", store, seed)
        written = submit(run, "davis", tmp_path / f"{seed}.zip", store)
        scores = local_score(tmp_path / f"{seed}.zip", store, "val", written.layout)
        assert scores is not None and same(scores, evaluate(run, store, protocol="davis-official"))


def test_where_the_truth_is_hidden_there_is_no_local_score(tmp_path: Path):
    store = store_of(tmp_path / "store", of_hidden)
    run = run_of(tmp_path / "run", store, 0)
    written = submit(run, "mevis", tmp_path / "a.zip", store)
    assert not truth_is_known(store, "val", written.layout)
    assert local_score(tmp_path / "a.zip", store, "val", written.layout, protocol="mevis") is None
    with pytest.raises(ScoreError, match=r"hidden.* rvos submit RUN --server NAME --out FILE\.zip"):
        evaluate(run, store, protocol="mevis")


def test_a_run_of_another_store_or_split_is_refused(tmp_path: Path):
    store = store_of(tmp_path / "store")
    other = store_of(tmp_path / "other", of_annotators)
    run = run_of(tmp_path / "run", store, 0)
    with pytest.raises(ScoreError, match="was predicted with store fingerprint"):
        submit(run, "mevis", tmp_path / "a.zip", other)
    with pytest.raises(MissingPathError, match="is not there"):
        submit(tmp_path / "nowhere", "mevis", tmp_path / "a.zip", store)
    assert not (tmp_path / "a.zip").exists()


def test_a_run_of_some_videos_is_incomplete(tmp_path: Path):
    store = store_of(tmp_path / "store")
    rows = [noisy(store.video("val", "7"), 0)]
    run = make_run(tmp_path / "run", store, rows, split="val", limit=1)
    with pytest.raises(ScoreError, match="6 of 12 masks are missing"):
        submit(run, "mevis", tmp_path / "a.zip", store)
    assert submit(run, "mevis", tmp_path / "a.zip", store, dry_run=True).gaps
    assert not (tmp_path / "a.zip").exists()


def test_arrays_and_foreign_predictions_are_submitted_too(tmp_path: Path):
    store = store_of(tmp_path / "store")
    run = run_of(tmp_path / "run", store, 0)
    submit(run, "mevis", tmp_path / "a.zip", store)
    submit(tmp_path / "a.zip", "ytvos", tmp_path / "b.zip", store)
    submit(tmp_path / "b.zip", "mevis", tmp_path / "c.zip", store)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "c.zip").read_bytes()
    answers = {
        (v, e): np.stack(
            [masks.decode(r.mask) for r in noisy(store.video("val", v), 0) if r.expression_id == e]
        )
        for v in store.video_ids("val")
        for e in "01"
    }
    submit(answers, "mevis", tmp_path / "d.zip", store)
    assert (tmp_path / "d.zip").read_bytes() == (tmp_path / "a.zip").read_bytes()


def test_label_maps_of_annotators_go_into_a_zip_as_they_are(tmp_path: Path):
    store = store_of(tmp_path / "store", of_annotators)
    run = run_of(tmp_path / "run", store, 0)
    submit(run, "davis", tmp_path / "a.zip", store)
    submit(tmp_path / "a.zip", "davis", tmp_path / "b.zip", store)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with pytest.raises(ScoreError, match="label maps per annotator"):
        submit(tmp_path / "a.zip", "mevis", tmp_path / "c.zip", store)


@pytest.mark.parametrize(
    ("server", "make", "protocol", "key"),
    [("mevis", two_objects, "mevis", "1"), ("davis", of_annotators, "davis-official", "5")],
)
def test_missing_masks_are_black_on_request_and_score_as_they_do_in_evaluate(
    tmp_path: Path, server, make, protocol, key
):
    store = store_of(tmp_path / "store", make, "7")
    rows = [r for r in noisy(store.video("val", "7"), 0) if (r.expression_id, r.frame_index) != (key, 1)]
    rows.append(row("7", "99", 0, np.ones((HEIGHT, WIDTH), np.bool_), 1.0))
    run = make_run(tmp_path / "run", store, [rows], split="val")
    lenient = Tolerance(missing="zero", surplus="ignore")
    with pytest.raises(ScoreError, match="--surplus ignore"):
        submit(run, server, tmp_path / "a.zip", store, tolerance=Tolerance(missing="zero"))
    with pytest.raises(ScoreError, match="--missing zero"):
        submit(run, server, tmp_path / "a.zip", store, tolerance=Tolerance(surplus="ignore"))
    written = submit(run, server, tmp_path / "a.zip", store, tolerance=lenient)
    assert (written.adjusted.missing, written.adjusted.surplus) == (1, 1)
    assert "1 missing mask counted as empty" in notes_of(written, store, lenient)
    assert check_submission(tmp_path / "a.zip", store, "val", server) == []
    scores = local_score(tmp_path / "a.zip", store, "val", written.layout, protocol=protocol)
    lenient_scores = evaluate(run, store, protocol=protocol, missing="zero", surplus="ignore")
    assert scores is not None and same(scores, lenient_scores)


def test_soft_masks_are_cut_on_request(tmp_path: Path):
    store = store_of(tmp_path / "store", two_objects, "7")
    soft = np.linspace(0, 255, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint8)
    for e in "01":
        for frame in store.video("val", "7").frames:
            path = tmp_path / "soft" / "7" / e / f"{frame.name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(soft))
    with pytest.raises(ScoreError, match="--threshold"):
        submit(tmp_path / "soft", "mevis", tmp_path / "a.zip", store)
    written = submit(
        tmp_path / "soft", "mevis", tmp_path / "a.zip", store, tolerance=Tolerance(threshold=128)
    )
    assert written.adjusted.thresholded == 6
    assert check_submission(tmp_path / "a.zip", store, "val", "mevis") == []


def test_label_maps_for_davis_are_known_by_their_place(tmp_path: Path):
    store = store_of(tmp_path / "store")
    rows = [noisy(store.video("val", v), 0, about="object") for v in store.video_ids("val")]
    run = make_run(tmp_path / "run", store, rows, split="val", unit="object")
    submit(run, "davis", tmp_path / "a.zip", store)
    written = submit(tmp_path / "a.zip", "davis", tmp_path / "b.zip", store)
    assert written.layout.unit == "object"
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScoreError, match="holds no PNG"):
        submit(tmp_path / "empty", "davis", tmp_path / "c.zip", store)


def test_the_server_is_that_of_the_dataset(tmp_path: Path):
    for name, expected in (("mevis", "mevis"), ("ytvos", "ytvos"), ("davis", "davis")):
        store = write_store(tmp_path / name, [two_objects("7")], card=replace(CARD, name=name))
        assert server_for(store, None).name == expected
        run = run_of(tmp_path / f"{name}-run", store, 0)
        if name != "davis":
            written = submit(run, None, tmp_path / f"{name}.zip", store)
            notes = notes_of(written, store)
            assert notes == (
                [] if name == "mevis" else [f"{SERVERS[name].title}: nothing can be uploaded any more"]
            )
    with pytest.raises(UnknownNameError, match="no server is known for the dataset"):
        server_for(store_of(tmp_path / "drawn"), None)


def test_a_full_name_is_refused_before_anything_is_read(tmp_path: Path):
    store = store_of(tmp_path / "store")
    run = run_of(tmp_path / "run", store, 0)
    (tmp_path / "a.zip").write_text("mine")
    for dry_run in (True, False):
        with pytest.raises(OutputError, match="add --overwrite"):
            submit(run, "mevis", tmp_path / "a.zip", store, dry_run=dry_run)
    assert (tmp_path / "a.zip").read_text() == "mine"


def test_expressions_that_are_counted_otherwise_are_not_left_out_as_surplus(tmp_path: Path):
    store = store_of(tmp_path / "store", two_objects, "7")
    rows = [
        replace(r, expression_id=str(int(r.expression_id) + 1)) for r in noisy(store.video("val", "7"), 0)
    ]
    run = make_run(tmp_path / "run", store, [rows], split="val")
    lenient = Tolerance(missing="zero", surplus="ignore")
    with pytest.raises(ScoreError, match="counted differently"):
        submit(run, "mevis", tmp_path / "a.zip", store, tolerance=lenient)


def test_a_preferred_protocol_that_does_not_score_what_the_zip_holds_gives_way(tmp_path: Path):
    store = store_of(tmp_path / "store", of_annotators)
    run = run_of(tmp_path / "run", store, 3)
    submission = submit(run, "davis", tmp_path / "a.zip", store, split="val")
    for preferred in (None, "davis-official", "ytvos", "davis-objects"):
        scores = local_score(tmp_path / "a.zip", store, "val", submission.layout, preferred=preferred)
        assert scores is not None and scores.protocol.name == "davis-official", preferred
