"""Credentials that are read again while the server runs, when their files change or on SIGHUP.

What is new and cannot be used is logged, and the old one stays: a server must not end, nor let
anyone in, since a file was half written.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from sftsec_core.api.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
INTERVAL_S = 1.0
log = logging.getLogger(__name__)


class Refreshable(Protocol):
    """What the watcher reads again."""

    def refresh(self, *, force: bool = False) -> None:
        """Read again what has changed, or everything; never raises."""


class Renewed(Generic[T]):
    """A value that is made of files.

    Attributes:
        value: the newest that could be made; replaced as a whole, so that readers need no lock.
    """

    def __init__(self, what: str, make: Callable[[], T], files: Sequence[Path]) -> None:
        """Make it for the first time.

        Args:
            what: it is, for the log.
            make: reads it.
            files: a change of one of them makes it again.

        Raises:
            ConfigError: when it cannot be made.
        """
        self._what = what
        self._make = make
        self._files = tuple(files)
        # Looked at before the content is read: a change between the two is seen the next time.
        self._seen = self._look()
        self.value = make()

    def refresh(self, *, force: bool = False) -> None:
        """Make it again if a file has changed; never raises."""
        now = self._look()
        if now == self._seen and not force:
            return
        self._seen = now
        try:
            self.value = self._make()
        except ConfigError as error:
            log.error("%s as before: %s", self._what, error)  # noqa: TRY400 - one line
        except Exception as error:  # noqa: BLE001 - a keyring's; its words may repeat a secret
            log.error("%s as before: %s", self._what, type(error).__name__)  # noqa: TRY400 - as above
        else:
            log.info("%s read again", self._what)

    def _look(self) -> list[tuple[int, ...] | None]:
        return [_identity(file) for file in self._files]


class Watcher:
    """The thread that reads credentials again."""

    def __init__(self, renewed: Sequence[Refreshable], interval_s: float = INTERVAL_S) -> None:
        """Set what is looked at, and every how many seconds."""
        self._renewed = tuple(renewed)
        self._interval_s = interval_s
        self._wake = threading.Event()
        self._force = self._stop = False
        self._thread = threading.Thread(target=self._run, name="credentials", daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look until the block ends; in the main thread, SIGHUP reads everything again."""
        with _on_hangup(self.renew):
            self._thread.start()
            try:
                yield
            finally:
                self._stop = True
                self._wake.set()
                self._thread.join()

    def renew(self) -> None:
        """Have everything read again, at once."""
        self._force = True
        self._wake.set()

    def _run(self) -> None:
        while not self._stop:
            self._wake.wait(self._interval_s)
            self._wake.clear()
            force, self._force = self._force, False
            for each in self._renewed:
                each.refresh(force=force)


@contextmanager
def _on_hangup(renew: Callable[[], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(*_given: Any) -> None:  # noqa: ANN401 - the signal's
        renew()

    before = signal.signal(signal.SIGHUP, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before or signal.SIG_DFL)


def _identity(file: Path) -> tuple[int, ...] | None:
    with suppress(OSError):
        found = file.stat()
        return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode)
    return None
