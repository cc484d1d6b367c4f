"""How fast the full SOC answers on a CPU, part by part, and how much memory it takes.

Run: python benchmarks/soc.py [--threads 2] [--repeats 3]
     python benchmarks/soc.py --long 200
Every case runs in a process of its own, with random weights of the published sizes (Video Swin Tiny,
roberta-base) and random pixels of 360 x 640; nothing is downloaded. Prints Markdown tables.

Floating-point operations are counted, not estimated: torch.utils.flop_counter sees the matrix products
and convolutions, and `FORMULAS` adds the two operations that it does not know on a CPU. Norms, softmax,
activations and residuals count as nothing. The peak is the best product of two 4096 x 4096 float32
matrices that was seen between the runs, in the same process with the same number of threads.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rvosbench.types import Clip

HEIGHT, WIDTH = 360, 640  # px
EXPRESSIONS = (
    "a person in a red jacket riding a skateboard",
    "the brown dog on the left running away",
    "a white truck",
    "the second sheep from the right that turns around and looks at the camera",
)
ROBERTA_BASE = {
    "vocab_size": 50265,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
CASES = ((8, 1), (8, 4), (16, 1), (16, 4))  # frames, expressions
PARTS = {
    "backbone": (),  # gives its stages one by one, from a method
    "text": ("text_encoder", "text_projection"),
    "projections and fusion": ("input_projections", "words_to_pixels", "pixels_to_words"),
    "deformable encoder": ("encoder",),
    "decoder and clusters": ("decoder", "object_cluster"),
    "FPN": ("pixel_decoder",),
    "mask head": ("mask_controller",),  # and dynamic_masks, which is a function
}
ORIGINAL = {8: (17.7, 4.0), 16: (37.5, 6.7)}  # seconds and GB, as recorded on the build machine


@dataclass(frozen=True, kw_only=True)
class Case:
    """What one process measured."""

    frames: int
    expressions: int
    threads: int
    seconds: list[float]  # of each repeat
    parts_s: dict[str, float]  # of the fastest repeat
    parts_gflop: dict[str, float]
    gflop: float
    peak_gflops: float  # GFLOP/s of the matrix product
    rss_gb: float  # the most the process ever held
    resting_gb: float  # held before the first look: libraries and weights
    alone_s: list[float]  # beside each repeat, the first expression alone; none if there is only one
    difference: float  # largest share of pixels that differ from one expression at a time; 0 if not asked


@contextmanager
def watched(model: object, clock: Callable[[], float]) -> Iterator[dict[str, float]]:
    """What the clock gains within each part of a SOC."""
    from rvosbench.models.soc import model as module

    spent = dict.fromkeys(PARTS, 0.0)
    entered: list[float] = []

    def leave(part: str) -> None:
        spent[part] += clock() - entered.pop()

    handles = []
    for part, names in PARTS.items():
        for name in names:
            child = getattr(model, name)
            inner = list(child) if name == "input_projections" else [child]
            for one in inner + ([child.laterals[2]] if name == "pixel_decoder" else []):
                handles.append(one.register_forward_pre_hook(lambda *_: entered.append(clock())))
                handles.append(one.register_forward_hook(lambda *_, part=part: leave(part)))
    plain = module.dynamic_masks

    def dynamic_masks(*arguments: object, **options: object) -> object:
        entered.append(clock())
        masks = plain(*arguments, **options)  # type: ignore[arg-type]
        leave("mask head")
        return masks

    backbone = model.backbone  # type: ignore[attr-defined]
    stages_of = backbone.each_stage

    def each_stage(frames: object) -> Iterator[object]:
        stages = stages_of(frames)
        while True:
            entered.append(clock())
            features = next(stages, None)
            leave("backbone")
            if features is None:
                return
            yield features

    backbone.each_stage = each_stage
    module.dynamic_masks = dynamic_masks  # type: ignore[assignment]
    try:
        yield spent
    finally:
        module.dynamic_masks = plain
        del backbone.each_stage
        for handle in handles:
            handle.remove()


def build() -> object:
    """A full-size SOC with random weights, behind the contract."""
    import torch

    from rvosbench.models.soc import checkpoint
    from rvosbench.models.soc.presets import PRESETS
    from rvosbench.models.soc.segmenter import SOCSegmenter

    config = replace(PRESETS["soc-video-swin-t"].configuration, text_encoder=ROBERTA_BASE)
    model = checkpoint.create(config, seed=0).eval()
    torch.manual_seed(1)
    for name, weight in model.named_parameters():
        if name.endswith("sampling_offsets.weight"):
            # Untrained, all pixels look in the same directions: kinder to the cache than life is.
            torch.nn.init.normal_(weight, std=0.1)
    return SOCSegmenter(model)


def _clip(frames: int) -> Clip:
    import numpy as np

    from rvosbench.types import Clip

    pixels = np.random.default_rng(0).integers(0, 256, (frames, 3, HEIGHT, WIDTH), np.uint8)
    numbers = tuple(range(frames))
    return Clip(video_id="random", frames=pixels, frame_indices=numbers, wanted=numbers)


def matmul_gflops() -> float:
    """GFLOP/s of the best of three large products."""
    import torch

    one, other = torch.rand(4096, 4096), torch.rand(4096, 4096)
    best = math.inf
    for _ in range(3):
        start = time.perf_counter()
        torch.mm(one, other)
        best = min(best, time.perf_counter() - start)
    return 2 * 4096**3 / best / 1e9


def _formulas() -> dict[object, object]:
    """For what the counter does not know on a CPU; arguments are shapes."""
    import torch
    from torch.utils.flop_counter import sdpa_flop_count

    def attention(
        query: Sequence[int], key: Sequence[int], value: Sequence[int], *_: object, **__: object
    ) -> int:
        return int(sdpa_flop_count(query, key, value))

    def gather(table: Sequence[int], index: Sequence[int], *_: object, **__: object) -> int:
        return 2 * math.prod(index) * table[1]

    aten = torch.ops.aten
    return {
        aten._scaled_dot_product_flash_attention_for_cpu: attention,
        aten._embedding_bag_forward_only: gather,
        aten._embedding_bag: gather,
    }


def measure(frames: int, expressions: int, threads: int, repeats: int) -> Case:
    """One case, in this process."""
    import numpy as np
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    torch.set_num_threads(threads)
    segmenter = build()
    clip = _clip(frames)
    asked = EXPRESSIONS[:expressions]
    resting_gb = _rss_gb()
    seconds, parts, peaks, alone_s = [], [], [], []
    for _ in range(repeats):
        if expressions > 1:
            start = time.perf_counter()
            segmenter.segment(clip, asked[:1])  # type: ignore[attr-defined]
            alone_s.append(time.perf_counter() - start)
        with watched(segmenter.model, time.perf_counter) as spent:  # type: ignore[attr-defined]
            start = time.perf_counter()
            answers = segmenter.segment(clip, asked)  # type: ignore[attr-defined]
            seconds.append(time.perf_counter() - start)
        parts.append(spent)
        rss_gb = _rss_gb()
        peaks.append(matmul_gflops())
    difference = 0.0
    if expressions > 1:
        alone = [segmenter.segment(clip, [expression])[0] for expression in asked]  # type: ignore[attr-defined]
        difference = max((one.masks != other.masks).mean() for one, other in zip(answers, alone, strict=True))
    segmenter.model.requires_grad_(False)  # type: ignore[attr-defined]  # the counter trips over gradients
    counter = FlopCounterMode(display=False, custom_mapping=_formulas())  # type: ignore[arg-type]
    with counter, watched(segmenter.model, counter.get_total_flops) as counted:  # type: ignore[attr-defined]
        segmenter.segment(clip, asked)  # type: ignore[attr-defined]
    return Case(
        frames=frames,
        expressions=expressions,
        threads=threads,
        seconds=seconds,
        parts_s=parts[int(np.argmin(seconds))],
        parts_gflop={part: count / 1e9 for part, count in counted.items()},
        gflop=counter.get_total_flops() / 1e9,
        peak_gflops=max(peaks),
        rss_gb=rss_gb,
        resting_gb=resting_gb,
        alone_s=alone_s,
        difference=float(difference),
    )


def measure_long(frames: int, threads: int) -> str:
    """Time and memory of one long video, in this process."""
    import torch

    torch.set_num_threads(threads)
    segmenter = build()
    clip = _clip(frames)
    resting_gb = _rss_gb()
    start = time.perf_counter()
    segmenter.segment(clip, EXPRESSIONS[:1])  # type: ignore[attr-defined]
    seconds = time.perf_counter() - start
    return f"| {frames} | {seconds:.1f} | {seconds / frames:.2f} | {resting_gb:.2f} | {_rss_gb():.2f} |"


def _rss_gb() -> float:
    """The most memory that this process has ever held, in 10^9 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def table(case: Case) -> str:
    """The parts of a case as Markdown."""
    best = min(case.seconds)
    lines = [
        f"T = {case.frames}, {case.expressions} expression{'s' if case.expressions > 1 else ''}",
        "",
        "| part | s | GFLOP | GFLOP/s | share of peak |",
        "|---|---|---|---|---|",
    ]
    rest_s = best - sum(case.parts_s.values())
    rest = case.gflop - sum(case.parts_gflop.values())
    rows = [(part, case.parts_s[part], case.parts_gflop[part]) for part in PARTS]
    for part, seconds, gflop in [*rows, ("the rest", rest_s, rest), ("all", best, case.gflop)]:
        rate = gflop / seconds if seconds > 0 else 0.0
        lines.append(f"| {part} | {seconds:.2f} | {gflop:.1f} | {rate:.0f} | {rate / case.peak_gflops:.0%} |")
    runs = ", ".join(f"{one:.2f}" for one in case.seconds)
    lines += ["", f"Runs: {runs} s. Peak of the matrix product: {case.peak_gflops:.0f} GFLOP/s."]
    if case.alone_s:
        lines.append(
            f"Before each, one expression alone: {', '.join(f'{one:.2f}' for one in case.alone_s)} s."
        )
    return "\n".join(lines)


