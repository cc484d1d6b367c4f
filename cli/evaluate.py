"""`rvos evaluate`: predictions and a store -> scores under a named protocol."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .commands import command, json_option
from .names import METRIC, MODEL, PROTOCOL, STORE
from .parts import shard_option
from .paths import PATH
from .places import CheckpointPath, RunPath, answers_folder, device_option, from_workspace, scores_folder
from .stores import open_store, release_option
from .tolerance_options import tolerance_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rvosbench.work.shards import Shard
    from rvosbench.workspace import Workspace
    from rvosbench.workspace.pending import Task

T = TypeVar("T")


@command("evaluate")
@click.argument("runs", nargs=-1, type=RunPath(), metavar="[RUN]...")
@click.option(
    "--dataset",
    "datasets",
    type=STORE,
    multiple=True,
    metavar="STORE",
    help="A store or its name; repeatable.  [default: the one RUN was made from]",
)
@click.option("--split", help="The split to score.  [default: RUN's, or the store's only one]")
@click.option(
    "--predictions",
    "foreign",
    type=PATH,
    multiple=True,
    help="Score these: folders or archives of PNG, JSON, npz or Parquet; repeatable.",
)
@click.option(
    "--model", "models", type=MODEL, multiple=True, help="Predict with this model first; repeatable."
)
@click.option(
    "--checkpoint",
    "checkpoints",
    type=CheckpointPath(),
    multiple=True,
    help="The weights for --model, or a trained run; repeatable.",
)
@click.option(
    "--protocol", type=PROTOCOL, help="How to score; `rvos list protocols`.  [default: the dataset's own]"
)
@click.option(
    "--metric", "metrics", type=METRIC, multiple=True, help="One more than the protocol's own; repeatable."
)
@click.option(
    "--out",
    type=PATH,
    help="Where to keep --predictions' scores, or --model's run; of several, a folder for each in it.",
)
@shard_option("Score part I of N contiguous ranges of the videos; `rvos merge` joins the scores.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=from_workspace("workers", 1),
    metavar="N",
    help="Score in N processes; the scores are the same for any N.  [default: the workspace's, else 1]",
)
@click.option("--force", is_flag=True, help="Compute again what was scored already.")
@device_option("For predicting: cpu, cuda, cuda:1 ...")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Of the bootstrap, and of models that draw at random.",
)
@click.option("--allow-empty", is_flag=True, help="Score predictions even if all masks are empty.")
@tolerance_options()
@click.option(
    "--leaderboard",
    is_flag=True,
    help="Then rank the run beside those in its folder; without --out, among the workspace's runs.",
)
@json_option
@release_option
@click.pass_context
def evaluate_command(
    ctx: click.Context,
    runs: tuple[Path, ...],
    datasets: tuple[str, ...],
    split: str | None,
    foreign: tuple[Path, ...],
    models: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    protocol: str | None,
    metrics: tuple[str, ...],
    out: Path | None,
    shard: Shard | None,
    workers: int,
    force: bool,
    device: str,
    seed: int,
    allow_empty: bool,
    tolerance: Mapping[str, Any],
    leaderboard: bool,
    as_json: bool,
    release: Path | None,
) -> None:
    """Score predictions under a named protocol.

    They are those of a RUN that `rvos predict` made, --predictions that anybody made, or a --model's.

    Scores are written into RUN, or into --out; without --out nothing is kept, but with --leaderboard in a
    workspace they become a run there. Scores under another protocol stay. What was scored already, with
    the same predictions, store, protocol, options and program, is not computed again.

    Of several RUNs, --predictions, --models, --checkpoints or --datasets every combination is scored and
    one table printed; one that fails is named, and the others are done. Several models that need weights
    take one --checkpoint each, in order; one model takes all.

    What is let pass by the options at the end is counted, and scores and tables say so.

    Without RUN, --predictions or --model, everything in the workspace that has no scores yet is scored
    under the protocol of its dataset, and the leaderboard is printed. A trained run that nothing was
    predicted with is predicted with first, on its evaluation split: the first of valid, val, valid_u,
    test, testA and heldout that has public ground truth and was not trained on.

    \b
    Example:
      rvos evaluate
      rvos evaluate runs/soc
      rvos evaluate runs/soc runs/baseline --workers 2
      rvos evaluate --dataset stores/davis --split val \\
        --predictions results/osvos --protocol davis-objects
      rvos evaluate --dataset stores/ytvos --split heldout \\
        --predictions theirs.zip --out runs/theirs --leaderboard
      rvos evaluate --dataset ytvos --split heldout \\
        --predictions theirs.zip --leaderboard
      rvos evaluate --model soc --checkpoint runs/training/checkpoint \\
        --dataset stores/ytvos --split heldout --out runs/both
    """
    from rvosbench.evaluation.evaluate import evaluate
    from rvosbench.evaluation.inputs import is_run
    from rvosbench.workspace import find_workspace

    from .console import note, print_json, progress
    from .evaluate_several import Several, evaluate_several
    from .interrupted import keeping_work
    from .scores_shown import print_leaderboard, print_scores
    from .scoring import chosen_protocol, ground_truth, predict_first

    if not (runs or foreign or models) and (workspace := find_workspace()) is not None:
        given: dict[str, object] = {
            "dataset": datasets or None,
            "split": split,
            "checkpoint": checkpoints or None,
            "protocol": protocol,
            "metric": metrics or None,
        }
        given |= {"out": out, "release": release, "allow-empty": allow_empty or None}
        given |= {**tolerance, "leaderboard": leaderboard or None, "shard": shard}
        for option, value in given.items():
            if value is not None:
                raise click.UsageError(f"--{option} is about one run; name a RUN, --predictions or --model")
        ctx.exit(_evaluate_workspace(workspace, device, seed, workers, force, as_json))
    if sum(map(bool, (runs, foreign, models))) != 1:
        raise click.UsageError(
            "name one source of predictions: a RUN folder, --predictions or --model; or make a "
            "workspace, whose runs are all scored, with: rvos init"
        )
    for path in foreign:
        if is_run(path):
            raise click.UsageError(f"{path} is a run; name it without --predictions")
    for path in runs:
        if path.is_file():
            raise click.UsageError(
                f"{path} is a file, not the folder of a run; predictions of another program are named with "
                f"--predictions {path} --dataset STORE"
            )
    if checkpoints and not models:
        raise click.UsageError("--checkpoint is the weights of a --model; name it too")
    options = {"seed": seed, "allow_empty": allow_empty, "workers": workers, "force": force, **tolerance}
    if max(map(len, (runs, foreign, models, datasets, checkpoints))) > 1:
        if runs and out is not None:
            raise click.UsageError("the scores of RUNs are written into them; drop --out")
        if shard is not None or leaderboard:
            raise click.UsageError(f"--{'shard' if shard else 'leaderboard'} is about one run; name one")
        several = Several(
            runs=runs,
            foreign=foreign,
            models=models,
            checkpoints=checkpoints,
            datasets=datasets,
            release=release,
            split=split,
            protocol=protocol,
            metrics=metrics,
            device=device,
            options=options,
        )
        ctx.exit(evaluate_several(several, out, as_json))
    run, predictions, model = _only(runs), _only(foreign), _only(models)
    checkpoint, dataset = _only(checkpoints), _only(datasets)
    if run is not None and out is not None and shard is None:
        raise click.UsageError("the scores of a RUN are written into it; drop --out")
    if leaderboard and as_json:
        raise click.UsageError("choose one of --leaderboard and --json")
    takes_folder = leaderboard and run is None and out is None  # of the workspace
    if takes_folder and find_workspace() is None:
        raise click.UsageError(
            "--leaderboard ranks what is kept; add --out FOLDER, such as runs/theirs, or make a workspace, "
            "which has a place for it, with: rvos init"
        )
    if leaderboard and shard is not None:
        raise click.UsageError("--leaderboard ranks whole runs; leave it out with --shard")
    store, split = ground_truth(run, dataset, split, release)
    protocol = protocol or chosen_protocol(store.name)
    with ExitStack() as folders:
        source = run or predictions
        if takes_folder and predictions is not None:
            source = predictions.resolve()  # the run remembers it, and is found from any folder
            out = folders.enter_context(scores_folder(predictions, store, split))
        elif takes_folder and model is not None:
            out = folders.enter_context(answers_folder(None, model, checkpoint, store, split))
        if model is not None:
            if out is None:
                source = Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="rvos-"))) / "run"
            else:
                source = out
            predict_first(
                model, checkpoint, store, split, source, device, seed, protocol, shard, keep=out is not None
            )
        assert source is not None
        with keeping_work(), progress("evaluate") as update:
            scores = evaluate(
                source,
                store,
                split=split,
                protocol=protocol,
                metrics=metrics,
                out=None if model else out,
                on_progress=update,
                on_note=lambda remark: note(f"Note: {remark}"),
                shard=shard,
                **options,
            )
    if scores.reused:
        note("Scored already, with the same predictions and settings; add --force to compute it again.")
    if as_json:
        print_json(scores.as_json())
    else:
        print_scores(scores)
    kept = run or out
    if leaderboard and kept is not None:
        print_leaderboard(kept, scores)
    if run is None and out is None:
        note("Nothing was kept; add --out FOLDER for leaderboard, compare and report.")


def _only(values: tuple[T, ...]) -> T | None:
    """What was given once; None for nothing."""
    return values[0] if values else None


def _evaluate_workspace(
    workspace: Workspace, device: str, seed: int, workers: int, force: bool, as_json: bool
) -> int:
    from rvosbench.workspace.here import from_here
    from rvosbench.workspace.names import answers_run
    from rvosbench.workspace.runs import RunEntry, read_run_entry

    from .console import note
    from .evaluate_all import evaluate_workspace
    from .scoring import predict_first, protocol_of

    def predict(task: Task) -> RunEntry:
        run, store = task.run, open_store(str(task.store))
        checkpoint = from_here(run.checkpoint)
        with answers_run(workspace, run.name, task.split) as out:
            note(f"Run: {out}")
            predict_first(run.model or "", checkpoint, store, task.split, out, device, seed, task.protocol)
            answers = read_run_entry(out)
        assert answers is not None
        return answers

    options = {"seed": seed, "workers": workers, "force": force}
    return evaluate_workspace(workspace, protocol_of, predict, options, as_json=as_json)
