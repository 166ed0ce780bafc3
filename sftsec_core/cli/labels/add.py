"""`sftsec labels add`: add verdicts on platforms whose alerts have no place for them."""

from __future__ import annotations

from typing import IO

import click

from sftsec_core.cli.complete import complete_connector
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("add", short_help="Add analysts' verdicts (OpenSearch, Wazuh, files).")
@click.argument("connector", shell_complete=complete_connector)
@click.argument("incidents", nargs=-1)
@click.option("--verdict", help="The platform's value, e.g. true_positive.")
@click.option(
    "--analyst", help="Who gives it; default: you. Another one's name takes the role admin."
)
@click.option("--reason", help="Why; kept with the verdict.")
@click.option(
    "--from",
    "file",
    type=click.File("rb"),
    help="JSON lines with incident, verdict and optionally analyst, reason, at; - for stdin.",
)
@json_option
@pass_app
def command(
    app: App,
    connector: str,
    incidents: tuple[str, ...],
    verdict: str | None,
    analyst: str | None,
    reason: str | None,
    file: IO[bytes] | None,
    as_json: bool,
) -> None:
    """Write analysts' verdicts where the connector keeps them (OpenSearch, Wazuh, files).

    INCIDENTS are uids as `sftsec connector pull` shows them: INDEX/ID. A later verdict of the
    same analyst replaces the earlier one when a model is trained; nothing is overwritten.

    \b
    Examples:
      sftsec labels add wazuh wazuh-alerts-4.x-2026.11.23/Xb1q --verdict false_positive
      sftsec labels add wazuh --from verdicts.jsonl --json
    """
    from sftsec_core.operations.add_verdicts import add_verdicts, read_verdicts, same_verdict

    if file is not None and (incidents or verdict):
        raise click.UsageError("give incidents and --verdict, or --from, not both")
    if file is None and not (incidents and verdict):
        raise click.UsageError("name at least one incident, and its --verdict")
    with app.context() as context:
        who = analyst or context.actor.name
        given = (
            same_verdict(incidents, verdict or "", who, reason)
            if file is None
            else read_verdicts(file, file.name, who)
        )
        done = add_verdicts(context, connector, given)
    emit(done.to_json(), as_json=as_json, show=facts({"read": done.read, "added": done.added}))
