"""What a worker measures of the process group of a run."""

from __future__ import annotations

import os
import subprocess
import sys

from sftsec_core.runner.process import group_memory

HOLD = """
import subprocess, sys
held = bytearray(b"x" * 60_000_000)
if len(sys.argv) > 1:
    pipe = subprocess.PIPE
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=pipe, stdout=pipe)
    child.stdout.readline()
print("held", flush=True)
sys.stdin.readline()
if len(sys.argv) > 1:
    child.communicate()  # else it may outlive its parent, and still be counted
"""


class TestMemory:
    def test_counts_the_whole_group(self) -> None:
        command = [sys.executable, "-c", HOLD, HOLD]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            assert 120e6 < group_memory(process.pid) < 400e6
            process.communicate(b"\n", timeout=30)
        assert group_memory(process.pid) == 0
        assert group_memory(os.getpgrp()) > 0
