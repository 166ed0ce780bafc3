"""Holders are named, and a stale one of this host is ended."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from sftsec_core.store.holders import end_holder, new_holder

PROGRAM = """
from sftsec_core.store.holders import new_holder
print(new_holder(), flush=True)
input()
"""


def start() -> tuple[subprocess.Popen[str], str]:
    """A process that waits, and the name under which it holds runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


class TestHolder:
    def test_no_two_holders_have_one_name(self) -> None:
        assert new_holder() != new_holder()

    def test_a_stopped_process_is_ended(self) -> None:
        process, holder = start()
        with process:
            process.send_signal(signal.SIGSTOP)
            assert end_holder(holder)
            assert process.wait(30) == -signal.SIGKILL
        assert not end_holder(holder)

    @pytest.mark.parametrize("part", [1, 3])
    def test_another_process_is_left_alone(self, part: int) -> None:
        process, holder = start()
        with process:
            parts = holder.split(":")
            parts[part] = "another"
            assert not end_holder(":".join(parts))
            assert process.poll() is None
            process.communicate("\n", timeout=30)
        assert process.returncode == 0

    @pytest.mark.parametrize("name", ["", "run:host:1:0123", "run:host:1:-:x", "nobody"])
    def test_names_of_nobody_end_nothing(self, name: str) -> None:
        assert not end_holder(name)

    def test_a_process_never_ends_itself(self) -> None:
        assert not end_holder(new_holder())
