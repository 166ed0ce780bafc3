"""Which strings some objects keep in memory, and which files and sockets a process has open."""

from __future__ import annotations

import gc
import os
import threading
import time
from io import IOBase
from types import FunctionType, MethodType, ModuleType

# Through these all of the process is reached; what a connector keeps is kept in plain values.
_BORDERS = (type, ModuleType, FunctionType, MethodType, threading.Thread, IOBase)
_MOST = 200_000  # objects


def strings_held(*roots: object) -> set[str]:
    """Find the strings reached from objects, generators that wait included."""
    seen: set[int] = set()
    found: set[str] = set()
    todo: list[object] = list(roots)
    while todo and len(seen) < _MOST:
        each = todo.pop()
        if id(each) in seen or isinstance(each, _BORDERS):
            continue
        seen.add(id(each))
        if isinstance(each, str):
            found.add(each)
        elif isinstance(each, dict):
            if "__builtins__" not in each:  # a module's globals
                todo += [*each, *each.values()]  # of keys that are strings the collector says none
        else:
            todo += gc.get_referents(each)
    return found


def open_descriptors() -> int:
    """Count the files and sockets that this process has open."""
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - a listing of numbers, not of paths


def settled_descriptors(seconds: float = 0.3) -> int:
    """The fewest open within so many seconds: what closes just then is not counted as open."""
    gc.collect()
    fewest, deadline = open_descriptors(), time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.02)
        fewest = min(fewest, open_descriptors())
    return fewest
