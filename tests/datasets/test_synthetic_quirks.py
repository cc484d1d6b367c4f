"""Every quirk of every layout alone, through prepare: the store is that of a plain release, but for what the
quirk is about; and what has to be said about the release is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest

from rvosbench.errors import DatasetError
from rvosbench.preparation import prepare
from rvosbench.store import Store
from rvosbench.synthetic.quirks import QUIRKS
from rvosbench.synthetic.write import LAYOUTS, write

SETTINGS = {"videos": 2, "seed": 3, "frames": 4, "size": (48, 64)}
WITHOUT_LIST = r"there is no jhmdb_sentences_samples_metadata.json: every frame is annotated"


@dataclass(frozen=True)
class Content:
    """What a store says about one video, in plain values."""

    names: tuple
    annotated: tuple
    expressions: tuple  # (expression id, text, object ids, annotator)
    objects: dict  # object id -> category
    masks: dict  # (object id, frame index) -> run lengths


def content(video):
    return Content(
        names=tuple(frame.name for frame in video.frames),
        annotated=tuple(frame.annotated for frame in video.frames),
        expressions=tuple((e.expression_id, e.text, e.object_ids, e.annotator) for e in video.expressions),
        objects={obj.object_id: obj.category for obj in video.objects},
        masks={key: rle.counts for key, rle in video.masks.items()},
    )


def converted(name, root, *quirks, options=None):
    """Split -> video -> what the store says, and the warnings about the release."""
    write(name, root / "release", quirks=quirks, **SETTINGS)
    # A limit, so that nobody complains about the counts: the release is tiny.
    prepared = prepare(name, root / "release", root / "store", options=options, limit=100)
    store = Store.open(prepared.store)
    found = {
        split: {video_id: content(store.video(split, video_id)) for video_id in store.video_ids(split)}
        for split in store.splits
    }
    return found, prepared.warnings


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Layout -> the content of the release without any quirk, made when first asked for."""
    made = {}

    def of(name):
        if name not in made:
            made[name], warnings = converted(name, tmp_path_factory.mktemp("plain"))
            assert [w for w in warnings if not re.match(WITHOUT_LIST, w)] == []
        return made[name]

    return of


def changed(found, **changes):
    """The same videos with fields computed from what they were: field -> function of the old content."""
    return {
        split: {
            video_id: replace(video, **{field: change(video) for field, change in changes.items()})
            for video_id, video in videos.items()
        }
        for split, videos in found.items()
    }


def without_ids(found):
    """The videos of each split, whatever they are called."""
    return {split: sorted(map(repr, videos.values())) for split, videos in found.items()}


A2D_DAMAGED = (
    r"\S+/00001.h5 has (\d) masks for \d instances in \d rows; the first ones count",
    r"\S+/00002.h5 has (\d) masks for \d instances in \1 rows; the first ones count",
)
REFCOCO_DIFFERENT = {"crowds", "meant-crowds", "converted"}
REFCOCO_SAME = ("large-ids", "parts", "compressed", "google")
SAME = {
    "a2d": {
        "squeezed": (),
        "row-order": (),
        "missed-video": (),
        "header": (),
        "upper-case": (),
        "root-text": (),
        "copy-row": (),
        "extra-columns": (),
        "damaged-masks": A2D_DAMAGED,
    },
    "davis": {"misspelt-names": (), "semi-supervised": (), "converted": ()},
    "jhmdb": {"doubles": (WITHOUT_LIST,)},
    "mevis": {
        "frames-out-of-order": (r".* lists the frames of \d videos out of order",) * 3,
        "both-texts": (),  # nothing without a second text
    },
    "refcoco": dict.fromkeys(REFCOCO_SAME, ()),
    "refcoco+": dict.fromkeys(REFCOCO_SAME, ()),
    "refcocog": dict.fromkeys(REFCOCO_SAME, ()),
    "ytvos": dict.fromkeys(("string-ids", "mixed-valid", "unlisted-frames", "grey-png", "rgb-png"), ()),
}
"""Layout -> quirks that change nothing in the store -> the warnings, as regular expressions."""

DIFFERENT = {
    "a2d": {"dash-ids", "untidy-text", "mat-only"},
    "davis": {"latin-1", "void", "extra-objects", "no-semantics", "uneven-texts"},
    "jhmdb": {"samples", "trailing-frames", "odd-ids"},
    "mevis": {"several-objects", "no-target", "unused-masks"},
    "refcoco": REFCOCO_DIFFERENT,
    "refcoco+": REFCOCO_DIFFERENT,
    "refcocog": REFCOCO_DIFFERENT,
    "ytvos": {"late-starts", "no-test-json", "no-meta", "duplicates", "valid-masks"},
}
"""Those that do; each has a test below."""


