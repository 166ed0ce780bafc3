"""What a node's error is for the one who asked; scoring itself is tried in test_cluster.py."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from ray.exceptions import RayTaskError
from sftsec_core.api import DataError
from sftsec_ray.scoring import _cause_of

ours = RayTaskError("score", "Traceback: DataError: ...", DataError("the input has changed"))
theirs = RuntimeError("Ray Data: the job failed")
theirs.__cause__ = ours.as_instanceof_cause()
print(repr(_cause_of(theirs)), repr(_cause_of(ValueError("first\\nlast"))))
"""


class TestErrors:
    def test_of_a_node_keep_their_class(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
        )
        assert done.stdout == "DataError('the input has changed') TrainingError('Ray: last')\n"
