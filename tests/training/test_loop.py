from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rvosbench.errors import CheckpointError, OutputError, TrainingError, UnknownNameError
from rvosbench.loader import Samples, Spread
from rvosbench.media.resize import Side
from rvosbench.plugins.recipe import Recipe, Schedule, Stage
from rvosbench.plugins.registry import MODELS
from rvosbench.training import TrainResult, train
from tests.tiny_model import NOT_FINITE, RECIPE, TINY, TinySegmenter
from tests.tiny_store import HEIGHT, WIDTH, tiny_store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tiny_store(tmp_path_factory.mktemp("training") / "store")


@pytest.fixture(autouse=True)
def models():
    with MODELS.register("tiny", TINY), MODELS.register("not-finite", NOT_FINITE):
        yield


def run(store, out: Path, recipe: Recipe = RECIPE, **options) -> TrainResult:
    return train("tiny", store, out=out, recipe=recipe, **options)


def weights(result: TrainResult) -> dict[str, torch.Tensor]:
    return load_file(result.checkpoint / "model.safetensors")


def same(one: TrainResult, other: TrainResult) -> bool:
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def log(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_a_run_leaves_a_checkpoint_a_log_and_a_record(store, tmp_path):
    out = tmp_path / "run"
    result = run(store, out)
    assert sorted(path.name for path in out.iterdir()) == ["checkpoint", "log.jsonl", "run.json"]
    record = json.loads((out / "run.json").read_text())
    assert record["store_fingerprint"] == store.fingerprint
    assert record["recipe"] == RECIPE.as_json()
    assert (record["steps"], record["planned_steps"], record["ended_by"]) == (10, 10, "steps")
    assert {"torch", "python", "rvosbench"} <= set(record["versions"])
    assert record["hardware"]["device"] == "cpu"
    assert [line["step"] for line in log(out)] == list(range(1, 11))
    assert log(out)[-1]["losses"].keys() == {"mask", "size"}
    assert result.checkpoint == out / "checkpoint"


def test_training_learns(store, tmp_path):
    rates = {"main": 5e-2, "backbone": 5e-2, "text": 5e-2}
    recipe = dataclasses.replace(RECIPE, steps=200, learning_rates=rates)
    run(store, tmp_path / "run", recipe)
    lines = log(tmp_path / "run")
    # Knowing only that a square covers 8 % of a frame, a model would stay at its entropy, 0.29.
    assert sum(line["losses"]["mask"] for line in lines[-20:]) / 20 < 0.2


def test_the_same_arguments_give_the_same_weights(store, tmp_path):
    torch.manual_seed(1)
    one = run(store, tmp_path / "one")
    torch.manual_seed(2)
    assert same(one, run(store, tmp_path / "two"))
    other_seed = run(store, tmp_path / "three", dataclasses.replace(RECIPE, seed=7))
    assert not same(one, other_seed)


def test_weights_stay_float32_where_products_are_bfloat16(store, tmp_path):
    plain = run(store, tmp_path / "plain")
    out = tmp_path / "bf16"
    result = run(store, out, dataclasses.replace(RECIPE, precision="bf16"))
    assert json.loads((out / "run.json").read_text())["recipe"]["precision"] == "bf16"
    weights = load_file(result.checkpoint / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
    assert not same(plain, result)
    assert [line["loss"] for line in log(out)] == pytest.approx(
        [line["loss"] for line in log(tmp_path / "plain")], rel=0.1
    )


def test_torchs_generator_and_threads_are_left_as_they_were(store, tmp_path):
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    run(store, tmp_path / "run", threads=threads + 1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert json.loads((tmp_path / "run" / "run.json").read_text())["hardware"]["torch_threads"] == threads + 1


def interrupt_at(step: int):
    def on_step(done) -> None:
        if done.number == step:
            raise KeyboardInterrupt

    return on_step


@pytest.mark.parametrize("step", [1, 3, 8])
def test_an_interrupted_run_goes_on_to_the_same_bits(store, tmp_path, step):
    whole = run(store, tmp_path / "whole")
    out = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        run(store, out, on_step=interrupt_at(step))
    assert not (out / "checkpoint").exists()
    assert not (out / "run.json").exists()
    assert not [path for path in out.rglob("*") if "partial" in path.name]
    assert same(whole, run(store, out, resume=True))
    strip = [{key: line[key] for key in line if key != "seconds"} for line in log(out)]
    assert strip == [{k: line[k] for k in line if k != "seconds"} for line in log(tmp_path / "whole")]


STAGED = dataclasses.replace(RECIPE, curriculum=(Stage(share=0.5, frames=1, batch_size=2),))


def test_every_stage_of_a_curriculum_trains_on_its_own_clips(store, tmp_path, monkeypatch):
    seen = []
    losses = TinySegmenter.losses

    def watched(self, batch):
        seen.append(batch.frames.shape[:2])
        return losses(self, batch)

    monkeypatch.setattr(TinySegmenter, "losses", watched)
    run(store, tmp_path / "run", STAGED)
    assert seen == [(2, 1)] * 5 + [(4, 2)] * 5


@pytest.mark.parametrize("step", [2, 5, 7])
def test_a_run_that_is_interrupted_in_any_stage_goes_on_to_the_same_bits(store, tmp_path, step):
    whole = run(store, tmp_path / "whole", STAGED)
    with pytest.raises(KeyboardInterrupt):
        run(store, tmp_path / "cut", STAGED, on_step=interrupt_at(step))
    assert same(whole, run(store, tmp_path / "cut", STAGED, resume=True))


def test_a_stage_without_an_expression_short_enough_is_refused(store, tmp_path):
    stage = Stage(share=0.5, frames=1, batch_size=2, longest_expression=1)
    with pytest.raises(TrainingError, match="at most 1 words"):
        run(store, tmp_path / "run", dataclasses.replace(RECIPE, curriculum=(stage,)))


def test_resuming_a_finished_run_returns_it(store, tmp_path):
    first = run(store, tmp_path / "run")
    before = (tmp_path / "run" / "run.json").read_bytes()
    assert run(store, tmp_path / "run", resume=True) == dataclasses.replace(
        first, seconds=round(first.seconds, 3)
    )
    assert (tmp_path / "run" / "run.json").read_bytes() == before


def test_resuming_what_never_began_begins(store, tmp_path):
    assert run(store, tmp_path / "run", resume=True).steps == 10


def test_resuming_with_another_recipe_is_refused(store, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(store, tmp_path / "run", on_step=interrupt_at(4))
    with pytest.raises(CheckpointError, match=r"recipe\.batch_size = 4, this one has 2"):
        run(store, tmp_path / "run", dataclasses.replace(RECIPE, batch_size=2), resume=True)


def test_resuming_a_finished_run_with_another_recipe_is_refused(store, tmp_path):
    run(store, tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"recipe\.steps = 10, this one has 20"):
        run(store, tmp_path / "run", dataclasses.replace(RECIPE, steps=20), resume=True)


def test_a_folder_that_holds_something_is_not_written_into(store, tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(OutputError, match="--resume"):
        run(store, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_run_that_ends_by_time_anneals_and_says_so(store, tmp_path):
    recipe = dataclasses.replace(
        RECIPE, steps=1_000_000, max_seconds=1.0, schedule=Schedule(kind="cosine", floor=0.01)
    )
    result = run(store, tmp_path / "run", recipe)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert result.ended_by == record["ended_by"] == "time"
    assert 0 < record["steps"] == result.steps < record["planned_steps"]
    rates = [line["learning_rates"]["main"] for line in log(tmp_path / "run")]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.05 * rates[0]


def test_learning_rates_follow_the_schedule_part_by_part(store, tmp_path):
    run(store, tmp_path / "run")
    rates = [line["learning_rates"] for line in log(tmp_path / "run")]
    assert rates[0] == {"main": 0.0, "backbone": 0.0, "text": 0.0}
    assert rates[1] == {"main": 5e-3, "backbone": 5e-3, "text": 1e-2}
    assert rates[2] == {"main": 1e-2, "backbone": 1e-2, "text": 2e-2}


def test_a_loss_that_is_not_finite_names_step_and_samples(store, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(TrainingError) as caught:
        train("not-finite", store, out=out)
    message = str(caught.value)
    assert message.startswith("step 4 has mask = nan, size = nan")
    samples = Samples(store, "train", Spread(2), side=Side(HEIGHT, WIDTH), seed=RECIPE.seed)
    assert sum(samples.name((3, n)) in message for n in range(len(samples))) == 4  # 4 samples, 4 a batch
    assert not (out / "checkpoint").exists()
    assert [line["step"] for line in log(out)] == [1, 2, 3]


def test_gradients_are_clipped_but_logged_as_they_were(store, tmp_path):
    recipe = dataclasses.replace(RECIPE, clip_grad_norm=1e-9, schedule=Schedule(), weight_decay=0.0)
    run(store, tmp_path / "run", recipe)
    assert log(tmp_path / "run")[0]["gradient_norm"] > 1e-3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"model": "tinny"}, UnknownNameError, "did you mean 'tiny'"),
        ({"preset": "tiny-dem"}, UnknownNameError, "did you mean 'tiny-demo'"),
        ({"model": "nothing"}, TrainingError, "'nothing' cannot be trained; those that can: .*soc, tiny"),
        ({"batch_size": 0}, TrainingError, "cannot be changed like this: batch_size must be at least 1"),
        ({"split": "valid"}, TrainingError, "hidden ground truth"),
        ({"device": "cuda:99"}, TrainingError, "--device cpu"),
        ({"device": "gpu"}, TrainingError, "cpu, cuda or cuda:N"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_is_written(store, tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        train(**{"model": "tiny", "store": store, "out": tmp_path / "run"} | change)
    assert not (tmp_path / "run").exists()


def test_a_model_without_a_backbone_to_fill_says_so(store, tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"")
    with pytest.raises(TrainingError, match="leave --backbone out"):
        run(store, tmp_path / "run", backbone=tmp_path / "weights.pth")
    assert not (tmp_path / "run").exists()


def test_progress_is_reported_step_by_step(store, tmp_path):
    seen = []
    run(store, tmp_path / "run", on_step=seen.append)
    assert [step.number for step in seen] == list(range(1, 11))
    assert {step.total for step in seen} == {10}
    assert all(step.loss == pytest.approx(sum(step.losses.values())) for step in seen)


SCRIPT = """
import signal, sys, time
from rvosbench.plugins.registry import MODELS
from rvosbench.training import train
from tests.tiny_model import TINY
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a shell's background job
MODELS.register("tiny", TINY)
slowly = lambda step: time.sleep(0.1)
train("tiny", sys.argv[1], out=sys.argv[2], preset=sys.argv[3], on_step=slowly)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_leaves_nothing_final_and_can_be_resumed(store, tmp_path, kind):
    out = tmp_path / "run"
    command = [sys.executable, "-c", SCRIPT, str(store.folder), str(out), "tiny-demo"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (out / "log.jsonl").is_file() or len(log_lines(out)) < 4:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(kind)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert not (out / "checkpoint").exists()
    assert not (out / "run.json").exists()
    assert same(run(store, tmp_path / "whole"), run(store, out, resume=True))


def log_lines(out: Path) -> list[str]:
    return (out / "log.jsonl").read_text().splitlines()


@pytest.mark.slow
def test_two_processes_share_each_batch_and_come_to_the_same_weights(store, tmp_path):
    (tmp_path / "script.py").write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{SCRIPT}")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    arguments = [str(tmp_path / "script.py"), str(store.folder), str(tmp_path / "two"), "tiny-steady"]
    subprocess.run([*launch, *arguments], cwd=ROOT, check=True, capture_output=True, timeout=120)
    alone = train("tiny", store, out=tmp_path / "one", preset="tiny-steady")
    together = load_file(tmp_path / "two" / "checkpoint" / "model.safetensors")
    assert json.loads((tmp_path / "two" / "run.json").read_text())["processes"] == 2
    for name, value in weights(alone).items():
        torch.testing.assert_close(together[name], value, rtol=0, atol=1e-5)
    assert [line["step"] for line in log(tmp_path / "two")] == list(range(1, 11))
