"""`sftsec labels functions`: how labelling functions vote, and how often they are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from sftsec_core.dataset.labelling.summary import FunctionSummary
    from sftsec_core.operations.label_functions import FunctionsResult


@click.command("functions", short_help="Show how labelling functions vote, and how often right.")
@click.argument("task", shell_complete=complete_task)
@click.option(
    "--examples",
    default=3,
    show_default=True,
    type=click.IntRange(0, 100),
    help="Wrong votes each.",
)
@json_option
@pass_app
def command(app: App, task: str, examples: int, as_json: bool) -> None:
    """Let a task's labelling functions vote on its newest data set and its pool.

    Coverage, overlaps and conflicts are fractions of the unlabelled incidents; accuracy is on the
    labelled ones of train, with its 95% interval. A function that is no better than chance is not
    used. Nothing is pulled or trained: `sftsec dataset build` comes first.

    \b
    Examples:
      sftsec labels functions phishing
      sftsec labels functions phishing --examples 10 --json
    """
    from sftsec_core.cli.live import live_context
    from sftsec_core.operations.label_functions import label_functions

    with live_context(app, quiet=as_json) as context:
        found = label_functions(context, task, examples=examples)
    emit(found.to_json(), as_json=as_json, show=_shown(found))
    sure = ", ".join(f"{label} {count:,}" for label, count in found.sure.items())
    if not as_json:
        app.say(f"sure enough to be learned from: {sure} (of {found.pool:,} unlabelled incidents)")
    app.next(f"sftsec retrain {task}", as_json=as_json)


def _shown(found: FunctionsResult) -> Callable[[Console], None]:
    shown = [
        table(
            f"{found.task}: labelling functions",
            ("function", "kind", "coverage", "overlaps", "conflicts", "accuracy", "used"),
            [_row(each) for each in found.functions],
        )
    ]
    if found.collisions:
        pairs = [
            (f"{pair.first}, {pair.second}", pair.both, pair.conflicts, f"{pair.correlation:.2f}")
            for pair in found.collisions
        ]
        head = ("functions", "both vote", "conflicts", "correlation")
        shown.append(table("collisions", head, pairs))
    if found.wrong:
        wrong = [(one.function, one.uid, one.vote, one.label, one.text[:80]) for one in found.wrong]
        columns = ("function", "incident", "vote", "label", "text")
        shown.append(table("votes that analysts contradict", columns, wrong))

    def show(out: Console) -> None:
        for one in shown:
            one(out)

    return show


def _row(each: FunctionSummary) -> tuple[object, ...]:
    accuracy = "-"
    if each.accuracy is not None and each.low is not None and each.high is not None:
        accuracy = (
            f"{each.accuracy:.0%} ({each.low:.0%} to {each.high:.0%}) of {each.voted:,}, "
            f"chance {each.chance:.0%}"
        )
    used = "yes" if each.used else f"no: {each.why_not}"
    shares = (f"{share:.1%}" for share in (each.coverage, each.overlaps, each.conflicts))
    return (each.name, each.kind, *shares, accuracy, f"{used} ({each.note})" if each.note else used)
