"""A site after some nights of retraining: real models, runs, snapshots, promotions, a rollback."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from sftsec_core.api.domain import Decision, Detection, Vote, detection_uid
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.unused import UnusedOrder
from sftsec_core.registry.card import Provenance, build_card
from sftsec_core.store.columns import utc_now
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.core.registry.trained import TASK, model, report, serving

YES = Decision(True, (Vote("no_leak", True, "clean"),))
SOURCE = "alerts"
ALL = UnusedOrder(timedelta(), keep=0)


@dataclass(frozen=True, slots=True)
class Night:
    """What one night made."""

    run: str
    model: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class Nights:
    """The site's folder and its nights, oldest first.

    The first model was live, then the second, then the first again by a rollback; the third is
    live, the fourth is the candidate. Only of the second night nothing is needed.
    """

    folder: Path
    nights: tuple[Night, ...]

    @classmethod
    def make(cls, folder: Path, **task: Any) -> Nights:
        """Make the site; `task` changes its task."""
        write_settings(folder, **task)
        with opened(folder) as context:
            nights = tuple(_night(context, number) for number in range(4))
            for number in (0, 1, None, 2):
                if number is None:
                    context.registry.rollback(TASK.name, "ada", "too many alerts")
                else:
                    context.registry.promote(TASK.name, nights[number].model, YES, "ada")
        return cls(folder, nights)

    @property
    def state(self) -> Path:
        return self.folder / ".sftsec"

    def opened(self) -> Context:
        return opened(self.folder)

    def store(self, days_ago: float = 0) -> Store:
        """The store as a process would have written to it some days ago."""
        then = utc_now() - timedelta(days=days_ago)
        return Store.open(None, folder=self.state, actor="tester", clock=lambda: then)


def write_settings(folder: Path, **task: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "version": 1,
        "connectors": {SOURCE: {"type": "files", "paths": ["alerts"]}},
        "tasks": {
            TASK.name: {
                "connector": SOURCE,
                "text": ["process.command_line"],
                "labels": {"benign": ["fp"], "malicious": ["tp"]},
                "benign": "benign",
                **task,
            }
        },
    }
    (folder / "sftsec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def opened(folder: Path) -> Context:
    return Context.open(folder / "sftsec.yaml", actor=local_admin("test"))


def detection(digest: str, incident: str = "a1") -> Detection:
    """An alert of a model."""
    return Detection(
        uid=detection_uid(digest, incident, ""),
        incident_uid=incident,
        task=TASK.name,
        model_digest=digest,
        label="malicious",
        probability=0.9,
        threshold=0.5,
    )


def _night(context: Context, number: int) -> Night:
    store, root = context.store, context.folder
    run = store.runs.begin(RunOrder("retrain", TASK.name, {}), root / "runs").info
    store.audit.append("retrain.started", TASK.name, {"run": run.id, "resumed": False})
    snapshot = f"{number}" * 64
    place = root / "snapshots" / snapshot
    place.mkdir(parents=True)
    (place / "manifest.json").write_text(json.dumps({"digest": snapshot}), encoding="utf-8")
    store.snapshots.add(TASK.name, snapshot, place, rows=1, manifest={}, run_id=run.id)
    (run.folder / "snapshot").write_text(snapshot, encoding="ascii")
    for name in ("fitted/linear", "work/lora/checkpoint-1"):
        (run.folder / name).mkdir(parents=True)
        (run.folder / name / "weights").write_bytes(b"w" * 1000)
    (run.folder / "report.json").write_text("{}", encoding="utf-8")
    measured = replace(report(), data={**report().data, "snapshot": snapshot})
    card = build_card(measured, YES, TASK, Provenance(run.id, snapshot=snapshot, seed=13))
    ref = context.registry.register(model(), serving(run.id), card, run_id=run.id)
    store.runs.finish(run.id, "succeeded", report=run.folder / "report.html")
    os.utime(run.folder, (0, 0))  # not a run that begins just now
    return Night(run.id, ref.digest, snapshot)
