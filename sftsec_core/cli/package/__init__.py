"""`sftsec package`: what a SIEM installs, and what runs sftsec as a service."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "package",
    cls=LazyGroup,
    short_help="Build what a SIEM or a server installs.",
    lazy={
        "deployment": "sftsec_core.cli.package.deployment",
        "elastic": "sftsec_core.cli.package.elastic",
        "opensearch": "sftsec_core.cli.package.opensearch",
        "soar": "sftsec_core.cli.package.soar",
        "splunk": "sftsec_core.cli.package.splunk",
    },
)
def command() -> None:
    """Build the app or integration package that a SIEM installs, or the files of a deployment."""
