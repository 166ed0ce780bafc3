"""`sftsec bench privacy`: what models give away, undefended, by default and with privacy."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

_COLUMNS = (
    *("dataset", "seed", "arm", "macro-F1", "membership AUC", "95% interval"),
    *("by certainty alone", "exposure, bits", "n-grams of one"),
)


@click.command("privacy", short_help="Measure what models give away of training incidents.")
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIRECTORY...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 100))
@click.option(
    "--epsilon",
    default=8.0,
    show_default=True,
    type=click.FloatRange(0.1, 100),
    help="Privacy loss of the private recipe.",
)
@click.option(
    "--shadows",
    default=8,
    show_default=True,
    type=click.IntRange(4, 64),
    help="Models that each attack trains.",
)
@click.option(
    "--rows",
    default=2000,
    show_default=True,
    type=click.IntRange(100, 50_000),
    help="Incidents that the attack tells members or not, at most.",
)
@click.option(
    "--limit-train",
    type=click.IntRange(100),
    help="Training rows, drawn at random; default: all.",
)
@click.option(
    "--limit-test",
    default=4000,
    show_default=True,
    type=click.IntRange(50),
    help="Rows of dev and of test, at most.",
)
@json_option
@pass_app
def command(  # noqa: PLR0913, PLR0917 - an option each
    app: App,
    folders: tuple[Path, ...],
    seeds: int,
    epsilon: float,
    shadows: int,
    rows: int,
    limit_train: int | None,
    limit_test: int,
    as_json: bool,
) -> None:
    """Attack models by membership inference, and measure what privacy costs.

    Each folder holds train|dev|test.jsonl.gz and is retrained three times: by linear with every
    n-gram (undefended), by linear as it is (default) and by private_linear. The attack (Carlini et
    al. 2022) trains --shadows models and guesses from a model's exact answers which incidents it
    learned from: an AUC of 0.5 is chance. It takes the plugin privacy and its extra:
    pip install 'sftsec[privacy]'.

    \b
    Examples:
      sftsec bench privacy data/sms_spam data/prompt_injection
      sftsec bench privacy data/* --seeds 1 --rows 1000 --json
    """
    from sftsec_core.bench.privacy import PrivacyPlan, run_privacy_bench

    plan = PrivacyPlan(
        epsilon=epsilon,
        shadows=shadows,
        rows=rows,
        limit_train=limit_train,
        limit_test=limit_test,
    )
    found = []
    for row in run_privacy_bench(folders, range(1, seeds + 1), plan, on_start=app.say):
        found.append(row)
        app.say(f"  membership AUC {row['membership_auc']:.3f}, macro-F1 {row['macro_f1']:.1%}")
    cells = [
        (
            *(row["dataset"], str(row["seed"]), row["arm"], f"{row['macro_f1']:.1%}"),
            *(f"{row['membership_auc']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}"),
            *(f"{row['loss_auc']:.3f}", f"{row['exposure']:.1f}"),
            "-" if row["ngrams_of_one"] is None else f"{row['ngrams_of_one']:,}",
        )
        for row in found
    ]
    emit(found, as_json=as_json, show=table("what models give away", _COLUMNS, cells))
