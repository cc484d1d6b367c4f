"""From a store to training batches: windows of frames, a cache of small pixels, padding to one size."""

from rvosbench.loader.batches import collate, load, to_device
from rvosbench.loader.cache import ByteCache
from rvosbench.loader.samples import DEFAULT_CACHE_BYTES, Samples
from rvosbench.loader.windows import Centred, Consecutive, Spread, Whole, Window

__all__ = [
    "DEFAULT_CACHE_BYTES",
    "ByteCache",
    "Centred",
    "Consecutive",
    "Samples",
    "Spread",
    "Whole",
    "Window",
    "collate",
    "load",
    "to_device",
]
