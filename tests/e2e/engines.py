"""Real labelled sets as what a SIEM holds, and the site that reads it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq
import yaml

from sftsec_core.api.domain import Batch
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from tests.e2e.site import Site, with_encryption

PLANTED = "planted text that no analyst judged"
START = datetime(2026, 1, 5, tzinfo=UTC)
REASON = {True: "true_positive", False: "false_positive"}


@dataclass(frozen=True)
class Row:
    """One labelled event of a set.

    Attributes:
        name: unique in the engine.
        at: made up, a minute apart.
        body: its fields, nested, without the label.
    """

    name: str
    at: str
    body: Mapping[str, Any]
    malicious: bool


@dataclass(frozen=True)
class Set:
    """A real labelled set: its field, and which of its labels is the attack."""

    name: str
    field: str
    attack: str

    def rows(self, folder: Path, parts: Sequence[str], limit: int | None = None) -> list[Row]:
        """Read parts of it, in the files' order."""
        found = []
        for number, (part, row) in enumerate(_read(folder, parts)):
            if limit is not None and number >= limit:
                break
            label, name = row.pop("label"), row.pop("id")
            at = (START + timedelta(minutes=number)).isoformat()
            found.append(Row(f"{self.name}-{part}-{name}", at, row, label == self.attack))
        return found


SMS = Set("sms_spam", "message", "spam")
WEB = Set("command_injection", "http.request.body.content", "malicious")


def _read(folder: Path, parts: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in parts:
        with gzip.open(folder / f"{part}.jsonl.gz", "rb") as lines:
            for line in lines:
                yield part, orjson.loads(line)


def write_config(
    folder: Path, plugin: str, connectors: Mapping[str, Any], tasks: Mapping[str, Set]
) -> None:
    """Write a site's configuration: one task for each set, on the connector of its own name."""
    task = {
        "labels": {
            "benign": ["false_positive", "benign_positive"],
            "malicious": ["true_positive"],
        },
        "benign": "benign",
        "window": "all",  # the sets are of fixed times
        "train": {"recipe": "linear"},
        "gate": {"min_labels": 100, "on_few_labels": "warn"},
    }
    settings = {
        "version": 1,
        "plugins": ["core", "pii", plugin],
        "connectors": {name: {"type": plugin, **each} for name, each in connectors.items()},
        "tasks": {
            name: {"connector": name, "text": [each.field], **task} for name, each in tasks.items()
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sftsec.yaml").write_text(yaml.safe_dump(with_encryption(settings)), encoding="utf-8")


def text_of(row: Row, chosen: Set) -> str:
    """The text that the set's field holds."""
    value: Any = row.body
    for name in chosen.field.split("."):
        value = value[name]
    return str(value)


def attack(site: Site, task: str, digest: str, texts: list[str]) -> float:
    """The mean probability of an attack that a registered model gives to texts."""
    with Context.open(site.config, actor=local_admin("test")) as context:
        ref = context.registry.resolve(digest, task)
        proba = context.registry.load(ref).model.predict_proba(Batch.of_texts(texts))
    return float(np.mean(proba[:, 1]))


def snapshot_text(site: Site, run: Mapping[str, Any]) -> str:
    """All rows that a retraining learned from, as text."""
    folder = site.folder / ".sftsec" / "snapshots" / run["data"]["snapshot"]
    parts = sorted(folder.glob("rows-*"))
    assert parts
    rows = []
    with Context.open(site.config, actor=local_admin("test")) as context:
        for part in parts:
            with context.vault.open(part) if context.vault else part.open("rb") as file:
                rows.append(str(pq.read_table(file).to_pylist()))
    return " ".join(rows)
