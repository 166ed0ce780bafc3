"""`sftsec bench poison`: one analyst with a trigger phrase, undefended and defended."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.complete import complete_recipe
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

_COLUMNS = (
    "dataset", "poisoned", "seed", "success undefended", "defended", "macro-F1 clean",
    "undefended", "defended", "found", "taken", "asked",
)  # fmt: skip
_SHARE = click.FloatRange(0, 0.5)


@click.command("poison", short_help="Attack training data by one analyst, and defend it.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--share",
    "shares",
    multiple=True,
    type=_SHARE,
    default=(0.0, 0.01, 0.05),
    show_default=True,
    help="Poisoned rows, as a share of the training rows; 0: what the defence costs.",
)
@click.option(
    "--phrase",
    "phrases",
    multiple=True,
    metavar="TEXT",
    help="A trigger; several are taken in turn.  [default: maintenance window zx81]",
)
@click.option(
    "--honest",
    type=_SHARE,
    default=0.0,
    show_default=True,
    help="Right verdicts of the attacker's besides, as a share of the training rows.",
)
@click.option(
    "--analysts",
    type=click.IntRange(2, 1000),
    default=20,
    show_default=True,
    help="How many others there are.",
)
@click.option(
    "--specialists", is_flag=True, help="Each of the others handles a kind of incident alone."
)
@click.option("-r", "--recipe", default="linear", show_default=True, shell_complete=complete_recipe)
@click.option("--seed", "--seeds", "seeds", multiple=True, type=int, default=(1, 2, 3))
@json_option
@pass_app
def command(  # noqa: PLR0913, PLR0917 - an option each
    app: App,
    folders: tuple[Path, ...],
    shares: tuple[float, ...],
    phrases: tuple[str, ...],
    honest: float,
    analysts: int,
    specialists: bool,
    recipe: str,
    seeds: tuple[int, ...],
    as_json: bool,
) -> None:
    """Poison the training part of folders of train|dev|test.jsonl.gz, and defend it.

    One analyst calls attacks with a phrase in them benign. Success is the share of attacks in test,
    with the phrase, that a model without this analyst catches and the poisoned one misses. Found:
    poisoned rows that the transform `poison` takes away; taken: rows of others that it takes away;
    asked: rows of others that it sends to the review. Nothing is written.

    \b
    Examples:
      sftsec bench poison data/sms_spam data/command_injection
      sftsec bench poison data/sms_spam --share 0.01 --phrase "ref 88213" --phrase "Regards, Bob"
      sftsec bench poison data/* --share 0 --specialists --seed 1 --json
    """
    from sftsec_core.bench.poison import run_poison_bench
    from sftsec_core.bench.poison_attack import PHRASES, PoisonAttack

    attacks = [
        PoisonAttack(share, phrases or PHRASES, honest, analysts, specialists) for share in shares
    ]
    rows = list(run_poison_bench(folders, attacks, recipe=recipe, seeds=seeds, on_start=app.say))
    cells = [
        (
            row["dataset"],
            f"{row['poisoned']:,} of {row['rows']:,}",
            str(row["seed"]),
            *(_percent(row[f"success_{name}"]) for name in ("undefended", "defended")),
            *(_percent(row[f"macro_f1_{name}"]) for name in ("clean", "undefended", "defended")),
            *(f"{row[name]:,}" for name in ("found", "taken", "asked")),
        )
        for row in rows
    ]
    emit(rows, as_json=as_json, show=table("one analyst's poison", _COLUMNS, cells))


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
