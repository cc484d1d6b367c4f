"""The training loop. It knows stores, recipes and the contract of a trainable model, and no model by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rvosbench.files.atomic import atomic_folder, write_json
from rvosbench.loader import load, to_device
from rvosbench.models.precision import computing_in
from rvosbench.plugins.model import TrainableSegmenter
from rvosbench.plugins.recipe import Precision
from rvosbench.runs import record as run_record
from rvosbench.training import state as states
from rvosbench.training.log import Log, Step
from rvosbench.training.modules import module_of, parameter_groups
from rvosbench.training.options import Plan
from rvosbench.training.parts import Part
from rvosbench.training.sampling import Positions, step_seed
from rvosbench.training.watch import Stopwatch

if TYPE_CHECKING:
    from accelerate import Accelerator

    from rvosbench.types import Batch


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainResult:
    """What a training run came to."""

    checkpoint: Path  # folder that the model loads
    steps: int  # steps done
    seconds: float  # spent on them, over all resumptions
    ended_by: str  # "steps" or "time"
    loss: float  # mean of the last steps


class Run:
    """One training run, from the first batch to the files it leaves behind."""

    def __init__(
        self,
        plan: Plan,
        parts: Sequence[Part],
        segmenter: TrainableSegmenter,
        out: Path,
        *,
        identity: Mapping[str, Any],
        store: Path,
        accelerator: Accelerator,
        workers: int,
    ) -> None:
        """Take the model to the device.

        Args:
            plan: which model is trained how.
            parts: the stages of its recipe with their samples.
            segmenter: the model with the weights to start from.
            out: the run folder.
            identity: plain values that say which run this is; a state of another is refused.
            store: the folder that the samples come from, for run.json.
            accelerator: the device, or this process's part of several.
            workers: processes that read samples; 0 reads in this one.
        """
        recipe = plan.recipe
        self._save = plan.training.save
        self._out = out
        self._recipe = recipe
        self._identity = identity
        self._store = store
        self._accelerator = accelerator
        self._workers = workers
        self._parts = parts
        self._total = recipe.total_steps(len(parts[-1].samples))
        self._segmenter = segmenter
        self._module = module_of(segmenter).to(accelerator.device).train()
        groups = parameter_groups(segmenter, recipe.learning_rates)
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
                current = next(stage for stage in self._parts if progress < stage.end)
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

    def _positions(self, part: Part, step: int) -> Positions:
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
        state = states.latest(self._out / "state", self._identity)
        if state is None:
            return 0, 0.0
        self._module.load_state_dict(state.model)
        self._optimiser.load_state_dict(state.optimiser)
        return state.step, state.seconds

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
            with atomic_folder(result.checkpoint, overwrite=True) as folder:
                folder.rmdir()  # a model makes its own
                self._save(self._segmenter, folder)
            write_json(self._out / run_record.NAME, self._record(result))
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
            "store": str(self._store),
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


class _Losses(nn.Module):
    """A segmenter's losses as the forward pass of a module, which is what accelerate can distribute."""

    def __init__(self, segmenter: TrainableSegmenter, precision: Precision, device: str) -> None:
        super().__init__()
        self._precision: Precision = precision
        self._device = device
        self.trained = module_of(segmenter)
        self._compute = segmenter.losses  # a bound method, so that the segmenter is not registered twice

    def forward(self, batch: Batch) -> Mapping[str, Tensor]:
        """Weighted losses, each a scalar."""
        # accelerate could cast too, but keeps one precision for the life of the process.
        with computing_in(self._precision, self._device):
            return self._compute(batch)
