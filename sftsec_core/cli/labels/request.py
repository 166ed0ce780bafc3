"""`sftsec labels request`: ask the analysts about what the model is least sure of."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("request")
@click.argument("task")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--dry-run", is_flag=True, help="Show them; ask nobody.")
@json_option
@pass_app
def command(app: App, task: str, limit: int, dry_run: bool, as_json: bool) -> None:
    """Ask for verdicts on the unjudged incidents that the model in service is least sure of.

    Those whose probability lies nearest to the threshold come first; copies of one text count
    once. In Elastic they get the tag sftsec:needs-label, which goes when they are judged.

    \b
    Examples:
      sftsec labels request phishing
      sftsec labels request phishing --limit 5 --dry-run --json
    """
    from sftsec_core.cli.live import LiveListener
    from sftsec_core.operations.request_labels import request_labels

    with app.context() as context, LiveListener(quiet=app.quiet or as_json) as listener:
        outcome = request_labels(context, task, limit=limit, dry_run=dry_run, listener=listener)
    rows = [(each.uid, f"{each.probability:.3f}", each.text[:100]) for each in outcome.wanted]
    title = f"least sure of, {outcome.requested} asked for"
    emit(
        outcome.to_json(),
        as_json=as_json,
        show=table(title, ("incident", "probability", "text"), rows),
    )
