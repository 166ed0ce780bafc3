"""Scores and delivers, and kills itself at a chosen point: run by `test_killed.py`.

Arguments: the database's address, the working folder, the point ("" for none), and after how
many passes of the point.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sftsec_core.api.domain import PullWindow
from sftsec_core.scoring.delivery import DeliverySettings, deliver
from sftsec_core.scoring.outbox_writer import ScoreJob, score_to_outbox
from sftsec_core.store.audit import AuditLog
from sftsec_core.store.cursors import Cursors
from sftsec_core.store.outbox import Outbox
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from sftsec_files.connector import FilesConnector
from tests.core.scoring.parts import files, scorer

LEASE = timedelta(seconds=2)  # the claims of a killed run end with it
POINTS: dict[str, tuple[type, str, bool]] = {
    "inside the outbox transaction": (Outbox, "add", False),
    "before the cursor moves": (Cursors, "move", True),
    "before the push": (FilesConnector, "push", True),
    "between push and receipt": (FilesConnector, "push", False),
    "inside the receipt transaction": (Outbox, "deliver", False),
    "at the end of the receipt transaction": (AuditLog, "append", False),
    "after the receipt": (Outbox, "claim", True),
}


def arm(point: str, passes: int) -> None:
    """Make a method kill this process, before or after it ran for the given time."""
    owner, name, before = POINTS[point]
    method: Callable[..., Any] = getattr(owner, name)
    left = [passes]

    def deadly(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if before and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        result = method(*args, **kwargs)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


def main(url: str, folder: Path, point: str, passes: int) -> None:
    """Do a whole `score`: pull, score, record, deliver."""
    connector = files(folder)
    with Store.open(url, folder=folder / "state", actor="tester", lease=LEASE) as store:
        # A run for each process, as two tasks with one destination have: both deliver at once.
        order = RunOrder("score", f"mail-{os.getpid()}", {})
        run = store.runs.begin(order, folder / "runs").info
        store.audit.append("score.started", order.task, {"run": run.id})
        if point:
            arm(point, passes)
        with store.runs.heartbeat(run.id):
            job = ScoreJob("mail", "siem", "siem", PullWindow(labelled=False), run_id=run.id)
            score_to_outbox(store, connector, scorer(), job)
            settings = DeliverySettings(batch=4)
            deliver(store, connector, "siem", run_id=run.id, settings=settings)
        store.runs.finish(run.id, "succeeded")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
