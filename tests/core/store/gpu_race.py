"""Processes that lease GPUs from one store and die in between; started by `test_gpu_leases`."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from datetime import timedelta
from pathlib import Path

from sftsec_core.store.gpu_leases import GpuLeaseOrder
from sftsec_core.store.store import Store

DEVICES = {"GPU-a": "0", "GPU-b": "1"}
LEASE = timedelta(seconds=2)
ROUNDS = 2
PROCESSES = 8


def main(url: str, folder: Path) -> list[int]:
    """Fork the processes, once all is imported; return how each ended."""
    children = []
    for number in range(PROCESSES):
        if (child := os.fork()) == 0:
            code = 1
            try:
                compete(url, folder, number)
                code = 0
            except BaseException:  # noqa: BLE001 - the child must not go on as the parent
                traceback.print_exc()
            os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def compete(url: str, folder: Path, number: int) -> None:
    """Hold each lease as a folder that only one process can have made.

    Every fourth process dies while it holds its second lease.
    """
    done, chance = 0, random.Random(number)  # noqa: S311 - the order of a test
    with Store.open(url, folder=folder, actor="tester") as store:
        while done < ROUNDS:
            order = GpuLeaseOrder(f"r{number}-{done}", "mail", "here", DEVICES, LEASE)
            lease = store.gpu_leases.take(order)
            if lease is None:
                time.sleep(0.01)
                continue
            (device,) = lease.devices
            (folder / device).mkdir()  # FileExistsError: two hold it at once
            time.sleep(chance.random() * 0.02)
            if number % 4 == 0 and done == 1:
                (folder / device).rmdir()
                os.kill(os.getpid(), signal.SIGKILL)
            if store.gpu_leases.renew(lease.id, LEASE) is None:
                (folder / device).rmdir()
                done += store.gpu_leases.end(lease.id)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
