"""`sftsec package splunk`: the app for Splunk's search heads."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("splunk", short_help="Build the app for Splunk's search heads.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for the archive; default: this one.",
)
@json_option
@pass_app
def command(app: App, output: Path, as_json: bool) -> None:
    """Write sftsec-VERSION.tgz, an app for Splunk's search heads; the same bytes each time.

    It has the labelling page, the search commands sftsecscore and sftseclabel, an alert action,
    two dashboards, the index and the collections of these, and roles. Nothing is sent anywhere.

    \b
    Examples:
      sftsec package splunk
      sftsec package splunk --output dist --json
    """
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.packages.splunk import build_app, write_app

    built = build_app()
    try:
        written = write_app(output, built)
    except OSError as error:
        raise ConfigError(
            f"{output}: cannot write the app there: {error.strerror}; name another folder "
            "with --output"
        ) from error
    emit(asdict(written), as_json=as_json, show=facts(asdict(written)))
    app.say("install it in Splunk: Apps > Manage Apps > Install app from file")
