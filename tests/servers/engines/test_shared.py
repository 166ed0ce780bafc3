"""An engine that several processes share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.engines.counting import answers
from tests.servers.engines.shared import shared_engine
from tests.servers.opensearch import distribution

_HOLDER = """\
import sys, time
from pathlib import Path
from tests.servers.engines.shared import shared_engine
with shared_engine("opensearch", Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    time.sleep(600)
"""


class TestSharedEngine:
    @pytest.mark.slow
    def test_ends_with_its_last_process(self, tmp_path: Path, root: Path) -> None:
        distribution(security=False)
        with shared_engine("opensearch", tmp_path) as server:
            command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
            with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as other:
                assert other.stdout is not None
                assert other.stdout.readline().strip() == server.url
                os.kill(other.pid, signal.SIGKILL)  # it can tell nobody that it ends
        deadline = time.monotonic() + 60
        while answers(server):
            assert time.monotonic() < deadline, "nobody uses it and it still answers"
            time.sleep(0.1)
        with shared_engine("opensearch", tmp_path) as again:
            assert answers(again)
