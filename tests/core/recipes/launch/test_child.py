"""The training process ends with its parent."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_S = 200


def _lives(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] not in ("Z", "X")


class TestChild:
    def test_ends_when_its_parent_is_killed(self, tmp_path: Path) -> None:
        """Two processes must not train in one folder after the parent's run was resumed."""
        program = (
            "import subprocess, sys, time\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import threading, time\\n"
            "from sftsec_core.recipes.launch.child import _end_with_the_parent\\n"
            "threading.Thread(target=_end_with_the_parent, daemon=True).start()\\n"
            "print(1, flush=True); time.sleep(600)'], stdin=subprocess.PIPE,"
            " stdout=subprocess.PIPE)\n"
            "child.stdout.readline(); print(child.pid, flush=True); time.sleep(600)\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            parent.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_S
        while _lives(child) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _lives(child)
