"""`sftsec run diff`: two runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_run
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.compare_runs import RunComparison


@click.command("diff", short_help="Compare two runs: settings, data and figures.")
@click.argument("first", shell_complete=complete_run)
@click.argument("second", shell_complete=complete_run)
@json_option
@pass_app
def command(app: App, first: str, second: str, as_json: bool) -> None:
    """Compare two runs: the settings and data counts that differ, and all figures.

    FIRST and SECOND are ids of runs or the beginnings of ids.

    \b
    Examples:
      sftsec run diff 20260131T12 20260207T12
      sftsec run diff 20260131T12 20260207T12 --json
    """
    from sftsec_core.operations.compare_runs import compare_runs

    with app.context() as context:
        found = compare_runs(context, first, second)
    emit(found.to_json(), as_json=as_json, show=lambda out: _show(out, found))


def _show(out: Console, found: RunComparison) -> None:
    names = (found.first.id, found.second.id)
    table("settings that differ", ("setting", *names), found.settings)(out)
    table("data that differ", ("count", *names), found.data)(out)
    rows = [
        (name, one, other, None if one is None or other is None else f"{other - one:+.4f}")
        for name, one, other in found.metrics
    ]
    title = "figures" if found.same_test else "figures, on test sets that differ"
    table(title, ("figure", *names, "change"), rows)(out)