def summary(cases: Sequence[Case]) -> str:
    """What was asked for, beside what was measured."""
    lines = [
        "| T | expressions | best s | share of peak | peak RSS GB | of the original's | of one expression "
        "| differing pixels |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in cases:
        best = min(case.seconds)
        share = case.gflop / best / case.peak_gflops
        rss = f"{case.rss_gb / ORIGINAL[case.frames][1]:.0%}" if case.frames in ORIGINAL else ""
        ratio = (
            f"{statistics.median(case.seconds) / statistics.median(case.alone_s):.2f}" if case.alone_s else ""
        )
        difference = f"{case.difference:.1e}" if case.expressions > 1 else ""
        lines.append(
            f"| {case.frames} | {case.expressions} | {best:.2f} | {share:.0%} | {case.rss_gb:.2f} | {rss} "
            f"| {ratio} | {difference} |"
        )
    return "\n".join(lines)


def in_a_process(arguments: Sequence[str]) -> Case:
    """Measure one case in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return Case(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--case", nargs=2, type=int, metavar=("FRAMES", "SENTENCES"), help="only this one")
    parser.add_argument("--long", type=int, metavar="FRAMES", help="time and memory of one long video")
    parser.add_argument("--inner", action="store_true", help="measure in this process, print JSON")
    options = parser.parse_args()
    if options.long:
        print("| T | s | s per frame | resting GB | peak RSS GB |\n|---|---|---|---|---|")
        print(measure_long(options.long, options.threads))
        return
    chosen = [tuple(options.case)] if options.case else CASES
    if options.inner:
        [(frames, expressions)] = chosen
        print(json.dumps(asdict(measure(frames, expressions, options.threads, options.repeats))))
        return
    common = ["--threads", str(options.threads), "--repeats", str(options.repeats), "--inner"]
    cases = []
    for frames, expressions in chosen:
        cases.append(in_a_process(["--case", str(frames), str(expressions), *common]))
        print(f"\n{table(cases[-1])}", flush=True)
    import torch

    print(f"\n{summary(cases)}")
    print(f"\nPython {platform.python_version()}, PyTorch {torch.__version__}, {options.threads} threads")


if __name__ == "__main__":
    main()
