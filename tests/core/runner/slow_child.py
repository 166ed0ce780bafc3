"""A run's process whose job works until it is stopped, as a long training would."""

from __future__ import annotations

import time
from types import MappingProxyType

from sftsec_core.operations import jobs
from sftsec_core.operations.context import Context
from sftsec_core.operations.running import running
from sftsec_core.runner import child


def work(context: Context, task: str, _parameters: object) -> None:
    """Hold a run and never end."""
    with running(context, "dataset", task) as run:
        (run.folder / "work").touch()
        while True:
            time.sleep(0.02)


if __name__ == "__main__":
    jobs.JOBS = MappingProxyType({**jobs.JOBS, "dataset": work})
    child.main()
