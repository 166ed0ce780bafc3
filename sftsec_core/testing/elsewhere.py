"""Run a function in another process: with other hashes of strings, and in another timezone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from typing import Any

_TIMEOUT_S = 120
_CODE = """
import json, sys
from sftsec_core.testing.elsewhere import find
order = json.loads(sys.stdin.buffer.read())
json.dump(find(order["function"])(*order["arguments"]), sys.stdout)
"""


def path_of(value: object) -> str:
    """Name a function or class of a module so that another process finds it.

    Raises:
        AssertionError: for one without such a name, as a lambda.
    """
    name = getattr(value, "__qualname__", "<unnamed>")
    assert "<" not in name, (
        f"{value!r} must stand in a module under a name of its own, not be a lambda or an inner "
        "function: another process has to find it"
    )
    return f"{getattr(value, '__module__', '')}:{name}"


def call_elsewhere(function: Callable[..., object], *arguments: object) -> Any:  # noqa: ANN401 - JSON
    """Call a function of a module in another process, with JSON values in and out.

    Raises:
        AssertionError: with its last lines, when it fails there.
    """
    order = {"function": path_of(function), "arguments": arguments}
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    paths = os.pathsep.join(path for path in sys.path if path)
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths, "TZ": "Pacific/Auckland"}
    done = subprocess.run(
        [sys.executable, "-c", _CODE],
        input=json.dumps(order).encode(),
        env=env,
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return json.loads(done.stdout)


def find(path: str) -> Any:  # noqa: ANN401 - whatever stands there
    """Return what `path_of` named."""
    module, _, name = path.partition(":")
    return attrgetter(name)(import_module(module))
