"""The training loop. It knows stores, recipes and the contract of a trainable model, and no model by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rvosbench.errors import OutputError, TrainingError, UnknownNameError
from rvosbench.loader import DEFAULT_CACHE_BYTES, ByteCache, Samples, load, to_device
from rvosbench.models.precision import Precision, computing_in
from rvosbench.plugins.contracts import BackboneFactory, TrainableFactory, TrainableSegmenter
from rvosbench.plugins.registry import MODELS, unknown
from rvosbench.runs import record as run_record
from rvosbench.store import Store
from rvosbench.training import state as states
from rvosbench.training.device import on_device
from rvosbench.training.log import Log, Step
from rvosbench.training.recipes import Recipe
from rvosbench.training.sampling import Positions, step_seed
from rvosbench.training.watch import Stopwatch

if TYPE_CHECKING:
    from accelerate import Accelerator

    from rvosbench.types import Batch


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainResult:
    """What a training run came to."""

    checkpoint: Path  # folder that the model's factory loads
    steps: int  # steps done
    seconds: float  # spent on them, over all resumptions
    ended_by: str  # "steps" or "time"
    loss: float  # mean of the last steps


def train(
    model_name: str,
    preset: str,
    store: Store,
    split: str,
    out: Path,
    recipe: Recipe,
    *,
    device: str = "cpu",
    resume: bool = False,
    on_step: Callable[[Step], None] | None = None,
    workers: int = 0,
    threads: int | None = None,
    backbone: Path | None = None,
) -> TrainResult:
    """Train a model from fresh weights; on CPU a pure function of the arguments up to `device`.

    With a time budget (`recipe.max_seconds`) the result depends on the machine's speed; run.json says
    so under `ended_by`. Started by `torchrun` or `accelerate launch`, the processes share each batch.

    Args:
        model_name: in the model registry, such as "soc".
        preset: one of the model's presets.
        store: where the samples come from.
        split: of the store.
        out: run folder; gets `checkpoint/`, `log.jsonl` and, last, `run.json`.
        recipe: how to train.
        device: "cpu", "cuda" or "cuda:N".
        resume: go on from the last state in `out`; a finished run is returned as it is.
        on_step: called after each step with its losses.
        workers: processes that read samples; 0 reads in this one.
        threads: torch's threads while training; None leaves them alone.
        backbone: a file of pretrained weights for the model's backbone.

    Raises:
        UnknownNameError: no such model, preset or split.
        TrainingError: nothing to train on, no such device, or a loss that is not finite.
        OutputError: `out` holds something and `resume` is False.
        CheckpointError: the state to resume from is damaged or belongs to another run; `backbone` does
            not fit.
    """
    factory = _trainable(model_name, preset)
    identity = {
        "model": model_name,
        "preset": preset,
        "dataset": store.name,
        "split": split,
        "store_fingerprint": store.fingerprint,
        "recipe": recipe.as_json(),
    }
    if backbone is not None:
        identity["backbone_sha256"] = run_record.sha256_of(backbone)
    if not resume:
        _check_free(out)
    elif (out / run_record.NAME).is_file():
        return _finished(out, identity)
    with on_device(device, threads) as accelerator:
        run = _Run(factory, store, out, recipe, identity, accelerator, workers, backbone)
        return run.finish(run.steps(on_step))


class _Run:
    """One training run, from the first batch to the files it leaves behind."""

    def __init__(
        self,
        factory: TrainableFactory,
        store: Store,
        out: Path,
        recipe: Recipe,
        identity: Mapping[str, Any],
        accelerator: Accelerator,
        workers: int,
        backbone: Path | None,
    ) -> None:
        self._factory = factory
        self._out = out
        self._recipe = recipe
        self._identity = identity
        self._accelerator = accelerator
        self._workers = workers
        self._parts = _parts(store, identity["split"], recipe)
        self._total = recipe.total_steps(len(self._parts[-1].samples))
        self._segmenter = factory.create(identity["preset"], seed=recipe.seed)
        if backbone is not None:
            _load_backbone(factory, self._segmenter, backbone)
        self._module = self._segmenter.module().to(accelerator.device).train()
        groups = self._segmenter.parameter_groups(recipe.learning_rates)
        self._rates = [(str(group.get("name", n)), float(str(group["lr"]))) for n, group in enumerate(groups)]
        self._parameters = [parameter for parameter in self._module.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(
            groups,
            betas=(0.9, 0.999),
            eps=1e-8,
            weight_decay=recipe.weight_decay,
            # One call for all parameters; the default loop over them costs more than a small model's forward.
            fused=accelerator.device.type in ("cpu", "cuda"),
        )
        self._losses, self._optimiser = accelerator.prepare(
            _Losses(self._segmenter, recipe.precision, str(accelerator.device)), optimiser
        )

    def steps(self, on_step: Callable[[Step], None] | None) -> tuple[Log, Stopwatch, str]:
        """Do the steps that are left."""
        start, spent = self._restore()
        part = self._parts[0]
        batches: Iterator[Batch] | None = None
        watch = Stopwatch(spent, self._recipe.max_seconds)
        path = self._out / "log.jsonl" if self._accelerator.is_main_process else None
        ended_by = "steps"
        with Log(
            path,
            start=start,
            total=self._total,
            # Reading a loss makes a GPU wait for it; ten steps at once hardly do.
            every=1 if self._accelerator.device.type == "cpu" else 10,
            names=lambda step: part.names(self._positions(part, step).at(step)),
            on_step=on_step,
        ) as log:
            for step in range(start, self._total):
                progress = max(step / self._total, self._share_of_time(watch))
                if progress >= 1:
                    ended_by = "time"
                    break
                current = next(each for each in self._parts if progress < each.end)
                if batches is None or current is not part:
                    log.flush()  # names what it reads by the part it came from
                    part = current
                    batches = load(part.samples, self._positions(part, step), self._workers)
                self._step(step, progress, next(batches), log, watch)
                if (step + 1) % self._recipe.save_every == 0 and step + 1 < self._total:
                    log.flush()
                    self._save_state(step + 1, watch)
        return log, watch, ended_by

    def _step(self, step: int, progress: float, batch: Batch, log: Log, watch: Stopwatch) -> None:
        self._seed(step)
        factor = self._recipe.schedule.factor(progress)
        rates = {name: rate * factor for name, rate in self._rates}
        for group, rate in zip(self._optimiser.param_groups, rates.values(), strict=True):
            group["lr"] = rate
        losses: Mapping[str, Tensor] = self._losses(to_device(batch, self._accelerator.device))
        loss = torch.stack(list(losses.values())).sum()
        self._accelerator.backward(loss)
        norm = nn.utils.clip_grad_norm_(self._parameters, self._recipe.clip_grad_norm, foreach=True)
        log.add(step, losses, loss, norm, rates, watch.seconds)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)

    def _seed(self, step: int) -> None:
        # `torch.manual_seed` seeds every backend and formats a stack trace: half a millisecond.
        seed = step_seed(self._recipe.seed, step, self._accelerator.process_index)
        torch.default_generator.manual_seed(seed)
        if self._accelerator.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def _positions(self, part: _Part, step: int) -> Positions:
        """The samples of each step from `step` on, counted from the start of the run."""
        return Positions(
            len(part.samples),
            part.batch_size,
            self._recipe.seed,
            start=step,
            process=self._accelerator.process_index,
            processes=self._accelerator.num_processes,
        )

    def _share_of_time(self, watch: Stopwatch) -> float:
        """The share of the time budget that is used up; the same in all processes."""
        share = watch.share
        if self._accelerator.num_processes > 1 and self._recipe.max_seconds is not None:
            shares = torch.tensor([share], device=self._accelerator.device)
            share = float(self._accelerator.gather(shares).max())
        return share

    def _restore(self) -> tuple[int, float]:
        """Steps done and seconds spent before; loads weights and optimiser if there are any."""
        found = states.latest(self._out / "state", self._identity)
        if found is None:
            return 0, 0.0
        self._module.load_state_dict(found.model)
        self._optimiser.load_state_dict(found.optimiser)
        return found.step, found.seconds

    def _save_state(self, step: int, watch: Stopwatch) -> None:
        if self._accelerator.is_main_process:
            state = states.State(
                step=step,
                seconds=watch.seconds,
                model=self._module.state_dict(),
                optimiser=self._optimiser.state_dict(),
            )
            states.save(self._out / "state", state, self._identity)

    def finish(self, outcome: tuple[Log, Stopwatch, str]) -> TrainResult:
        """Write the checkpoint, then run.json, then let go of the states."""
        log, watch, ended_by = outcome
        result = TrainResult(
            checkpoint=self._out / "checkpoint",
            steps=log.done,
            seconds=watch.seconds,
            ended_by=ended_by,
            loss=log.recent_loss,
        )
        if self._accelerator.is_main_process:
            self._module.eval()
            partial = self._out / ".checkpoint.partial"
            shutil.rmtree(partial, ignore_errors=True)
            try:
                self._factory.save(self._segmenter, partial)
                shutil.rmtree(result.checkpoint, ignore_errors=True)
                partial.rename(result.checkpoint)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
            run_record.write_json(self._out / run_record.NAME, self._record(result))
            shutil.rmtree(self._out / "state", ignore_errors=True)
        self._accelerator.wait_for_everyone()
        return result

    def _record(self, result: TrainResult) -> dict[str, Any]:
        device = self._accelerator.device
        record = run_record.environment()
        record["hardware"] |= {"device": str(device), "torch_threads": torch.get_num_threads()}
        if device.type == "cuda":
            record["hardware"]["gpu"] = torch.cuda.get_device_name(device)
        return {
            "kind": "training",
            **self._identity,
            "seed": self._recipe.seed,
            "samples": len(self._parts[-1].samples),
            "parameters": sum(parameter.numel() for parameter in self._module.parameters()),
            "processes": self._accelerator.num_processes,
            "steps": result.steps,
            "planned_steps": self._total,
            "ended_by": result.ended_by,
            "loss": result.loss,
            "checkpoint_sha256": run_record.sha256_of(result.checkpoint),
            "timings": {"training_s": round(result.seconds, 3)},
            **record,
        }


@dataclass(frozen=True, slots=True)
class _Part:
    """A stage of the recipe with its samples."""

    end: float  # progress at which the next one begins
    samples: Samples
    batch_size: int

    def names(self, positions: list[tuple[int, int]]) -> list[str]:
        return [self.samples.name(position) for position in positions]


def _parts(store: Store, split: str, recipe: Recipe) -> list[_Part]:
    """All stages of a recipe; they share one cache of decoded frames."""
    cache = ByteCache(DEFAULT_CACHE_BYTES)
    parts: list[_Part] = []
    end = 0.0
    stages = recipe.stages()
    for stage in stages:
        end += stage.share
        samples = Samples(
            store,
            split,
            recipe.clips(stage.frames),
            side=recipe.side(),
            seed=recipe.seed,
            augment=recipe.augmentation(),
            with_other_objects=recipe.with_other_objects,
            longest_expression=stage.longest_expression,
            cache=cache,
        )
        parts.append(_Part(1.0 if stage is stages[-1] else end, samples, stage.batch_size))
    return parts


class _Losses(nn.Module):
    """A segmenter's losses as the forward pass of a module, which is what accelerate can distribute."""

    def __init__(self, segmenter: TrainableSegmenter, precision: Precision, device: str) -> None:
        super().__init__()
        self._precision: Precision = precision
        self._device = device
        self.trained = segmenter.module()
        self._compute = segmenter.losses  # a bound method, so that the segmenter is not registered twice

    def forward(self, batch: Batch) -> Mapping[str, Tensor]:
        """Weighted losses, each a scalar."""
        # accelerate could cast too, but keeps one precision for the life of the process.
        with computing_in(self._precision, self._device):
            return self._compute(batch)


def _trainable(model_name: str, preset: str) -> TrainableFactory:
    factory = MODELS[model_name]
    if not isinstance(factory, TrainableFactory):
        raise TrainingError(
            f"the model '{model_name}' cannot be trained; expected one with presets, such as soc"
        )
    if preset not in factory.presets:
        raise UnknownNameError(unknown(f"preset of {model_name}", preset, list(factory.presets)))
    return factory


def _check_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(
            f"{out} is already there and not an empty folder; choose another --out, or add --resume "
            "to go on with a run that was interrupted"
        )


def _load_backbone(factory: TrainableFactory, segmenter: TrainableSegmenter, path: Path) -> None:
    if not isinstance(factory, BackboneFactory):
        raise TrainingError(f"this model has no backbone that could start from {path}; leave --backbone out")
    factory.load_backbone(segmenter, path)


def _finished(out: Path, identity: Mapping[str, Any]) -> TrainResult:
    """The result of a run that needs no resuming."""
    record = run_record.read_run(out)
    states.check_identity(out / run_record.NAME, record, identity)
    return TrainResult(
        checkpoint=out / "checkpoint",
        steps=record["steps"],
        seconds=record["timings"]["training_s"],
        ended_by=record["ended_by"],
        loss=record["loss"],
    )
