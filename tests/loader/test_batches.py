from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch

from rvosbench.errors import DatasetError, ShapeError
from rvosbench.loader import ByteCache, Centred, Samples, Spread, Whole, collate, load, to_device
from rvosbench.loader.augment import Augmentation, Sample
from rvosbench.media.resize import Side
from rvosbench.media.video import VideoFile
from tests.datasets.tiny_releases import write_mp4
from tests.tiny_store import HEIGHT, WIDTH, square, tiny_store, two_squares, video, write_store


def sample(height: int, width: int, *, rows: int = 1, frames: int = 2, text: str = "it") -> Sample:
    return Sample(
        name="v/0",
        frames=torch.full((frames, height, width, 3), 255, dtype=torch.uint8),
        masks=torch.ones(rows, frames, height, width, dtype=torch.bool),
        labels=torch.zeros(rows, dtype=torch.int64),
        referred=0,
        text=text,
        wanted=tuple(range(frames)),
    )


def test_clips_are_padded_at_the_bottom_and_right():
    batch = collate([sample(3, 5, text="a"), sample(4, 2, rows=3, text="b")])
    assert batch.frames.shape == (2, 2, 4, 5, 3)
    assert batch.frames.dtype == torch.uint8
    assert batch.sizes == ((3, 5), (4, 2))
    assert batch.expressions == ("a", "b")
    content = ~batch.pixel_is_padding
    assert content[0].nonzero().amax(0).tolist() == [2, 4]
    assert content.sum((1, 2)).tolist() == [15, 8]
    assert torch.equal(batch.frames[:, 0, ..., 0], 255 * content)
    assert torch.equal(batch.targets[1].masks[2, 1], content[1])
    assert [target.masks.shape[0] for target in batch.targets] == [1, 3]


def test_visible_says_which_objects_have_a_pixel():
    one = sample(3, 3, rows=2)
    one.masks[1, 0] = False
    assert collate([one]).targets[0].visible.tolist() == [[True, True], [False, True]]


def test_clips_of_different_lengths_make_no_batch():
    with pytest.raises(ShapeError, match="same number of frames"):
        collate([sample(3, 3, frames=2), sample(3, 3, frames=3)])


def test_a_batch_moves_to_a_device_with_its_targets():
    batch = to_device(collate([sample(3, 3)]), torch.device("meta"))
    tensors = [batch.frames, batch.pixel_is_padding, batch.targets[0].masks, batch.targets[0].labels]
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def batches(store, workers: int, count: int = 6):
    found = Samples(
        store, "train", Spread(3), side=Side(24, 32), seed=3, augment=Augmentation(mirror=0.5, colours=0.2)
    )
    positions = [[(step // 2, (2 * step + n) % len(found)) for n in range(2)] for step in range(count)]
    return list(itertools.islice(load(found, positions, workers), count))


def test_loading_draws_nothing_from_the_global_generator(tmp_path):
    store = tiny_store(tmp_path / "store")
    before = torch.random.get_rng_state()
    batches(store, 0)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This DataLoader will create 3 worker")  # on fewer than 3 cores
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_batches_do_not_depend_on_the_number_of_workers(tmp_path, workers):
    store = tiny_store(tmp_path / "store")
    for alone, helped in zip(batches(store, 0), batches(store, workers), strict=True):
        assert torch.equal(alone.frames, helped.frames)
        assert alone.expressions == helped.expressions
        for one, other in zip(alone.targets, helped.targets, strict=True):
            assert torch.equal(one.masks, other.masks)
            assert torch.equal(one.labels, other.labels)


def by_reference(folder):
    """A store of one video of image files and one mp4, both with 6 frames."""
    images = two_squares("images")
    (folder / "images").mkdir(parents=True)
    for number, frame in enumerate(images.frames):
        (folder / "images" / f"{number}.png").write_bytes(frame.encoded)
    named = [
        dataclasses.replace(frame, encoded=None, path=f"images/{number}.png")
        for number, frame in enumerate(images.frames)
    ]
    write_mp4(folder / "clip.mp4", frames=6)
    with VideoFile(folder / "clip.mp4") as file:
        times = file.probe().pts_s
    clip = video("clip", "train", {0: {2: square(2)}}, {"it": (0,)}, annotated=(2,))
    timed = [
        dataclasses.replace(frame, encoded=None, path="clip.mp4", pts_s=time)
        for frame, time in zip(clip.frames, times, strict=True)
    ]
    return write_store(
        folder / "store",
        [dataclasses.replace(clip, frames=tuple(timed)), dataclasses.replace(images, frames=tuple(named))],
    )


def missing_image(folder):
    (folder / "images" / "2.png").unlink()
    return "images", r"images/2\.png is missing"


def damaged_image(folder):
    path = folder / "images" / "2.png"
    path.write_bytes(path.read_bytes()[:60])
    return "images", r"images/2\.png cannot be decoded"


def missing_clip(folder):
    (folder / "clip.mp4").unlink()
    return "clip", r"clip\.mp4 is missing"


def truncated_clip(folder):
    path = folder / "clip.mp4"
    path.write_bytes(path.read_bytes()[:100])
    return "clip", r"clip\.mp4 cannot be opened"


IN_A_WORKER = [pytest.param(damage, 1, marks=pytest.mark.slow) for damage in (damaged_image, missing_clip)]


@pytest.mark.parametrize(
    ("damage", "workers"),
    [(missing_image, 0), (damaged_image, 0), (missing_clip, 0), (truncated_clip, 0), *IN_A_WORKER],
)
def test_a_frame_that_cannot_be_had_is_one_line_from_any_process(tmp_path, damage, workers):
    store = by_reference(tmp_path)
    video_id, said = damage(tmp_path)
    found = Samples(store, "train", Centred(5), side=Side(HEIGHT, WIDTH), seed=0)
    which = f"{video_id}/0 at frames 0,1,2,3,4"
    (index,) = (index for index in range(len(found)) if found.name((0, index)) == which)
    batches = load(found, [[(0, index)]], workers)
    with pytest.raises(DatasetError) as caught:
        next(batches)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"sample {which} of {tmp_path / 'store'}/train: ")
    caught.match(said)


def test_clips_that_make_no_batch_are_said_by_the_loader_too(tmp_path):
    found = Samples(tiny_store(tmp_path / "store"), "train", Whole(), side=Side(HEIGHT, WIDTH), seed=0)
    lengths = [len(found[0, index].frames) for index in range(len(found))]
    assert sorted(set(lengths)) == [5, 6]
    mixed = [[(0, lengths.index(5)), (0, lengths.index(6))]]
    with pytest.raises(ShapeError, match="same number of frames"):
        next(load(found, mixed))


def test_windows_of_an_mp4_and_of_images_read_with_a_scarce_cache_are_the_same(tmp_path):
    store = by_reference(tmp_path)
    options = {"side": Side(HEIGHT, WIDTH), "seed": 0}
    for window in (Centred(5), Spread(3), Whole()):
        plenty = Samples(store, "train", window, **options)
        scarce = Samples(store, "train", window, cache=ByteCache(3_000), **options)
        for index in (*range(len(plenty)), *range(len(plenty))):
            assert torch.equal(plenty[0, index].frames, scarce[0, index].frames)
            assert torch.equal(plenty[0, index].masks, scarce[0, index].masks)
