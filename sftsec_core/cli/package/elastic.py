"""`sftsec package elastic`: the integration package for Kibana."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("elastic", short_help="Build the package for Kibana.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for the zip; default: this one.",
)
@json_option
@pass_app
def command(app: App, output: Path, as_json: bool) -> None:
    """Write sftsec-VERSION.zip, an integration package for Kibana; the same bytes each time.

    It has the data streams for detections and for the audit log, a detection rule, dashboards,
    a saved search, and a page of documentation. Nothing is sent anywhere.

    \b
    Examples:
      sftsec package elastic
      sftsec package elastic --output dist --json
    """
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.packages.elastic import build_package, write_package

    package = build_package()
    try:
        written = write_package(output, package)
    except OSError as error:
        raise ConfigError(
            f"{output}: cannot write the package there: {error.strerror}; name another folder "
            "with --output"
        ) from error
    emit(asdict(written), as_json=as_json, show=facts(asdict(written)))
    app.say("upload it in Kibana: Integrations > Create new integration > Upload it as a .zip")
