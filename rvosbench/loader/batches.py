"""From samples to batches: padding to one size, and the loop over worker processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import torch
from torch.utils.data import DataLoader, Dataset

from rvosbench.errors import RvosbenchError, ShapeError
from rvosbench.loader.augment import Sample
from rvosbench.loader.samples import Samples
from rvosbench.types import Batch, Target


def collate(samples: Sequence[Sample]) -> Batch:
    """Pad samples at the bottom and right to one size.

    Raises:
        ShapeError: they differ in the number of frames or in the positions wanted.
    """
    shapes = {(len(sample.frames), sample.wanted) for sample in samples}
    if len(shapes) != 1:
        raise ShapeError(
            f"the samples of a batch must have the same number of frames and wanted positions, got {shapes}"
        )
    ((T, wanted),) = shapes
    sizes = tuple((sample.frames.shape[1], sample.frames.shape[2]) for sample in samples)
    H, W = (max(side) for side in zip(*sizes, strict=True))
    frames = torch.zeros(len(samples), T, H, W, 3, dtype=torch.uint8)
    pixel_is_padding = torch.ones(len(samples), H, W, dtype=torch.bool)
    for position, (height, width) in enumerate(sizes):
        frames[position, :, :height, :width] = samples[position].frames
        pixel_is_padding[position, :height, :width] = False
    return Batch(
        frames=frames,
        pixel_is_padding=pixel_is_padding,
        sizes=sizes,
        expressions=tuple(sample.text for sample in samples),
        wanted=wanted,
        targets=tuple(_target(sample, (H, W)) for sample in samples),
    )


def _target(sample: Sample, canvas: tuple[int, int]) -> Target:
    N, K, height, width = sample.masks.shape
    if (height, width) == canvas:
        masks = sample.masks
    else:
        masks = torch.zeros(N, K, *canvas, dtype=torch.bool)
        masks[..., :height, :width] = sample.masks
    return Target(
        masks=masks, visible=masks.flatten(2).any(2), labels=sample.labels, referred=sample.referred
    )


def load(samples: Samples, positions: Iterable[list[tuple[int, int]]], workers: int = 0) -> Iterator[Batch]:
    """Batches in the order of `positions`, whatever the number of workers.

    Args:
        samples: where they come from.
        positions: for each batch its samples as (epoch, index).
        workers: processes beside this one; 0 reads in this process, with its cache.

    Raises:
        RvosbenchError: what `Samples` or `collate` raised, as they raised it, also in a worker.
    """
    loader = DataLoader(
        _Reported(samples),
        batch_sampler=positions,
        collate_fn=_collate_or_report,
        num_workers=workers,
        # Arrow's threads do not survive a fork.
        multiprocessing_context="spawn" if workers else None,
        # Its own: the loader would otherwise draw from torch's global generator.
        generator=torch.Generator().manual_seed(0),
    )
    return _batches(iter(loader))


class _Reported(Dataset[Sample | RvosbenchError]):
    """Samples, or what went wrong: the loader would wrap an error of a worker in the text of a traceback."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __getitem__(self, position: tuple[int, int]) -> Sample | RvosbenchError:
        try:
            return self._samples[position]
        except RvosbenchError as error:
            return error


def _collate_or_report(samples: Sequence[Sample | RvosbenchError]) -> Batch | RvosbenchError:
    good = []
    for sample in samples:
        if isinstance(sample, RvosbenchError):
            return sample
        good.append(sample)
    try:
        return collate(good)
    except RvosbenchError as error:
        return error


def _batches(results: Iterator[Batch | RvosbenchError]) -> Iterator[Batch]:
    for result in results:
        if isinstance(result, RvosbenchError):
            raise result
        yield result


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The same batch with its tensors on `device`."""
    targets = tuple(
        replace(
            target,
            masks=target.masks.to(device, non_blocking=True),
            visible=target.visible.to(device, non_blocking=True),
            labels=target.labels.to(device, non_blocking=True),
        )
        for target in batch.targets
    )
    return replace(
        batch,
        frames=batch.frames.to(device, non_blocking=True),
        pixel_is_padding=batch.pixel_is_padding.to(device, non_blocking=True),
        targets=targets,
    )
