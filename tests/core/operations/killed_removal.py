"""Removals that are killed, each a step later than the one before.

Run as a process, which forks one for each step: `killed_removal TEMPLATE FOLDER` copies the site
for each, and kills the removal in `FOLDER/<step>` before its step number `step`. A step is an
entry of the audit log, with which each transaction ends, a folder that is moved out of its place,
or one of a few files that go.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

from sftsec_core.operations.remove_unused import remove_unused
from sftsec_core.store.audit import AuditLog
from tests.core.operations.nights import ALL, Nights, opened

_FILES_A_STEP = 12


def main(template: Path, folder: Path) -> None:
    """Go on until a removal comes to its end."""
    # Imported and loaded once, before the first fork.
    with Nights(template, ()).opened() as context:
        remove_unused(context, ALL)
    for step in count():
        site = Path(shutil.copytree(template, folder / f"{step:03d}"))
        child = os.fork()
        if child == 0:
            _remove(site, step)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert status == 0, f"step {step}: {status}"
            return


def _remove(site: Path, step: int) -> None:
    steps, files, state = count(), count(), site / ".sftsec"

    def on_step() -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_audit(name: str, given: tuple[object, ...]) -> None:
        if name not in ("os.rename", "os.remove", "os.rmdir"):
            return
        whole = name == "os.rename" and Path(str(given[0])).parent.parent == state
        if whole or next(files) % _FILES_A_STEP == 0:
            on_step()

    append = AuditLog.append

    def append_as_step(self: AuditLog, *given: Any, **more: Any) -> None:
        append(self, *given, **more)
        on_step()

    AuditLog.append = append_as_step  # type: ignore[method-assign]
    with opened(site) as context:
        context.store.models.list(None)  # opened before the first step
        sys.addaudithook(on_audit)
        remove_unused(context, ALL, remove=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
