"""`sftsec store encrypt`: encrypt what was there before `state.encrypt` was set."""

from __future__ import annotations

from dataclasses import asdict

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("encrypt", short_help="Encrypt what the state holds already.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """Encrypt what the state holds from before state.encrypt was set; texts leave old reports.

    Killed, it goes on when it is called again. Copies elsewhere, such as backups, stay as they are.

    \b
    Examples:
      sftsec store encrypt           # with state: {encrypt: {key: env:SFTSEC_STATE_KEY}}
      openssl rand -base64 32        # makes a key: keep a copy, without it all is lost
    """
    from sftsec_core.operations.encrypt_state import encrypt_state

    with app.context() as context:
        done = asdict(encrypt_state(context))
    emit(done, as_json=as_json, show=facts({f"{n} encrypted": v for n, v in done.items()}))
