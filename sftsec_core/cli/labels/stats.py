"""`sftsec labels stats`: how many verdicts of each kind, and what they mean to each task."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from sftsec_core.config.settings import Settings


@click.command("stats")
@click.option("--connector", help="Only this one's.")
@json_option
@pass_app
def command(app: App, connector: str | None, as_json: bool) -> None:
    """Count the pulled verdicts by word, and show the labels that tasks make of them.

    A word that no task knows is shown with "-": add it to `labels` or to
    `verdicts.undetermined`.

    \b
    Examples:
      sftsec labels stats
      sftsec labels stats --connector mail --json
    """
    with app.context() as context:
        counts = context.store.verdicts.stats(connector)
        data = [
            {**asdict(count), "labels": meaning(context.settings, count.connector, count.value)}
            for count in counts
        ]
    rows = [
        (
            row["connector"],
            row["value"],
            row["verdicts"],
            row["automated"],
            ", ".join(f"{task}: {label}" for task, label in row["labels"].items()) or "-",
        )
        for row in data
    ]
    columns = ("connector", "value", "verdicts", "automated", "label")
    emit(data, as_json=as_json, show=table("verdicts", columns, rows))


def meaning(settings: Settings, connector: str, word: str) -> dict[str, str]:
    """Task to the label that it takes a word for; "undetermined" where it says nothing."""
    found: dict[str, str] = {}
    for name, task in settings.tasks.items():
        if task.connector != connector:
            continue
        for label, words in task.labels.items():
            if word.casefold() in {w.casefold() for w in words}:
                found[name] = label
        if word.casefold() in {w.casefold() for w in task.verdicts.undetermined}:
            found.setdefault(name, "undetermined")
    return found
