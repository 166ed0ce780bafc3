from __future__ import annotations

import subprocess
import sys

from sftsec_core.bench.process_memory import PeakMemory

HOLDS = "held = bytearray(60 * 2**20); print('holding', flush=True); input()"


class TestPeakMemory:
    def test_sees_what_a_child_holds(self) -> None:
        with PeakMemory() as before:
            pass
        child = subprocess.Popen(
            [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
        with PeakMemory() as memory:
            pass
        child.communicate(b"\n")
        assert memory.largest_mb > 60
        assert memory.private_mb > before.private_mb + 50
