"""`sftsec store rotate-key`: change the key that the state is encrypted with."""

from __future__ import annotations

from dataclasses import asdict

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("rotate-key", short_help="Change the key that the state is encrypted with.")
@click.option(
    "--new-key",
    metavar="REFERENCE",
    help="env:NAME, file:PATH, credential:NAME or keyring:SERVICE/USER.",
)
@click.option("--reencrypt", is_flag=True, help="Encrypt all files and rows again as well.")
@json_option
@pass_app
def command(app: App, new_key: str | None, reencrypt: bool, as_json: bool) -> None:
    """Encrypt the state's data keys with another key; then name that one in state.encrypt.key.

    This takes a moment, whatever the state's size. With --reencrypt the data key is a new one
    too, and all files and rows are encrypted with it.

    \b
    Examples:
      sftsec store rotate-key --new-key env:SFTSEC_STATE_KEY_2
      sftsec store rotate-key --new-key file:/run/secrets/state.key --reencrypt
    """
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.api.settings.secrets import SecretRef
    from sftsec_core.operations.encrypt_state import rotate_key

    if new_key is None and not reencrypt:
        raise click.UsageError("name the new key (--new-key REFERENCE), or ask for --reencrypt")
    try:
        reference = None if new_key is None else SecretRef(new_key)
    except ValueError as error:
        raise ConfigError(f"--new-key: {error}") from error
    with app.context() as context:
        done = asdict(rotate_key(context, reference, reencrypt=reencrypt))
    emit(done, as_json=as_json, show=facts({f"{n} re-encrypted": v for n, v in done.items()}))
    if new_key is not None:
        app.next(f"state: {{encrypt: {{key: {new_key}}}}} in sftsec.yaml", as_json=as_json)
