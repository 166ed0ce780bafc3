"""`sftsec package opensearch`: saved objects, a monitor and roles for OpenSearch and Wazuh."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("opensearch", short_help="Build the package for OpenSearch and Wazuh.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for the zip; default: this one.",
)
@json_option
@pass_app
def command(app: App, output: Path, as_json: bool) -> None:
    """Write sftsec-opensearch-VERSION.zip, for OpenSearch and Wazuh; the same bytes each time.

    It has saved objects for Dashboards (the queue of alerts to label, verdicts, model health), a
    monitor for detections, a retention policy, roles, and a README. Nothing is sent anywhere.

    \b
    Examples:
      sftsec package opensearch
      sftsec package opensearch --output dist --json
    """
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.packages.opensearch import build_opensearch_package, write_opensearch_package

    package = build_opensearch_package()
    try:
        written = write_opensearch_package(output, package)
    except OSError as error:
        raise ConfigError(
            f"{output}: cannot write the package there: {error.strerror}; name another folder "
            "with --output"
        ) from error
    emit(asdict(written), as_json=as_json, show=facts(asdict(written)))
    app.say("unpack it, and import saved_objects.ndjson in Dashboards: Saved objects > Import")
