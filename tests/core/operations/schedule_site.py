"""A folder with a task and schedules, and nothing in it yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sftsec_core.api.domain import Actor
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context

NIGHTLY: dict[str, Any] = {"run": "retrain", "task": "mail", "when": {"cron": "0 2 * * *"}}
FOLLOW: dict[str, Any] = {
    "run": "score",
    "task": "mail",
    "after": {"run": "retrain", "when": "promoted"},
}


def write_site(folder: Path, schedules: dict[str, Any] | None = None, **state: Any) -> Path:
    """Write sftsec.yaml, with a section `schedules` where they are given."""
    task = {
        "connector": "in",
        "text": ["message"],
        "labels": {"phish": ["tp"], "benign": ["fp"]},
        "benign": "benign",
    }
    said: dict[str, Any] = {
        "version": 1,
        "state": state,
        "connectors": {"in": {"type": "files", "paths": ["in/"], "output": "out.jsonl"}},
        "tasks": {"mail": task, "url": task},
    }
    if schedules is not None:
        said["schedules"] = schedules
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "sftsec.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    return file


def open_site(
    folder: Path, schedules: dict[str, Any] | None = None, actor: Actor | None = None
) -> Context:
    """Write a site and open it."""
    return Context.open(write_site(folder, schedules), actor=actor or local_admin("test"))
