"""Streams of alerts for the tests of the context."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from sftsec_core.api.domain import Incident
from sftsec_core.api.settings.context import ContextSettings
from sftsec_core.dataset.context.events import ContextEvent, ContextReader
from sftsec_core.dataset.context.replay import ContextPlan

START = datetime(2026, 1, 1, tzinfo=UTC)
SALT = b"a site's secret"
SETTINGS = ContextSettings.model_validate(
    {
        "keys": ["rule.name", ["rule.name", "host.name"]],
        "windows": ["1h", "1d"],
        "figures": [
            "count",
            {"distinct": {"of": "host.name"}},
            {"sum": {"of": "amount"}},
            {"mean": {"of": "amount"}},
            {"deviation": {"of": "amount"}},
            {"verdicts": {"delay": "2h"}},
            "since_first",
            "since_last",
            "new",
        ],
        "memory": "2d",
        "sequence": {"of": ["rule.name", "note"], "by": "host.name", "last": 3, "chars": 10},
    }
)


def alert(
    uid: str, minutes: float, rule: str = "scan", host: str = "web", **more: object
) -> Incident:
    fields = {"rule.name": rule, "host.name": host, **more}
    return Incident(uid, fields, at=START + timedelta(minutes=minutes))


def stream(count: int, seed: int = 1, days: float = 4) -> list[Incident]:
    """Alerts in no order, some of one time."""
    random = Random(seed)  # noqa: S311 - test data, not a secret
    return [
        alert(
            f"e{number}",
            random.randrange(int(days * 1440)),
            f"rule {random.randrange(5)}",
            f"host {random.randrange(20)}",
            amount=random.choice((None, round(random.random() * 1e3, 2))),
            note=random.choice((None, "b\nc", "a long note")),
        )
        for number in range(count)
    ]


def plan(settings: ContextSettings = SETTINGS) -> ContextPlan:
    return ContextPlan(settings, SALT, START + timedelta(days=30), "benign")


def events(
    incidents: Sequence[Incident], settings: ContextSettings = SETTINGS
) -> list[ContextEvent]:
    read = map(ContextReader(settings, SALT), incidents)
    return sorted(event for event in read if event is not None)
