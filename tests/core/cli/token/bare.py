"""A folder with a configuration and no state, for commands that need neither data nor models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sftsec_core.demo.source import TASK
from tests.e2e.site import Site, with_encryption


def bare_site(folder: Path, **settings: Any) -> Site:
    """Write a configuration with the tasks `triage` and `other`."""
    task = {
        "connector": "incidents",
        "text": ["message"],
        "labels": {"benign": ["fp"], "malicious": ["tp"]},
        "benign": "benign",
    }
    whole = {
        "connectors": {"incidents": {"type": "files", "paths": ["incidents.jsonl"]}},
        "tasks": {TASK: task, "other": task},
        **settings,
    }
    site = Site(folder)
    site.config.write_text(json.dumps(with_encryption(whole)), encoding="utf-8")
    (folder / "incidents.jsonl").touch()
    return site
