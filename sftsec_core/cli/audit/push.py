"""`sftsec audit push`: copy the audit log into the SIEM."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_connector
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("push", short_help="Copy new entries of the audit log to a connector.")
@click.argument("connector", shell_complete=complete_connector)
@json_option
@pass_app
def command(app: App, connector: str, as_json: bool) -> None:
    """Copy the audit log's entries since the last call to a connector.

    Elastic and OpenSearch keep it in the data stream logs-sftsec.audit-NAMESPACE. The log is
    verified first, and compared with what was copied before: where an entry differs, nothing is
    copied, and the command ends with exit code 9. An entry is written once, even if the command
    is killed. Run it after each retraining.

    \b
    Examples:
      sftsec audit push elastic
      sftsec audit push elastic --json
    """
    from sftsec_core.operations.export_audit import export_audit

    with app.context() as context:
        done = export_audit(context, connector)
    shown = {"entries up to": done.seq, "written": done.written, "there already": done.duplicates}
    emit(done.to_json(), as_json=as_json, show=facts(shown))
