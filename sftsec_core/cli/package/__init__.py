"""`sftsec package`: packages that a SIEM installs."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "package",
    cls=LazyGroup,
    short_help="Build the app or package for a SIEM.",
    lazy={
        "elastic": "sftsec_core.cli.package.elastic",
        "opensearch": "sftsec_core.cli.package.opensearch",
        "soar": "sftsec_core.cli.package.soar",
        "splunk": "sftsec_core.cli.package.splunk",
    },
)
def command() -> None:
    """Build the app or integration package that a SIEM installs."""
