"""Erasures that are killed, each a step later than the one before.

Run as a process, which forks one for each step: `killed_forgetting TEMPLATE FOLDER UID` copies the
site for each, and kills the erasure in `FOLDER/<step>` before its step number `step`. A step is an
entry of the audit log, with which each transaction ends, or a file or folder of the state that is
moved, or removed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

from sftsec_core.operations.forget import ForgetRequest, forget
from sftsec_core.store.audit import AuditLog
from tests.core.operations.secret_task import Observer, context


def main(template: Path, folder: Path, uid: str) -> None:
    """Go on until an erasure comes to its end."""
    with context(template, Observer(), "linear") as work:  # imported once, before the first fork
        forget(work, ForgetRequest(uid=uid), dry_run=True)
    for step in count():
        site = Path(shutil.copytree(template, folder / f"{step:03d}"))
        child = os.fork()
        if child == 0:
            _forget(site, step, uid)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert status == 0, f"step {step}: {status}"
            return


def _forget(site: Path, step: int, uid: str) -> None:
    steps, state = count(), str(site / ".sftsec")

    def on_step() -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_audit(name: str, given: tuple[object, ...]) -> None:
        if name in ("os.rename", "os.remove", "os.rmdir") and str(given[0]).startswith(state):
            on_step()

    append = AuditLog.append

    def append_as_step(self: AuditLog, *given: Any, **more: Any) -> None:
        append(self, *given, **more)
        on_step()

    AuditLog.append = append_as_step  # type: ignore[method-assign]
    with context(site, Observer(), "linear") as work:
        work.store.models.list(None)  # opened before the first step
        sys.addaudithook(on_audit)
        forget(work, ForgetRequest(uid=uid))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
