"""`sftsec audit push`: a copy of the audit log in the SIEM."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("push")
@click.argument("connector")
@json_option
@pass_app
def command(app: App, connector: str, as_json: bool) -> None:
    """Copy what was added to the audit log since the last call to a connector.

    Elastic and OpenSearch keep it in the data stream logs-sftsec.audit-NAMESPACE. The log is
    verified first; an entry is written once, whatever is killed. Run it after each retraining.

    \b
    Examples:
      sftsec audit push elastic
      sftsec audit push elastic --json
    """
    from sftsec_core.operations.export_audit import push_audit

    with app.context() as context:
        done = push_audit(context, connector)
    shown = {"entries up to": done.seq, "written": done.written, "there already": done.duplicates}
    emit(done.to_json(), as_json=as_json, show=facts(shown))
