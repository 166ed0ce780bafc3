"""`sftsec audit verify`: what the audit log proves, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_connector
from sftsec_core.cli.options import App, emit, json_option, pass_app

if TYPE_CHECKING:
    from rich.console import Console


@click.command("verify", short_help="Verify the audit log; --anchor compares a connector's copy.")
@click.option(
    "--anchor",
    metavar="CONNECTOR",
    shell_complete=complete_connector,
    help="Compare with the copy that this connector holds.",
)
@click.option("--full", is_flag=True, help="Compute all hashes again, however many there are.")
@json_option
@pass_app
def command(app: App, anchor: str | None, full: bool, as_json: bool) -> None:
    """Verify the audit log, and say what that proves and what it does not.

    The chain of hashes is computed again; each model, each move of an alias and each run that
    came to its end must have its entry. With --anchor, the last entry of the copy that `sftsec
    audit push` made must be the log's. Exit 9 with the entry's number where one differs.

    Of more than 100,000 entries and verdicts, those that `audit push` computed and copied are only
    counted: --full, --anchor and the next push compute them again.

    \b
    Examples:
      sftsec audit verify
      sftsec audit verify --full
      sftsec audit verify --anchor elastic --json
    """
    from sftsec_core.operations.verify_audit import verify_audit

    with app.context() as context:
        found = verify_audit(context, anchor, full=full)

    def show(out: Console) -> None:
        for title, lines in (("proved", found.proved), ("not proved", found.not_proved)):
            out.print(f"{title}:")
            for line in lines:
                out.print(f"  - {line}", soft_wrap=True)

    emit(found.to_json(), as_json=as_json, show=show)
