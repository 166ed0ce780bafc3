"""How a run is told to stop: SIGTERM, or a flag on its row, end it as Ctrl-C does."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sftsec_core.api.errors import SftsecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOOK_EVERY_S = 1.0
log = logging.getLogger(__name__)


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM end the body as Ctrl-C does: children are ended, the run can be resumed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set a handler
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt("SIGTERM")


@contextmanager
def stop_interrupts(stopped: Callable[[], bool], every_s: float = _LOOK_EVERY_S) -> Iterator[None]:
    """Look at a flag beside the body, and send this process SIGTERM once it is up.

    Args:
        stopped: whether the flag is up; an error of the store counts as no.
        every_s: seconds between two looks.
    """
    main = threading.main_thread()
    if threading.current_thread() is not main:
        yield  # nobody would be interrupted
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(every_s):
            try:
                if not stopped():
                    continue
            except SftsecError as error:
                log.warning("whether the run is to stop is not known: %s", error)
                continue
            # To the main thread, which may wait in a call: another thread would leave it there.
            signal.pthread_kill(main.ident or 0, signal.SIGTERM)
            return

    thread = threading.Thread(target=watch, name="stop-flag", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
