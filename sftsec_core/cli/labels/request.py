"""`sftsec labels request`: ask analysts about the incidents the model is least certain of."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("request", short_help="Ask analysts to label the most uncertain incidents.")
@click.argument("task", shell_complete=complete_task)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--dry-run", is_flag=True, help="Only show them.")
@json_option
@pass_app
def command(app: App, task: str, limit: int, dry_run: bool, as_json: bool) -> None:
    """Ask for verdicts on the unlabelled incidents that the live model is least certain of.

    Those whose probability is nearest to the threshold come first; copies of one text count
    once. In Elastic they get the tag sftsec:needs-label, which is removed with the verdict; in
    OpenSearch they go to the index sftsec-needs-label, with the event and the reason.
    Where somebody has the role analyst there, they wait on the page /label of `sftsec serve` too.

    \b
    Examples:
      sftsec labels request phishing
      sftsec labels request phishing --limit 5 --dry-run --json
    """
    from sftsec_core.cli.live import live_context
    from sftsec_core.operations.request_labels import request_labels

    with live_context(app, quiet=as_json) as context:
        result = request_labels(context, task, limit=limit, dry_run=dry_run)
    found = [(one.connector, one.incident) for one in result.wanted]
    rows = [(name, one.uid, f"{one.probability:.3f}", one.text[:100]) for name, one in found]
    shown = f", {result.queued} new on the page /label" if result.queued else ""
    show = table(
        f"most uncertain, {result.requested} requested{shown}",
        ("connector", "incident", "probability", "text"),
        rows,
    )
    emit(result.to_json(), as_json=as_json, show=show)
