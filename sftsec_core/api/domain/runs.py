"""Runs: one attempt at one task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One retraining or scoring run.

    Attributes:
        id: sorts by time ("20260131T120000-1a2b3c").
        kind: "retrain" or "score".
        task: the task's name.
        status: "running", "interrupted" (the next run goes on with it), "succeeded", "refused" (by
            the gate) or "failed".
        folder: the run's files: checkpoint, report, log.
        started_at: UTC.
        finished_at: UTC; None while it runs.
        error: the one line that says why it failed.
    """

    id: str
    kind: str
    task: str
    status: str
    folder: Path
    started_at: datetime
    finished_at: datetime | None = None
    error: str | None = None
