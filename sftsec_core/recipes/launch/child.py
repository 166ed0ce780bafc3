"""The training process: `python -P -m sftsec_core.recipes.launch.child ORDER.json`.

Standard output carries events as JSON lines and, where a recipe fails, one line of the error;
what a recipe prints goes to standard error. Standard input is a pipe that the parent holds open:
its end means that the parent is gone, and so this process ends too.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from sftsec_core.api.contracts import TrainOrder
from sftsec_core.api.errors import SftsecError
from sftsec_core.plugins import Plugins
from sftsec_core.recipes.launch.fit import fit_order
from sftsec_core.sdk.training_process import error_line

if TYPE_CHECKING:
    from sftsec_core.api.domain import Event

_ORPHANED = 3


def main() -> None:
    """Carry out the order in the file that is named; exit as the error says."""
    # Ctrl-C reaches the whole terminal's group: the parent ends this process with SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    out = _take_stdout()
    order = TrainOrder.from_json(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    lock = threading.Lock()

    def emit(event: Event) -> None:
        with lock:
            _write(out, event.to_json())

    try:
        plugins = Plugins(order.plugins)
        plugins.require()
        fit_order(order, plugins, emit)
    except Exception as error:  # noqa: BLE001 - any failure of a recipe is reported to the parent
        _write(out, error_line(error))
        if not isinstance(error, SftsecError) or os.environ.get("SFTSEC_DEBUG"):
            import traceback

            traceback.print_exception(error)
        _end(1)
    _end(0)


def _end(code: int) -> NoReturn:
    """End at once: torch takes a second to be torn down, and all that counts is on the disk."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _take_stdout() -> IO[str]:
    """Keep standard output for the events; what is printed goes to standard error."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return own


def _write(out: IO[str], values: object) -> None:
    out.write(json.dumps(values, default=str) + "\n")
    out.flush()


def _end_with_the_parent() -> None:
    # Not through `sys.stdin`: its lock, held by a daemon thread, would abort the exit.
    while os.read(0, 1):
        pass
    os._exit(_ORPHANED)


if __name__ == "__main__":
    main()