def test_every_quirk_is_tested():
    for name, quirks in QUIRKS.items():
        assert SAME[name].keys() | DIFFERENT[name] | {"archive-dirt"} == quirks.keys()


@pytest.mark.parametrize(("name", "quirk"), [(name, quirk) for name in SAME for quirk in SAME[name]])
def test_a_quirk_that_says_nothing_new_leaves_the_store_as_it_is(name, quirk, plain, tmp_path):
    found, warnings = converted(name, tmp_path, quirk)
    assert found == plain(name)
    expected = SAME[name][quirk]
    assert all(re.match(pattern, text) for pattern, text in zip(expected, sorted(warnings), strict=True))


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_archives_bring_along_is_passed_over(name, plain, tmp_path):
    found, warnings = converted(name, tmp_path, "archive-dirt")
    assert found == plain(name)
    assert all(re.match(WITHOUT_LIST, text) for text in warnings)


@pytest.mark.parametrize(("name", "quirk"), [("a2d", "dash-ids"), ("jhmdb", "odd-ids")])
def test_odd_ids_change_ids_only(name, quirk, plain, tmp_path):
    found, _ = converted(name, tmp_path, quirk)
    odd = [v for videos in found.values() for v in videos if v.startswith("-" if name == "a2d" else "@(")]
    assert len(odd) == 1
    assert without_ids(found) == without_ids(plain(name))


def test_a2d_text_stays_as_untidy_as_it_was_released(plain, tmp_path):
    found, _ = converted("a2d", tmp_path, "untidy-text")
    assert found != plain("a2d")
    tidy = changed(
        found, expressions=lambda v: tuple((i, t.lower().strip(), o, a) for i, t, o, a in v.expressions)
    )
    assert tidy == plain("a2d")


def test_a2d_with_masks_that_know_no_instances_is_refused_with_the_reason(tmp_path):
    with pytest.raises(
        DatasetError, match="do not say which instance an expression means; fetch a2d_annotation"
    ):
        converted("a2d", tmp_path, "mat-only")
    assert not (tmp_path / "store").exists()


def test_davis_latin_1_is_read_as_such(plain, tmp_path):
    found, warnings = converted("davis", tmp_path, "latin-1")
    texts = [t for videos in found.values() for v in videos.values() for _, t, _, _ in v.expressions]
    assert len([text for text in texts if text.startswith("voilà, ")]) == 2 * 4
    bare = changed(
        found,
        expressions=lambda v: tuple((i, t.removeprefix("voilà, "), o, a) for i, t, o, a in v.expressions),
    )
    assert (bare, warnings) == (plain("davis"), ())


@pytest.mark.parametrize(
    ("quirk", "object_id", "category"), [("void", 255, "void"), ("extra-objects", 8, None)]
)
def test_davis_pixels_that_no_expression_means_are_an_object_more(
    quirk, object_id, category, plain, tmp_path
):
    found, warnings = converted("davis", tmp_path, quirk)
    assert warnings == ()
    frames = {"void": (1, 3), "extra-objects": (0, 1, 2, 3)}[quirk]
    for videos in found.values():
        for video in videos.values():
            assert video.objects[object_id] == category
            assert {f for o, f in video.masks if o == object_id} == set(frames)
    fewer = changed(
        found,
        objects=lambda v: {o: c for o, c in v.objects.items() if o != object_id},
        masks=lambda v: {key: m for key, m in v.masks.items() if key[0] != object_id},
    )
    assert fewer == plain("davis")


@pytest.mark.parametrize(("name", "quirk"), [("davis", "no-semantics"), ("ytvos", "no-meta")])
def test_without_its_file_of_categories_a_release_has_none(name, quirk, plain, tmp_path):
    found, warnings = converted(name, tmp_path, quirk)
    assert warnings == ()
    assert found == changed(plain(name), objects=lambda v: dict.fromkeys(v.objects))


def test_davis_gaps_and_repetitions_of_an_annotator_are_reported(plain, tmp_path):
    found, warnings = converted("davis", tmp_path, "uneven-texts")
    assert len(warnings) == 2
    assert re.search(r"1 descriptions are missing: classic-car object \d by annot1-full", warnings[0])
    assert re.search(r"1 objects are described twice \(Davis17_annot2.txt line \d\); the first", warnings[1])
    expected = plain("davis")
    expressions = expected["train"]["classic-car"].expressions
    last = max(int(number) for number, *_ in expressions)
    left_out = str(last - 2)  # the second of the four of the last object
    assert found["train"].pop("classic-car").expressions == tuple(s for s in expressions if s[0] != left_out)
    assert found["train"] == {k: v for k, v in expected["train"].items() if k != "classic-car"}
    assert found["val"] == expected["val"]


