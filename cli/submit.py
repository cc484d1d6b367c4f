"""`rvos submit`: predictions -> the zip that a server takes; or what it would refuse about one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from .commands import command, dry_run_option, json_option
from .names import PROTOCOL, SERVER
from .paths import NAME_OR_PATH, PATH
from .places import RunPath
from .stores import release_option

if TYPE_CHECKING:
    from rvosbench.runs.scores import Scores
    from rvosbench.store import Store
    from rvosbench.submission.servers import Layout, Submission

_MEGABYTE = 10**6
_GAPS_SHOWN = 20


@command("submit")
@click.argument("run", required=False, type=RunPath())
@click.option(
    "--server",
    type=SERVER,
    metavar="NAME",
    help="mevis, mosev2, ytvos, davis or lvvis.  [default: the one for the dataset]",
)
@click.option("--out", type=PATH, metavar="FILE.zip", help="The zip to write.")
@click.option("--check", type=PATH, metavar="FILE.zip", help="Look at this zip; write nothing.")
@click.option(
    "--dataset",
    type=NAME_OR_PATH,
    metavar="STORE",
    help="A store or its name.  [default: the one RUN was made from]",
)
@click.option("--split", help="Of the store.  [default: RUN's, or the store's only one]")
@click.option("--predictions", type=PATH, help="Submit these instead of a RUN: whatever evaluate reads.")
@click.option(
    "--about",
    type=click.Choice(("expression", "object")),
    help="What --predictions answer.  [default: what the server asks first]",
)
@click.option(
    "--largest", type=click.IntRange(1), metavar="MB", help="With --check: a larger zip is a fault."
)
@click.option("--protocol", type=PROTOCOL, help="Of the local score.  [default: the dataset's own]")
@click.option("--no-score", is_flag=True, help="Leave the local score away.")
@click.option("--overwrite", is_flag=True, help="Replace a file of the same name.")
@dry_run_option
@json_option
@release_option
@click.pass_context
def submit_command(
    ctx: click.Context,
    run: Path | None,
    server: str | None,
    out: Path | None,
    check: Path | None,
    dataset: str | None,
    split: str | None,
    predictions: Path | None,
    about: Literal["expression", "object"] | None,
    largest: int | None,
    protocol: str | None,
    no_score: bool,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
    release: Path | None,
) -> None:
    """Write the zip that a server takes, or check one.

    Every frame of every expression is demanded, and the best candidate of each is written. Where the
    ground truth is known, the zip is scored here too.

    --check lists all that the server would refuse about a zip made by anybody, and exits with 3 if
    there is anything.

    \b
      mevis    MeViS, MeViSv2   VIDEO/EXPRESSION/FRAME.png, grey 0/255
      mosev2   MOSEv2           VIDEO/FRAME.png, palette
      ytvos    Ref-YouTube-VOS  Annotations/VIDEO/EXPRESSION/FRAME.png
      davis    Ref-DAVIS17      anno_0..3/VIDEO/FRAME.png, palette
      davis    DAVIS 2017       VIDEO/FRAME.png, with --about object
      lvvis    LV-VIS           results.json of YouTube-VIS

    \b
    Example:
      rvos submit runs/soc --server ytvos --out submission.zip
      rvos submit --check submission.zip --dataset stores/ytvos \\
        --split heldout --server ytvos
      rvos submit --predictions results/osvos --dataset stores/davis \\
        --split val --server davis --about object --out davis.zip
    """
    from .scoring import ground_truth

    sources = [source for source in (run, predictions, check) if source is not None]
    if len(sources) != 1:
        raise click.UsageError("name one of: a RUN, --predictions, or a zip to --check")
    if check is not None:
        for option, value in {"out": out, "about": about, "dry-run": dry_run, "overwrite": overwrite}.items():
            if value:
                raise click.UsageError(f"--{option} is about a zip to write; leave it away with --check")
    elif out is None:
        raise click.UsageError("missing option '--out': the zip to write")
    elif out.suffix.lower() != ".zip":
        raise click.UsageError(f"--out is {out}; expected the name of a .zip file")
    if largest is not None and check is None:
        raise click.UsageError("--largest is about a zip to --check")
    store, split = ground_truth(run, dataset, split, release)
    if check is not None:
        most = None if largest is None else largest * _MEGABYTE
        ctx.exit(_check(check, store, split, server, most, None if no_score else protocol or "", as_json))
    assert out is not None
    submission = _write(run or sources[0], store, split, server, out, about, overwrite, dry_run)
    scores = None
    if not dry_run and not no_score:
        scores = _score(out, store, split, submission.layout, protocol)
    _say(submission, store, scores, dry_run=dry_run, as_json=as_json)
    if dry_run and submission.gaps:
        ctx.exit(3)


def _write(
    source: Path,
    store: Store,
    split: str,
    server: str | None,
    out: Path,
    about: Literal["expression", "object"] | None,
    overwrite: bool,
    dry_run: bool,
) -> Submission:
    from rvosbench.evaluation.submit import submit

    from .console import progress

    with progress("submit") as update:
        return submit(
            source,
            server,
            out,
            store,
            split=split,
            about=about,
            overwrite=overwrite,
            dry_run=dry_run,
            on_progress=update,
        )


def _score(path: Path, store: Store, split: str, layout: Layout, protocol: str | None) -> Scores | None:
    """The local score; why there is none is said."""
    from rvosbench.errors import ScoreError
    from rvosbench.evaluation.submit import local_score

    from .console import note, progress, warn

    try:
        with progress("score") as update:
            scores = local_score(path, store, split, layout, protocol=protocol, on_progress=update)
    except ScoreError as error:
        warn(f"no local score: {error}")
        return None
    if scores is None:
        note(f"No local score: the ground truth of {store.name}/{split} is hidden.")
    return scores


def _say(
    submission: Submission, store: Store, scores: Scores | None, *, dry_run: bool, as_json: bool
) -> None:
    from rvosbench.evaluation.submit import notes_of
    from rvosbench.files.text import file_size

    from .console import note, print_json, warn

    notes = notes_of(submission, store)
    for line in notes:
        warn(line)
    facts: dict[str, Any] = {
        "server": submission.server.name,
        "layout": submission.layout.template,
        "file": submission.path,
        "videos": submission.videos,
        "masks": submission.masks,
        "size_bytes": submission.size_bytes,
    }
    if as_json:
        missing = [
            {"video": gap.video_id, "expression": gap.expression_id, "frames": list(gap.frames), "of": gap.of}
            for gap in submission.gaps
        ]
        about = {"dry_run": True, "free_bytes": submission.free_bytes, "missing": missing} if dry_run else {}
        score = {} if dry_run else {"scores": None if scores is None else scores.as_json()}
        print_json({"schema_version": 1, **facts, "notes": notes, **about, **score})
        return
    size = file_size(submission.size_bytes)
    if not dry_run:
        note(
            f"{submission.server.title}: {submission.layout.template}; {submission.videos:,} videos, "
            f"{submission.masks:,} masks, {size}"
        )
        click.echo(str(submission.path))
        _print_scores(scores)
        return
    from .planned import show

    counted = sum(len(gap.frames) for gap in submission.gaps)
    shown = [str(gap) for gap in submission.gaps[:_GAPS_SHOWN]]
    if len(submission.gaps) > _GAPS_SHOWN:
        shown.append(f"and {len(submission.gaps) - _GAPS_SHOWN:,} more; all with --json")
    facts |= {"size_bytes": None, "size": f"about {size}", "free": file_size(submission.free_bytes)}
    show("submit", facts | {"missing_masks": counted}, as_json=False)
    for line in shown:
        click.echo(f"  {line}")


def _check(
    path: Path,
    store: Store,
    split: str,
    server: str | None,
    largest: int | None,
    protocol: str | None,
    as_json: bool,
) -> int:
    """Print the faults of a zip; the exit code says whether there are any."""
    from rvosbench.evaluation.submit import server_for
    from rvosbench.submission.servers import check_submission, layout_of_zip

    from .console import note, print_json, progress

    chosen = server_for(store, server)
    with progress("check") as update:
        faults = check_submission(path, store, split, chosen, largest_bytes=largest, on_progress=update)
    scores = None
    if not faults and protocol is not None:
        scores = _score(path, store, split, layout_of_zip(path, chosen), protocol or None)
    if as_json:
        content = {"schema_version": 1, "server": chosen.name, "file": path, "dataset": store.name}
        content |= {"split": split, "faults": [fault.as_json() for fault in faults]}
        print_json(content | {"scores": None if scores is None else scores.as_json()})
        return 3 if faults else 0
    for fault in faults:
        click.echo(f"{fault.count:,} x {fault.title}: {fault.advice}")
        for example in fault.examples:
            click.echo(f"    {example}")
        if fault.count > len(fault.examples):
            click.echo(f"    and {fault.count - len(fault.examples):,} more")
    if not faults:
        click.echo(f"{path}: nothing that {chosen.title} would refuse was found")
        _print_scores(scores)
    if chosen.unverified:
        note(f"Note: {chosen.unverified}")
    return 3 if faults else 0


def _print_scores(scores: Scores | None) -> None:
    if scores is None:
        return
    values = (f"{name} {metric.text()}" for name, metric in list(scores.metrics.items())[:3])
    click.echo(f"Local score, protocol {scores.protocol.name}: {', '.join(values)}")
