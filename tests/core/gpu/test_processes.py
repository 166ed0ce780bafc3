"""Whose a process is."""

from __future__ import annotations

import os
import subprocess
import sys

from sftsec_core.gpu.processes import command_of, descends_from_us, owner_of
from sftsec_core.operations.authorize import current_user

NO_PID = 2**22 + 7


class TestProcess:
    def test_own_one_has_owner_and_command(self) -> None:
        assert owner_of(os.getpid()) == current_user()
        assert "py" in str(command_of(os.getpid()))

    def test_one_that_is_gone_has_neither(self) -> None:
        assert (owner_of(NO_PID), command_of(NO_PID)) == (None, None)


class TestDescendsFromUs:
    def test_holds_for_a_child_of_a_child(self) -> None:
        inner = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"
        outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
        with subprocess.Popen(
            [sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            grandchild = int(child.stdout.readline())
            assert grandchild != child.pid
            assert descends_from_us(grandchild)
            assert descends_from_us(os.getpid())
            assert child.stdin is not None
            child.stdin.close()

    def test_holds_for_no_other(self) -> None:
        assert not descends_from_us(1)
        assert not descends_from_us(os.getppid())
        assert not descends_from_us(NO_PID)