def test_jhmdb_with_a_list_of_frames_only_those_are_annotated(plain, tmp_path):
    found, warnings = converted("jhmdb", tmp_path, "samples")
    assert warnings == ()
    assert {sum(video.annotated) for video in found["test"].values()} == {3}
    expected = {
        video_id: replace(
            plain("jhmdb")["test"][video_id],
            annotated=video.annotated,
            masks={k: m for k, m in plain("jhmdb")["test"][video_id].masks.items() if video.annotated[k[1]]},
        )
        for video_id, video in found["test"].items()
    }
    assert found["test"] == expected


def test_jhmdb_frames_after_the_last_mask_are_left_out(tmp_path):
    found, _ = converted("jhmdb", tmp_path, "trailing-frames")
    on_disk = {path.parent.name: 0 for path in (tmp_path / "release" / "Rename_Images").glob("*/*/*.png")}
    for path in (tmp_path / "release" / "Rename_Images").glob("*/*/*.png"):
        on_disk[path.parent.name] += 1
    assert sorted(on_disk.values()) == [4, 6]
    assert {video_id: video.names for video_id, video in found["test"].items()} == dict.fromkeys(
        on_disk, ("00001", "00002", "00003", "00004")
    )


@pytest.mark.parametrize(("quirk", "count"), [("several-objects", {2, 3, 4}), ("no-target", {0})])
def test_mevis_sentences_about_several_or_no_objects_come_on_top(quirk, count, plain, tmp_path):
    found, warnings = converted("mevis", tmp_path, quirk)
    assert warnings == ()
    for split, videos in plain("mevis").items():
        for video_id, video in videos.items():
            more = found[split][video_id].expressions
            assert more[: len(video.expressions)] == video.expressions
            added = more[len(video.expressions) :]
            assert added
            if split != "valid":
                assert {len(object_ids) for _, _, object_ids, _ in added} <= count
            assert replace(found[split][video_id], expressions=video.expressions) == video


def test_mevis_masks_that_no_expression_means_are_reported_and_left_out(plain, tmp_path):
    found, warnings = converted("mevis", tmp_path, "unused-masks")
    assert len(warnings) == 2
    assert all(re.match(r".*mask_dict.json has \d objects that no expression", text) for text in warnings)
    assert ranked(found) == ranked(plain("mevis"))


def test_mevis_of_two_texts_the_second_is_read_and_the_first_can_be_chosen(plain, tmp_path):
    quirks = ("both-texts", "no-target")
    found, warnings = converted("mevis", tmp_path / "second", *quirks)
    assert [bool(re.search("holds the text of MeViS and of MeViSv2", text)) for text in warnings] == [True]
    assert found == converted("mevis", tmp_path / "alone", "no-target")[0]
    first, warnings = converted("mevis", tmp_path / "first", *quirks, options={"mevis-version": "1"})
    assert (first, warnings) == (plain("mevis"), ())


def ranked(found):
    """Object ids by rank within their video: what else is in a file shifts COCO's running numbers."""

    def renumbered(video):
        rank = {object_id: position for position, object_id in enumerate(sorted(video.objects))}
        return replace(
            video,
            objects={rank[o]: c for o, c in video.objects.items()},
            masks={(rank[o], f): m for (o, f), m in video.masks.items()},
            expressions=tuple(
                (i, t, o and tuple(rank[each] for each in o), a) for i, t, o, a in video.expressions
            ),
        )

    return {split: {k: renumbered(v) for k, v in videos.items()} for split, videos in found.items()}


REFCOCO = ("refcoco", "refcoco+", "refcocog")


@pytest.mark.parametrize("name", REFCOCO)
@pytest.mark.parametrize("large", [(), ("large-ids",)], ids=["", "large-ids"])
def test_a_crowd_that_nobody_means_is_not_in_the_store(name, large, plain, tmp_path):
    found, warnings = converted(name, tmp_path, "crowds", *large)
    instances = (tmp_path / "release" / "coco" / name / "instances.json").read_text()
    assert ('"iscrowd": 1' in instances, '"id": 900100000' in instances) == (True, bool(large))
    assert (ranked(found), warnings) == (ranked(plain(name)), ())


