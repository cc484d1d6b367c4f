"""`rvos submit`: predictions -> the zip that a server takes; or what it would refuse about one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from .commands import check_option, command, json_option
from .names import PROTOCOL, SERVER, STORE
from .paths import PATH
from .places import RunPath
from .stores import release_option
from .tolerance_options import tolerance_options

if TYPE_CHECKING:
    from rvosbench.submission.servers import Submission

_MEGABYTE = 10**6
_GAPS_SHOWN = 20


@command("submit")
@click.argument("run", required=False, type=RunPath())
@click.option(
    "--server",
    type=SERVER,
    metavar="NAME",
    help="mevis, mosev2, ytvos, davis or lvvis; `rvos list servers`.  [default: the one for the dataset]",
)
@click.option("--out", type=PATH, metavar="FILE.zip", help="The zip to write.")
@click.option("--check", type=PATH, metavar="FILE.zip", help="Look at this zip; write nothing.")
@click.option(
    "--dataset",
    type=STORE,
    metavar="STORE",
    help="A store or its name.  [default: the one RUN was made from]",
)
@click.option("--split", help="Of the store.  [default: RUN's, that of --check's videos, or the only one]")
@click.option("--predictions", type=PATH, help="Submit these instead of a RUN: whatever evaluate reads.")
@click.option(
    "--about",
    type=click.Choice(("expression", "object")),
    help="What --predictions answer.  [default: as they look]",
)
@click.option(
    "--largest", type=click.IntRange(1), metavar="MB", help="With --check: a larger zip is a fault."
)
@click.option(
    "--protocol",
    type=PROTOCOL,
    help="Of the local score.  [default: the workspace's, else the dataset's own]",
)
@click.option("--no-score", is_flag=True, help="Do not score the zip here.")
@tolerance_options()
@click.option("--overwrite", is_flag=True, help="Replace what is at --out.")
@check_option
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
    tolerance: Mapping[str, Any],
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
      davis    DAVIS 2017       VIDEO/FRAME.png, for label maps of objects
      lvvis    LV-VIS           results.json of YouTube-VIS

    \b
    Example:
      rvos submit runs/soc --server ytvos --out submission.zip
      rvos submit --check submission.zip --dataset stores/ytvos \\
        --split heldout --server ytvos
      rvos submit --predictions results/osvos --dataset stores/davis \\
        --split val --server davis --out davis.zip
    """
    from rvosbench.evaluation.submit import notes_of, submit
    from rvosbench.files.text import file_size
    from rvosbench.runs.tolerance import Tolerance

    from .console import note, print_json, progress, warn
    from .scoring import ground_truth
    from .submit_check import Scoring, local_score, print_scores, split_of
    from .submit_check import check as check_zip

    sources = [source for source in (run, predictions, check) if source is not None]
    if len(sources) != 1:
        raise click.UsageError("name one of: a RUN, --predictions, or a zip to --check")
    writing = {"out": out, "about": about, "dry-run": dry_run, "overwrite": overwrite}
    writing |= {name: value for name, value in tolerance.items() if name != "truth"}
    if check is not None:
        for option, value in writing.items():
            if value:
                raise click.UsageError(f"--{option} is about a zip to write; leave it out with --check")
    elif out is None:
        raise click.UsageError("missing option '--out': the zip to write")
    elif out.suffix.lower() != ".zip":
        raise click.UsageError(f"--out is {out}; expected the name of a .zip file")
    if largest is not None and check is None:
        raise click.UsageError("--largest is about a zip to --check")
    if check is not None and dataset and not split:
        split = split_of(check, dataset, release)
    store, split = ground_truth(run, dataset, split, release)
    scoring = None if no_score or dry_run else Scoring(protocol, tolerance.get("truth", "error"))
    if check is not None:
        most = None if largest is None else largest * _MEGABYTE
        ctx.exit(check_zip(check, store, split, server, largest=most, scoring=scoring, as_json=as_json))
    assert out is not None
    let_pass = Tolerance(**tolerance)
    with progress("submit") as update:
        submission = submit(
            sources[0],
            server,
            out,
            store,
            split=split,
            about=about,
            tolerance=let_pass,
            overwrite=overwrite,
            dry_run=dry_run,
            on_progress=update,
        )
    notes = notes_of(submission, store, let_pass)
    for line in notes:
        warn(line)
    if dry_run:
        _say_plan(submission, notes, as_json=as_json)
        ctx.exit(3 if submission.gaps else 0)
    scores = None
    if scoring is not None:
        scores = local_score(out, store, split, submission.layout, scoring)
    if as_json:
        facts = _facts(submission) | {"notes": notes}
        print_json(facts | {"scores": None if scores is None else scores.as_json()})
        return
    note(
        f"{submission.server.title}: {submission.layout.template}; {submission.videos:,} videos, "
        f"{submission.masks:,} masks, {file_size(submission.size_bytes)}"
    )
    click.echo(str(submission.path))
    print_scores(scores)


def _facts(submission: Submission) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "server": submission.server.name,
        "layout": submission.layout.template,
        "file": submission.path,
        "videos": submission.videos,
        "masks": submission.masks,
        "size_bytes": submission.size_bytes,
        "let_pass": asdict(submission.adjusted),
    }


def _say_plan(submission: Submission, notes: list[str], *, as_json: bool) -> None:
    """What would be written, and what is missing.

    Raises:
        OutputError: the disk is too small.
    """
    from rvosbench.errors import OutputError
    from rvosbench.files.text import file_size, strip_control

    from .console import print_json
    from .planned import show

    gaps = submission.gaps
    facts = _facts(submission)
    size, free = file_size(submission.size_bytes), file_size(submission.free_bytes)
    if as_json:
        missing = [
            {"video": gap.video_id, "expression": gap.expression_id, "frames": list(gap.frames), "of": gap.of}
            for gap in gaps
        ]
        more = {"dry_run": True, "free_bytes": submission.free_bytes, "notes": notes, "missing": missing}
        print_json(facts | more)
    else:
        for key in ("schema_version", "size_bytes", "let_pass"):
            del facts[key]
        facts |= {"size": f"about {size}", "free": free}
        show("submit", facts | {"missing_masks": sum(len(gap.frames) for gap in gaps)}, as_json=False)
        for gap in gaps[:_GAPS_SHOWN]:
            click.echo(f"  {strip_control(str(gap))}")
        if len(gaps) > _GAPS_SHOWN:
            click.echo(f"  and {len(gaps) - _GAPS_SHOWN:,} more; all with --json")
    if submission.size_bytes > submission.free_bytes:
        raise OutputError(
            f"{submission.path} has {free} of free disk, expected about {size}; free some or choose another "
            "place"
        )
