"""`sftsec ray`: what a cluster does besides training."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from sftsec_core.api.errors import UsageError


@click.group("ray", short_help="Score large files on a Ray cluster.")
def ray() -> None:
    """Score large files on a Ray cluster."""


@ray.command("score", short_help="Score Parquet or JSON lines with the live model.")
@click.argument("task")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--output",
    required=True,
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the results go, which all nodes see.",
)
@click.option("--address", help="HOST:PORT of the head node, or auto; without: this machine.")
@click.option("--token", metavar="REFERENCE", help="Of the cluster: env:NAME or file:PATH.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Parts that are scored at a time, with a processor each.",
)
@click.option("--id", "identifier", metavar="FIELD", help="Names a record in the results.")
@click.option(
    "--part-mb",
    default=16,
    show_default=True,
    type=click.IntRange(1, 1024),
    help="Size of a part of the input, in 10^6 bytes.",
)
@click.option("--json", "as_json", is_flag=True, help="Output JSON.")
@click.pass_context
def score(ctx: click.Context, /, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click's
    """Score records with the live model into DIRECTORY, a Parquet file for each part of the input.

    The same command resumes: parts whose result is whole, by the same model, are left alone.
    The nodes see sftsec.yaml, the state, the files and DIRECTORY under the same paths. Records are
    cleaned, redacted and decided on as by `sftsec score`; nothing is pushed, and a record that
    cannot be read has its reason in the column "error".

    \b
    Examples:
      sftsec ray score phishing mails.parquet --output scores --workers 2
      sftsec ray score phishing day-*.jsonl --output /shared/scores --address auto --workers 64
    """  # noqa: D301 - click's own mark
    from sftsec_ray.scoring import score_files

    found = score_files(*_asked(_config_of(ctx), options), tell=_progress)
    if as_json:
        click.echo(json.dumps(found))  # noqa: TID251 - counts and a digest of ours
        return
    rate = found["rows"] / max(found["seconds"], 1e-9)
    click.echo(  # noqa: TID251 - as above
        f"{found['rows']:,} records scored with {found['model'][:12]} in {found['parts']:,} parts "
        f"({found['resumed']:,} resumed), {found['errors']:,} with an error, "
        f"{found['seconds']:,.0f} s, {rate:,.0f} a second"
    )


def _asked(config: Path, given: dict[str, Any]) -> tuple[Any, Any]:
    from sftsec_ray.config import ClusterSettings
    from sftsec_ray.scoring import ScorePlan

    plan = ScorePlan(
        config=config,
        task=given["task"],
        files=given["files"],
        output=given["output"],
        part_bytes=given["part_mb"] * 10**6,
        workers=given["workers"],
        identifier=given["identifier"],
    )
    try:
        place = {name: given[name] for name in ("address", "token")}
        return plan, ClusterSettings.model_validate(place)
    except ValidationError as error:
        first = error.errors()[0]  # its own text quotes the input
        raise UsageError(f"--{first['loc'][0]}: {first['msg']}") from None


def _config_of(ctx: click.Context) -> Path:
    """The configuration that the command line was given."""
    return Path(ctx.find_root().params.get("config") or "sftsec.yaml")


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        click.echo(f"\r{done:,} of {total:,} parts{end}", nl=False, err=True)  # noqa: TID251 - ours