@pytest.mark.parametrize("name", REFCOCO)
def test_a_crowd_that_an_expression_means_is_an_object(name, plain, tmp_path):
    found, warnings = converted(name, tmp_path, "meant-crowds")
    assert warnings == ()
    added = [(v, s) for v in found["train"].values() for s in v.expressions if s[1] == "all the shapes"]
    ((video, (_, _, (crowd,), _)),) = added
    assert (crowd, 0) in video.masks
    fewer = changed(
        found,
        expressions=lambda v: tuple(s for s in v.expressions if s[1] != "all the shapes"),
        objects=lambda v: {o: c for o, c in v.objects.items() if v is not video or o != crowd},
        masks=lambda v: {k: m for k, m in v.masks.items() if v is not video or k[0] != crowd},
    )
    assert ranked(fewer) == ranked(plain(name))


@pytest.mark.parametrize("name", REFCOCO)
def test_the_converted_form_numbers_its_expressions_anew(name, plain, tmp_path):
    found, warnings = converted(name, tmp_path, "converted")
    assert warnings == ()

    def anonymous(video):
        return tuple((text, object_ids, annotator) for _, text, object_ids, annotator in video.expressions)

    assert changed(found, expressions=anonymous) == changed(plain(name), expressions=anonymous)


@pytest.mark.parametrize(
    ("name", "splits"),
    [
        ("refcoco", ["train", "val", "testA", "testB"]),
        ("refcoco+", ["train", "val", "testA", "testB"]),
        ("refcocog", ["train", "val"]),
    ],
)
def test_googles_split_is_read_when_asked_for(name, splits, plain, tmp_path):
    found, warnings = converted(name, tmp_path, "google", options={"split-by": "google"})
    assert (list(found), warnings) == (splits, ())
    if name == "refcocog":  # divided by objects: both splits have the images
        assert found["train"].keys() & found["val"].keys()
    else:  # "testAB" is both tests
        tests = plain(name)["testA"].keys() | plain(name)["testB"].keys()
        assert found["testA"].keys() == found["testB"].keys() == tests


def test_ytvos_frames_are_those_of_the_json(plain, tmp_path):
    for seed in range(100):  # 15 % of the videos begin late
        write("ytvos", tmp_path / str(seed), quirks=("late-starts",), **(SETTINGS | {"seed": seed}))
        prepared = prepare("ytvos", tmp_path / str(seed), tmp_path / f"{seed}.store", splits=["train"])
        store = Store.open(prepared.store)
        videos = [store.video("train", video_id) for video_id in store.video_ids("train")]
        firsts = {int(video.frames[0].name): video for video in videos}
        if max(firsts) > 0:
            break
    late = firsts[max(firsts)]
    assert [int(frame.name) - max(firsts) for frame in late.frames] == [0, 5, 10, 15]
    assert all(frame.annotated for frame in late.frames)


def test_ytvos_without_a_test_json_valid_is_what_has_frames(plain, tmp_path):
    found, warnings = converted("ytvos", tmp_path, "no-test-json", "mixed-valid")
    assert found == {split: videos for split, videos in plain("ytvos").items() if split != "test"}
    assert len(warnings) == 1
    assert re.search(
        r"of the 3 videos in the valid file, the 1 without frames in valid/JPEGImages", warnings[0]
    )


def test_ytvos_an_expression_that_comes_twice_is_there_twice(plain, tmp_path):
    found, warnings = converted("ytvos", tmp_path, "duplicates")
    assert warnings == ()
    for videos in found.values():
        for video in videos.values():
            assert video.expressions[-1][1:] == video.expressions[0][1:]
    assert changed(found, expressions=lambda v: v.expressions[:-1]) == plain("ytvos")


def test_ytvos_masks_of_valid_make_it_as_complete_as_train(plain, tmp_path):
    assert converted("ytvos", tmp_path / "unused", "valid-masks") == (plain("ytvos"), ())
    options = {"valid-masks": str(tmp_path / "release" / "valid_masks")}
    found, warnings = converted("ytvos", tmp_path, "valid-masks", options=options)
    assert warnings == ()
    for video_id, video in found["valid"].items():
        hidden = plain("ytvos")["valid"][video_id]
        assert [s[:2] for s in video.expressions] == [s[:2] for s in hidden.expressions]
        assert (set(video.annotated), set(hidden.annotated)) == ({True}, {False})
        meant = {object_ids for _, _, object_ids, _ in video.expressions}
        assert meant == {(object_id,) for object_id in video.objects}
        assert {object_id for object_id, _ in video.masks} == set(video.objects)
    assert {**found, "valid": None} == {**plain("ytvos"), "valid": None}
