"""`sftsec token add`: make a token and print it once."""

from __future__ import annotations

from datetime import timedelta

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, duration, emit, facts, json_option, pass_app
from sftsec_core.config.access import ROLE_NAMES

_NEVER = "never"


def _lifetime(text: str) -> timedelta | None:
    return None if text == _NEVER else duration(text)


@click.command("add", short_help="Make a token and print it once.")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(ROLE_NAMES),
    help="What its owner may do; may be given several times.",
)
@click.option(
    "--task",
    "tasks",
    multiple=True,
    shell_complete=complete_task,
    help="Only on this task; may be given several times. Default: on all.",
)
@click.option(
    "--expires",
    "lifetime",
    type=_lifetime,
    default="90d",
    show_default=True,
    help="How long it is valid: 12h, 90d, or never.",
)
@json_option
@pass_app
def command(
    app: App,
    name: str,
    roles: tuple[str, ...],
    tasks: tuple[str, ...],
    lifetime: timedelta | None,
    as_json: bool,
) -> None:
    """Make a token for NAME and print it, this once: only its hash is kept.

    NAME stands in the audit log. Tokens of one name are one person's: where a promotion takes two
    people, they count as one.

    \b
    Examples:
      sftsec token add ann --role analyst --task phishing
      sftsec token add splunk --role scorer --expires never --json
    """
    from sftsec_core.operations.add_token import add_token

    with app.context() as context:
        made = add_token(context, name, roles, tasks=tasks, lifetime=lifetime)
    row = made.row
    data = {
        "token": made.token,
        "id": row.id,
        "name": row.name,
        "roles": list(row.roles),
        "expires_at": row.expires_at,
    }
    shown = {**data, "roles": ", ".join(row.roles), "expires_at": row.expires_at or _NEVER}
    emit(data, as_json=as_json, show=facts(shown))
    if not as_json:
        app.say("the token is shown this once: hand it to its owner now")
