"""`sftsec labels stats`: a task's verdicts by word and by analyst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from sftsec_core.operations.label_stats import LabelStats


@click.command("stats", short_help="Count verdicts by word, label and analyst.")
@click.argument("tasks", nargs=-1, shell_complete=complete_task)
@json_option
@pass_app
def command(app: App, tasks: tuple[str, ...], as_json: bool) -> None:
    """Count the verdicts of each task's newest data set by word, with its label, and by analyst.

    Of the named tasks, or of all. A word that no label lists is shown with "-": add it to `labels`
    or to `verdicts.undetermined`. Of an analyst: the share of all verdicts, and on how many of the
    incidents that others labelled too somebody disagreed, and on how many rows that it was not
    trained on the live model says something else.

    \b
    Examples:
      sftsec labels stats
      sftsec labels stats phishing --json
    """
    from sftsec_core.operations.label_stats import label_stats

    with app.context() as context:
        found = [label_stats(context, name) for name in tasks or sorted(context.settings.tasks)]
    shown = [one for each in found for one in (_words(each), _analysts(each))]

    def show(out: Console) -> None:
        for one in shown:
            one(out)

    emit([each.to_json() for each in found], as_json=as_json, show=show)


def _words(found: LabelStats) -> Callable[[Console], None]:
    rows = [
        (each.value, each.verdicts, each.automated, each.label or "-") for each in found.stats.words
    ]
    return table(f"{found.task}: words", ("value", "verdicts", "automated", "label"), rows)


def _analysts(found: LabelStats) -> Callable[[Console], None]:
    rows = [
        (
            each.analyst or "(not named)",
            each.verdicts,
            f"{each.share:.1%}",
            ", ".join(f"{label} {count:,}" for label, count in each.labels.items()) or "-",
            f"{each.disagreed:,} of {each.shared:,}",
            "-" if live is None else f"{live.disagreed:,} of {live.compared:,}",
        )
        for each in found.stats.analysts
        for live in (found.of(each.analyst),)
    ]
    columns = ("analyst", "verdicts", "share", "labels", "disagreed", "live model disagrees")
    return table(f"{found.task}: analysts", columns, rows)
