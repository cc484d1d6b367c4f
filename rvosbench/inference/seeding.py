"""Random numbers that depend on the video alone, not on what was answered before it."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def drawing_for(seed: int, video_id: str) -> Iterator[None]:
    """Seed the generators that a program shares, Python's, NumPy's and torch's, for one video.

    So a video has the same answers in a whole run, in a part of one and after a resume, though a model draws
    from them. A generator of the model's own cannot be seeded from here. What they were is restored.
    """
    number = int.from_bytes(hashlib.sha256(f"{seed}/{video_id}".encode()).digest()[:4], "big")
    python, numpy = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")  # a model without it does not load it for this
    on_gpu = torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized()
    state = torch.random.get_rng_state() if torch is not None else None
    states = torch.cuda.get_rng_state_all() if torch is not None and on_gpu else None
    try:
        random.seed(number)
        np.random.seed(number)
        if torch is not None:
            # `torch.manual_seed` seeds every backend and formats a stack trace: half a millisecond.
            torch.default_generator.manual_seed(number)
            if on_gpu:
                torch.cuda.manual_seed_all(number)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if torch is not None:
            torch.random.set_rng_state(state)
            if on_gpu:
                torch.cuda.set_rng_state_all(states)
