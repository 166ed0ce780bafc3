"""`sftsec labels stats`: how many verdicts of each value, and their labels."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("stats", short_help="Count the pulled verdicts by value and label.")
@click.option("--connector", help="Only this connector's.")
@json_option
@pass_app
def command(app: App, connector: str | None, as_json: bool) -> None:
    """Count the pulled verdicts by value, and show the labels that tasks make of them.

    A value that no task knows is shown with "-": add it to `labels` or to
    `verdicts.undetermined`.

    \b
    Examples:
      sftsec labels stats
      sftsec labels stats --connector mail --json
    """
    from sftsec_core.operations.label_stats import label_stats

    with app.context() as context:
        found = label_stats(context, connector=connector)
    rows = [
        (
            each.connector,
            each.value,
            each.verdicts,
            each.automated,
            ", ".join(f"{task}: {label}" for task, label in each.labels.items()) or "-",
        )
        for each in found
    ]
    columns = ("connector", "value", "verdicts", "automated", "label")
    data = [each.to_json() for each in found]
    emit(data, as_json=as_json, show=table("verdicts", columns, rows))
