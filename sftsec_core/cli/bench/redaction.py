"""`sftsec bench redaction`: what a step finds, what it spoils, and how fast it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.complete import complete_step
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

_RECALL = ("kind", "count", "developed", "held_out")
_PRECISION = ("kind", "replaced", "precision")


@click.command("redaction", short_help="Measure what redaction finds, spoils and costs.")
@click.option(
    "--step",
    "name",
    default="redact",
    show_default=True,
    shell_complete=complete_step,
    help="The step to measure.",
)
@click.option(
    "--option",
    "options",
    metavar="NAME",
    multiple=True,
    help="Switch one of the step's settings on, such as national_id.",
)
@click.option(
    "--rows",
    default=20_000,
    show_default=True,
    type=click.IntRange(100),
    help="Synthetic incidents on which the speed is measured.",
)
@json_option
@pass_app
def command(app: App, name: str, options: tuple[str, ...], rows: int, as_json: bool) -> None:
    """Measure a step that redacts on the labelled texts that its plugin brings.

    \b
    What is printed, and the keys of --json:
      recall           by kind of text: the share of which nothing hidden remains, for the half
                       that was seen while the rules were written, and for the other
      precision        by kind of placeholder: the share that replaced something hidden
      benign           how many texts only look alike, and the share of them that changed
      incidents_per_s  on one core; mb_per_s: 10**6 bytes of text a second

    \b
    Examples:
      sftsec bench redaction
      sftsec bench redaction --option national_id --rows 2000 --json
    """
    from sftsec_core.api.contracts import StepSpec
    from sftsec_core.bench.redaction import run_redaction_bench
    from sftsec_core.plugins import get

    spec = get("step", name, app.plugins().specs(StepSpec))
    result = run_redaction_bench(spec, dict.fromkeys(options, True), rows)

    def show(out: Console) -> None:
        _show(out, result)

    emit(result, as_json=as_json, show=show)


def _show(out: Console, result: dict[str, Any]) -> None:
    for title, columns in (("recall", _RECALL), ("precision", _PRECISION)):
        cells = [[row[key] for key in columns] for row in result[title]]
        table(title, columns, cells)(out)
    benign = result["benign"]
    facts(
        {
            "benign texts": benign["count"],
            "benign changed": benign["changed"],
            "incidents_per_s": result["incidents_per_s"],
            "mb_per_s": result["mb_per_s"],
        }
    )(out)
