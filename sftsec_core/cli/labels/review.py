"""`sftsec labels review`: judged incidents that have no label, and why."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("review", short_help="List incidents that wait for a review, with the reason.")
@click.argument("task", shell_complete=complete_task)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Incidents.")
@json_option
@pass_app
def command(app: App, task: str, limit: int, as_json: bool) -> None:
    """List the incidents of a task's newest data set whose verdicts come to no label.

    Analysts disagree, said nothing that counts, used a word that no label lists, or labelled
    copies of one text differently. A further verdict, or a line under `labels`, settles it.
    With `{name: label_errors, review: true}` under `train.transforms`, labels of the training part
    that look wrong follow, until there is a new verdict on them.

    \b
    Examples:
      sftsec labels review phishing
      sftsec labels review phishing --limit 500 --json
    """
    from sftsec_core.operations.review_labels import review_labels

    with app.context() as context:
        found = review_labels(context, task, limit=limit)
    rows = [
        (each.connector, each.uid, each.reason, ", ".join(each.verdicts), each.text[:80])
        for each in found.incidents
    ]
    columns = ("connector", "incident", "reason", "verdicts", "text")
    emit(found.to_json(), as_json=as_json, show=table(f"{task}: for review", columns, rows))
    if found.total > len(rows):
        app.say(f"{found.total - len(rows):,} more; --limit shows them")
