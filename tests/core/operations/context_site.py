"""A site whose alerts say nothing by themselves: an attack is many of one rule on a host."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.preflight import read
from tests.core.operations.secret_task import Observer

START = datetime(2026, 1, 1, tzinfo=UTC)
EVENT_CONTEXT: Mapping[str, Any] = {
    "keys": ["rule.name", ["rule.name", "host.name"]],
    "windows": ["1h", "1d"],
    "figures": ["count", "new", "since_last", {"distinct": {"of": "host.name"}}],
}


def alerts(bursts: int, seed: int = 1) -> Iterable[dict[str, Any]]:
    """Every two hours some alerts, and each second time eight of one rule on one host."""
    random = Random(seed)  # noqa: S311 - test data, not a secret
    for hour in range(bursts):
        start = START + timedelta(hours=2 * hour)
        rules = [f"rule {random.randrange(4)}" for _ in range(6)]
        hosts = [f"host {random.randrange(3)}" for _ in range(6)]
        for number, (rule, host) in enumerate(zip(rules, hosts, strict=True)):
            yield _alert(f"b{hour}-{number}", start + timedelta(minutes=4 * number), rule, host)
        for number in range(8 * (hour % 2)):
            at = start + timedelta(hours=1, seconds=number)
            yield _alert(f"a{hour}-{number}", at, rules[0], hosts[0], "malicious")


def _alert(
    uid: str, at: datetime, rule: str, host: str, label: str | None = "benign"
) -> dict[str, Any]:
    named = {"rule.name": rule, "host.name": host}
    return {"id": uid, "@timestamp": at.isoformat(), **named, "label": label}


def write_alerts(folder: Path, rows: Iterable[Mapping[str, Any]], name: str = "alerts") -> None:
    lines = [json.dumps({k: v for k, v in row.items() if v is not None}) for row in rows]
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def context_site(
    folder: Path, context: Mapping[str, Any] | None = EVENT_CONTEXT, **more: Any
) -> Context:
    task = {
        "connector": "siem",
        "categories": ["rule.name"],
        "labels": {"benign": ["benign"], "malicious": ["malicious"]},
        "benign": "benign",
        "train": {"recipe": "boosted", "launcher": "here"},
        "gate": {"min_labels": 20},
        **({"context": context} if context is not None else {}),
        **more,
    }
    settings = {
        "connectors": {
            "siem": {"type": "files", "paths": ["[al]*.jsonl"], "output": "found.jsonl"}
        },
        "tasks": {"alerts": task},
    }
    file = folder / "sftsec.yaml"
    file.write_text(json.dumps(settings))
    checked, plugins = read(file)
    plugins.add(Observer())
    return Context(file, checked, plugins, actor=local_admin("test"))
