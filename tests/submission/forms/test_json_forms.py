"""Every form of JSON that people's code writes reads as the same rows; what does not belong is refused."""

from __future__ import annotations

import json
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rvosbench import masks
from rvosbench.errors import FormatError, ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.runs.tolerance import Tolerance
from rvosbench.submission import open_predictions
from rvosbench.submission.forms import json_source
from tests.submission.forms.made import FRAMES, IDS, VIDEO, arrays, opened, put, read, rle, rows, tracks
from tests.tiny_store import lone_square, square, two_squares, write_store

TEXT = {expression.expression_id: expression.text for expression in VIDEO.expressions}


def uncompressed(mask: Any) -> dict[str, Any]:
    flat = mask.T.reshape(-1).tolist()
    counts, value = [0], False
    for pixel in flat:
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


def with_scores(name: str, key: str) -> dict[str, Any]:
    """A record of VISA, Sa2VA and their kin."""
    item = {"index": 0, "video_id": name, "exp_id": key, "text_prediction": "Sure.", "exp": "Segment it."}
    return {**item, "frames": FRAMES, "prediction_masks": tracks()[key]}


FORMS = {
    "by video and expression": lambda: {"pair": tracks()},
    "records by video and expression": lambda: {"pair": {key: with_scores("pair", key) for key in IDS}},
    "by frame name": lambda: {
        "pair": {key: dict(zip(FRAMES, track, strict=True)) for key, track in tracks().items()}
    },
    "by frame file, backwards": lambda: {
        "pair": {
            key: {f"pair/{name}.jpg": mask for name, mask in reversed(list(zip(FRAMES, track, strict=True)))}
            for key, track in tracks().items()
        }
    },
    "frames of the video": lambda: {"videos": {"pair": {"frames": FRAMES, "expressions": tracks()}}},
    "wrapped, beside settings": lambda: {
        "config": {"threshold": [0.5], "name": None},
        "J&F": 0.5,
        "results": {"pair": tracks()},
    },
    "under the name of the split": lambda: {"valid_u": {"pair": tracks()}, "seed": 3},
    "records under a name": lambda: {"mine": [with_scores("pair", key) for key in IDS]},
    "list of records": lambda: [
        {"video_id": "pair", "exp_id": int(key), "segmentations": track} for key, track in tracks().items()
    ],
    "list of records, by text": lambda: [
        {"video": "pair", "expression": TEXT[key], "masks": track} for key, track in tracks().items()
    ],
    "records under a video": lambda: {
        "pair": [{"exp_id": key, "pred_masks": track} for key, track in tracks().items()]
    },
    "records by text under a video": lambda: {
        "pair": [{"exp": TEXT[key], "rles": track} for key, track in tracks().items()]
    },
    "a record per frame": lambda: [
        {"video_id": "pair", "exp_id": key, "frame": name, "segmentation": mask}
        for key, track in tracks().items()
        for name, mask in zip(FRAMES, track, strict=True)
    ],
    "keys with _": lambda: {f"pair_{key}": track for key, track in tracks().items()},
    "keys with /": lambda: {"predictions": {f"pair/{key}": track for key, track in tracks().items()}},
    "keys with _, by frame name": lambda: {
        f"pair_{key}": dict(zip(FRAMES, track, strict=True)) for key, track in tracks().items()
    },
    "keys with _, records": lambda: {f"pair_{key}": with_scores("pair", key) for key in IDS},
    "COCO of A2D-Sentences": lambda: [
        {
            "image_id": f"v_pair_f_{int(name)}_i_{key}",
            "category_id": 1,
            "score": 1.0,
            "segmentation": rle(mask),
        }
        for key, track in arrays().items()
        for name, mask in zip(FRAMES, track, strict=True)
    ],
    "uncompressed": lambda: {
        "pair": {key: [uncompressed(mask) for mask in track] for key, track in arrays().items()}
    },
    "str() of bytes": lambda: {
        "pair": {
            key: [{"size": [24, 32], "counts": str(masks.encode(mask).counts)} for mask in track]
            for key, track in arrays().items()
        }
    },
    "masks of the shape (1, H, W)": lambda: {
        "pair": {key: [[mask] for mask in track] for key, track in tracks().items()}
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_reads_as_the_same_rows(tmp_path: Path, store, form):
    path = put(tmp_path / "results.json", form())
    assert opened(path, store).video_ids() == ("pair",)
    assert read(path, store) == rows()


def test_lines_packed_files_and_a_byte_order_mark_are_read(tmp_path: Path, store):
    lines = "\n".join(json.dumps(record) for record in FORMS["list of records"]()) + "\n"
    assert read(put(tmp_path / "a.jsonl", lines), store) == rows()
    assert read(put(tmp_path / "a.json", lines), store) == rows()
    assert read(put(tmp_path / "a.jsonl.gz", lines), store) == rows()
    assert read(put(tmp_path / "a.json.gz", {"pair": tracks()}), store) == rows()
    assert read(put(tmp_path / "results.txt", {"pair": tracks()}), store) == rows()
    assert read(put(tmp_path / "b.json", "\ufeff" + json.dumps({"pair": tracks()})), store) == rows()


def test_a_file_in_a_folder_a_zip_or_a_tar_is_found_and_others_are_named(tmp_path: Path, store):
    folder = tmp_path / "run"
    put(folder / "deep" / "results.json", {"pair": tracks()})
    put(folder / "args.json", {"lr": 0.1})
    put(folder / "metrics.json", {"pair": {"0": {"J": 0.5}}, "single": 0.5})
    source = opened(folder, store)
    assert source.notes == (
        "args.json holds no masks and is no source of predictions",
        "metrics.json holds no masks and is no source of predictions",
    )
    assert read(folder, store) == rows()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(folder / "deep" / "results.json", "results.json")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(folder, "run")
    assert read(tmp_path / "a.zip", store) == read(tmp_path / "a.tar.gz", store) == rows()


def test_a_file_per_video_or_per_process_is_one_set_of_predictions(tmp_path: Path, store):
    for key, track in tracks().items():
        put(tmp_path / "run" / f"rank_{key}.json", {"pair": {key: track}})
    assert read(tmp_path / "run", store) == rows()
    put(tmp_path / "run" / "again.json", {"pair": {"0": tracks()["0"]}})
    with pytest.raises(
        ScoreError, match=r"rank_0.json.*is a second answer to 0 of video pair in frame 00000"
    ):
        read(tmp_path / "run", store)


def test_a_file_may_be_named_after_the_video_or_the_expression_that_it_is_about(tmp_path: Path, store):
    put(tmp_path / "a" / "mine" / "pair.json", tracks())
    put(tmp_path / "a" / "mine" / "single.json.gz", {"0": [None] * 5})
    assert opened(tmp_path / "a", store).video_ids() == ("pair", "single")
    assert read(tmp_path / "a", store) == rows()
    for key, track in tracks().items():
        put(tmp_path / "b" / "pair" / f"{key}.json", track)
        by_name = dict(zip(FRAMES, track, strict=True))
        put(tmp_path / "c" / "pair" / f"{key}.json", by_name if key == "0" else {"masks": track})
        put(tmp_path / "d" / "pair" / f"{key}.json", with_scores("pair", key))
    assert read(tmp_path / "b", store) == read(tmp_path / "c", store) == read(tmp_path / "d", store) == rows()
    put(tmp_path / "e" / "pair.json", {"pair": tracks()})
    assert read(tmp_path / "e", store) == rows()
    put(tmp_path / "f" / "pair.json", {"single": {"0": [None] * 5}})
    assert opened(tmp_path / "f", store).video_ids() == ("single",)


def test_texts_are_held_while_there_is_room(tmp_path: Path, store, monkeypatch):
    for key, track in tracks().items():
        put(tmp_path / "run" / f"rank_{key}.json", {"pair": {key: track}})
    source = opened(tmp_path / "run", store)
    assert source.read(VIDEO).rows == source.read(VIDEO).rows
    assert len(source._held) == len(IDS)
    monkeypatch.setattr(json_source, "MOST_BYTES", 1)
    assert len(opened(tmp_path / "run", store).read(VIDEO).rows) == len(rows())
    monkeypatch.setattr(json_source, "read_json_text", None)  # what is held is not read again
    assert len(source.read(VIDEO).rows) == len(rows())


def test_a_source_can_be_sent_to_another_process(tmp_path: Path, store):
    source = opened(put(tmp_path / "r.json", {"pair": tracks()}), store)
    before = source.read(VIDEO).rows
    assert b"prediction_masks" not in pickle.dumps(source)
    assert pickle.loads(pickle.dumps(source)).read(VIDEO).rows == before


def test_masks_of_the_annotated_frames_alone_are_taken(tmp_path: Path):
    from dataclasses import replace

    some = tuple(replace(frame, annotated=n in (1, 4)) for n, frame in enumerate(VIDEO.frames))
    kept = {key: mask for key, mask in VIDEO.masks.items() if key[1] in (1, 4)}
    video = replace(VIDEO, frames=some, masks=kept)
    store = write_store(tmp_path / "store", [video])
    whole = put(tmp_path / "whole.json", {"pair": tracks()})
    part = put(tmp_path / "part.json", {"pair": {k: [t[1], t[4]] for k, t in tracks().items()}})
    found = opened(part, store).read(video).rows
    assert found == [row for row in opened(whole, store).read(video).rows if row.frame_index in (1, 4)]
    short = put(tmp_path / "short.json", {"pair": {k: t[:3] for k, t in tracks().items()}})
    with pytest.raises(ScoreError, match="has 3 masks; the video has 6 frames, 2 of them annotated"):
        opened(short, store).read(video)


def test_several_instances_are_candidates_by_score_and_of_equal_ones_the_first_is_first(
    tmp_path: Path, store
):
    good, bad, other = (rle(square(n)) for n in (0, 8, 16))
    path = put(
        tmp_path / "r.json",
        [
            {"video_id": "pair", "exp_id": "0", "score": score, "segmentations": [mask] * 6}
            for mask, score in ((bad, 0.25), (good, 0.75), (other, 0.25))
        ],
    )
    found = [row for row in opened(path, store).read(VIDEO).rows if row.frame_index == 0]
    assert [(row.candidate, row.score) for row in found] == [(0, 0.75), (1, 0.25), (2, 0.25)]
    assert [row.mask.counts.decode() for row in found] == [m["counts"] for m in (good, bad, other)]


def test_the_order_of_a_list_of_candidates_is_kept_whatever_the_scores(tmp_path: Path, store):
    path = put(
        tmp_path / "r.json",
        {"pair": {"0": [{"prediction_masks": tracks()[key], "scores": [0.5] * 6} for key in ("1", "0")]}},
    )
    first = [row for row in read(path, store) if row[1] == 0]
    assert [row[2:4] for row in first] == [(0, 0.5), (1, 0.5)]
    assert first[0][4].decode() == tracks()["1"][0]["counts"]


def test_a_detection_for_nothing_that_is_asked_about_a_video_is_its_and_not_another_videos(tmp_path, store):
    detections = [
        {"image_id": f"v_pair_f_{int(frame)}_i_{key}", "score": 0.5, "segmentation": mask}
        for key, answers in tracks().items()
        for frame, mask in zip(FRAMES, answers, strict=True)
        if mask is not None
    ]
    detections.append({**detections[0], "image_id": detections[0]["image_id"].replace("_i_0", "_i_99")})
    path = put(tmp_path / "r.json", detections)
    assert opened(path, store).video_ids() == ("pair",)
    assert "99" in {row.expression_id for row in opened(path, store).read(VIDEO).rows}
    with pytest.raises(ScoreError, match="predictions for 99 of video pair, which has 0, 1, 2, 3"):
        evaluate(path, store, split=VIDEO.split, protocol="mevis", missing="zero")


@pytest.mark.parametrize("said", ["the red square", "The red square.", ""])
def test_words_that_are_those_of_the_id_or_of_nobody_change_nothing(tmp_path: Path, store, said):
    record = {"video_id": "pair", "exp_id": "0", "exp": said, "masks": tracks()["0"]}
    assert read(put(tmp_path / "r.json", [record]), store) == [row for row in rows() if row[0] == "0"]


def test_objects_are_answered_by_their_ids(tmp_path: Path, store):
    path = put(tmp_path / "r.json", {"pair": {"0": tracks()["0"], "1": tracks()["1"]}})
    assert read(path, store, unit="object") == [row for row in rows() if row[0] in "01"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"pair": {"0": tracks()["0"][:4]}}, "expression '0' has 4 masks; the video has 6 frames, 6 of them"),
        ({"pair": tracks()["0"]}, "masks for the video pair and does not say for which of its 4 expr"),
        ({"PAIR": {"0": tracks()["0"]}}, "video 'PAIR', which is called 'pair'"),
        ({"pair": {"0": None, "1": tracks()["1"]}}, "expression '0' is None; expected a list of run lengths"),
        (
            {"pair": {"0": {"prediction_masks": None}, "1": tracks()["1"]}},
            "expression '0' holds no masks; were only files",
        ),
        ({"pair": {"0": {"prediction_masks": None}}}, "holds no masks; expected results"),
        ({"pair": {"0": {"exp": "a dog", "obj_id": "1"}}}, "holds no masks; expected results"),
        (
            {"pair": {"0": {"mine": 1}}, "single": {"0": [None] * 5}},
            "expression '0' is {'mine': 1}; expected",
        ),
        ({"pair": {"0": [], "1": tracks()["1"]}}, "has 0 masks"),
        ({"pair": {"0": {"frames": FRAMES[:2], "masks": tracks()["0"]}}}, "6 masks and names 2 frames"),
        ({"pair": {"0": {"frames": [FRAMES[0]] * 6, "masks": tracks()["0"]}}}, "the frame 00000 twice"),
        (
            {"pair": {"0": {"frames": [*range(6)], "masks": tracks()["0"]}}},
            "frame 1, which is not the number of",
        ),
        (
            {"pair": {"0": dict(zip(["x", *FRAMES[1:]], tracks()["0"], strict=True))}},
            "1 predictions of video pair are of frames that it does not have, such as 0/x",
        ),
        ({"pair": {"0": {"masks": tracks()["0"], "segmentations": tracks()["1"]}}}, "masks under"),
        ({"pair": {"0": {**with_scores("pair", "0"), "exp_id": "1"}}}, "says that its exp_id is '1'"),
        (
            [{"video_id": "pair", "exp_id": "0", "exp": "the dog", "masks": tracks()["0"]}],
            "exp_id is '0', and its exp 'the dog' is that of '3'",
        ),
        (
            {"pair": {"0": {"exp": "the blue one", "prediction_masks": tracks()["0"]}}},
            "is '0', and its exp 'the blue one' is that of '1'",
        ),
        ({"pair": {"0": {**with_scores("single", "0")}}}, "says that its video_id is 'single'"),
        ({"pair": {"0": {"masks": tracks()["0"], "score": "high"}}}, "has the score 'high'"),
        ({"pair": {"0": {"masks": tracks()["0"], "scores": [1, 2]}}}, "6 masks and 2 scores"),
        ({"pair": {"0": {"masks": tracks()["0"], "score": True}}}, "has the score True"),
        ({"pair": {"0": [{"0": 1}] * 6, "1": tracks()["1"]}}, "is {'0': 1}; expected run lengths"),
        ({"pair": {"0": [[[0, 0, 5, 5, 0, 5]]] * 6, "1": tracks()["1"]}}, "is a list, such as of polygons"),
        ([{"video_id": "pair", "exp_id": "0"}], "and no masks"),
        ([{"exp_id": "0", "masks": tracks()["0"]}], "expected a video_id"),
        ([1, 2], "is 1; expected an object"),
        ({"a": 1}, "holds no masks; expected results as run lengths"),
        ([], "holds no masks"),
        ({}, "holds no masks"),
        ({"12": tracks()["0"], "13": tracks()["1"]}, r"keys are numbers \(12, 13\), as annotation ids"),
        (
            [{"image_id": f"v_pair_f_{FRAMES[0]}", "score": 0.5, "segmentation": rle(square(0))}],
            "does not say which of the 4 expressions of its video is meant",
        ),
        (
            [{"image_id": f"pair_f_{FRAMES[0]}_i_0", "score": 0.5, "segmentation": rle(square(0))}],
            "no image_id is of a video of .*expected v_<video>_f_<frame>_i_<instance>",
        ),
        (
            [{"image_id": 7, "score": 0.5, "segmentation": rle(square(0))}],
            "are numbers, such as 7, which say nothing about",
        ),
        ({"other_0": tracks()["0"]}, "keys are 'other_0', .* has no such videos"),
        (
            {"images": [], "annotations": [{"image_id": "v", "segmentation": rle(square(0))}]},
            "are ground truth",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(tmp_path: Path, store, content, complaint):
    path = put(tmp_path / "r.json", content)
    with pytest.raises(ScoreError, match=complaint) as caught:
        opened(path, store).read(VIDEO)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_keys_that_may_mean_two_videos_are_refused(tmp_path: Path):
    store = write_store(tmp_path / "store", [two_squares("a"), lone_square("a_0"), two_squares("b_0")])
    with pytest.raises(ScoreError, match="the key 'a_0', which may mean two videos"):
        opened(put(tmp_path / "r.json", {"a_0": tracks()["0"]}), store)
    clear = put(tmp_path / "t.json", {"a_1": tracks()["0"], "b_0_0": tracks()["0"]})
    assert opened(clear, store).video_ids() == ("a", "b_0")


def test_frames_that_are_called_as_videos_are_still_frames(tmp_path: Path):
    store = write_store(tmp_path / "store", [two_squares(name) for name in FRAMES[:3]])
    by_name = {key: dict(zip(FRAMES, track, strict=True)) for key, track in tracks().items()}
    flat = put(tmp_path / "r.json", {f"{FRAMES[1]}_{key}": track for key, track in by_name.items()})
    nested = put(tmp_path / "s.json", {FRAMES[1]: by_name})
    for path in (flat, nested):
        assert opened(path, store).video_ids() == (FRAMES[1],)
        assert len(opened(path, store).read(two_squares(FRAMES[1])).rows) == len(rows())


def test_surplus_frames_are_ignored_and_counted_where_that_was_asked(tmp_path: Path, store):
    track = dict(zip(["x", *FRAMES[1:]], tracks()["0"], strict=True))
    path = put(tmp_path / "r.json", {"pair": {"0": track}})
    found = opened(path, store, Tolerance(surplus="ignore")).read(VIDEO)
    assert [row.frame_index for row in found.rows] == [1, 2, 3, 4, 5]
    assert found.adjusted.surplus == 1


def test_masks_of_another_size_are_resized_and_counted_where_that_was_asked(tmp_path: Path, store):
    small = [rle(square(0)[::2, ::2]) for _ in range(6)]
    path = put(tmp_path / "r.json", {"pair": {"0": small}})
    with pytest.raises(ScoreError, match=r"is 12x16 px \(height x width\), the video 24x32"):
        read(path, store)
    found = opened(path, store, Tolerance(resize="nearest")).read(VIDEO)
    assert found.adjusted.resized == 6
    expected = square(0)[::2, ::2].repeat(2, 0).repeat(2, 1)
    assert (masks.decode(found.rows[0].mask) == expected).all()
    turned = put(tmp_path / "t.json", {"pair": {"0": [rle(square(0).T)] * 6}})
    with pytest.raises(ScoreError, match="height and width are exchanged"):
        read(turned, store, Tolerance(resize="nearest"))


def test_without_a_store_nothing_is_guessed(tmp_path: Path):
    with pytest.raises(ScoreError, match="only beside a store"):
        open_predictions(put(tmp_path / "r.json", {"pair": tracks()}), "expression")


def test_a_file_that_is_too_large_is_refused_with_a_way_out(tmp_path: Path, store, monkeypatch):
    def capped(tree, name):
        from rvosbench.submission.forms.json_text import read_json_text

        return read_json_text(tree, name, most=1000)

    monkeypatch.setattr(json_source, "read_json_text", capped)
    with pytest.raises(
        FormatError, match="expected at most 1 kB; write one JSON file per video into a folder"
    ):
        opened(put(tmp_path / "r.json", {"pair": tracks()}), store)
    with pytest.raises(FormatError, match="unpacks to more than 1 kB"):
        opened(put(tmp_path / "r.json.gz", " " * 10_000), store)
