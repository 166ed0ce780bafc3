"""`sftsec bench`: measurements, side by side with what one would use instead."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "bench",
    cls=LazyGroup,
    short_help="Measure quality and speed on your data and machine.",
    lazy={
        "quality": "sftsec_core.cli.bench.quality",
        "ingest": "sftsec_core.cli.bench.ingest",
        "redaction": "sftsec_core.cli.bench.redaction",
        "vision": "sftsec_core.cli.bench.vision",
        "connector": "sftsec_core.cli.bench.connector",
        "train": "sftsec_core.cli.bench.train",
        "serve": "sftsec_core.cli.bench.serve",
        "drift": "sftsec_core.cli.bench.drift",
        "context": "sftsec_core.cli.bench.context",
        "score": "sftsec_core.cli.bench.score",
        "cascade": "sftsec_core.cli.bench.cascade",
        "start": "sftsec_core.cli.bench.start",
        "store": "sftsec_core.cli.bench.store",
        "kills": "sftsec_core.cli.bench.kills",
        "noise": "sftsec_core.cli.bench.noise",
        "poison": "sftsec_core.cli.bench.poison",
        "explain": "sftsec_core.cli.bench.explain",
        "fairness": "sftsec_core.cli.bench.fairness",
        "federated": "sftsec_core.cli.bench.federated",
        "privacy": "sftsec_core.cli.bench.privacy",
        "robustness": "sftsec_core.cli.bench.robustness",
        "ray": "sftsec_core.cli.bench.ray",
    },
)
def command() -> None:
    """Measure quality and speed on your own data and machine."""
