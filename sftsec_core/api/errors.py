"""One class for each kind of failure; each carries where it happened and its exit code.

A user sees `str(error)`: one line that says what to do. `--debug` shows the trace.
"""

from __future__ import annotations

import errno
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path


class SftsecError(Exception):
    """Anything that sftsec itself reports; the base of all the others."""

    exit_code: ClassVar[int] = 1


class ConfigError(SftsecError):
    """The configuration is wrong; nothing was touched."""

    exit_code = 3

    def __init__(self, message: str, *, file: Path | None = None, path: str = "") -> None:
        self.file = file
        self.path = path
        where = ": ".join(part for part in (str(file) if file else "", path) if part)
        super().__init__(f"{where}: {message}" if where else message)


class ScheduleError(ConfigError):
    """Some schedules cannot run; the others are not held up."""


class PluginError(SftsecError):
    """A plugin cannot be loaded, clashes with another, or breaks a hook's contract."""

    exit_code = 4


class ConnectorError(SftsecError):
    """A SIEM or a file cannot be read or written."""

    exit_code = 5

    def __init__(self, message: str, *, connector: str = "") -> None:
        self.connector = connector
        super().__init__(f"connector {connector!r}: {message}" if connector else message)


class ConnectorUnavailableError(ConnectorError):
    """The other side does not answer just now; a retry from the cursor may succeed."""


class DataError(SftsecError):
    """The data cannot be used for this task: no labels, one class, no rows to choose on."""

    exit_code = 6


class TrainingError(SftsecError):
    """A recipe could not fit a model."""

    exit_code = 7


class TrainingInterruptedError(TrainingError):
    """The training process was killed; the run can be resumed."""


class GateRefusedError(SftsecError):
    """The model was trained and evaluated, and may not go into service."""

    exit_code = 8


class IntegrityError(SftsecError):
    """A stored artefact is not the one that was written: a digest or a format is wrong."""

    exit_code = 9


class StoreError(SftsecError):
    """The state store cannot be opened, migrated or written."""

    exit_code = 10


class DiskFullError(StoreError):
    """There is no room for what must be written."""

    @classmethod
    def of(cls, error: BaseException) -> Self | None:
        """Name an error of the operating system for what it is; None when it is another one."""
        if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return None
        where = f" for {error.filename}" if error.filename else ""
        return cls(f"no space is left{where}: make room and run the same command again")


class StoreMovedError(StoreError):
    """The store was moved to another place: nothing can be written to it any more."""


class LeaseLostError(StoreError):
    """A process works on a run that another process holds."""


class RunCancelledError(SftsecError):
    """A run ended because somebody cancelled it."""

    exit_code = 130


class RunActiveError(StoreError):
    """Another process holds a run of the same kind on the same task.

    Attributes:
        run_id: the run; None where it is not known.
        heartbeat_at: when its holder renewed the lease last.
        lease_until: when the lease ends unless it is renewed.
    """

    def __init__(
        self,
        message: str,
        *,
        run_id: str | None = None,
        heartbeat_at: datetime | None = None,
        lease_until: datetime | None = None,
    ) -> None:
        self.run_id = run_id
        self.heartbeat_at = heartbeat_at
        self.lease_until = lease_until
        super().__init__(message)


class AuthorizationError(SftsecError):
    """An actor asked for what none of its roles allows; nothing was touched."""

    exit_code = 11

    def __init__(self, actor: str, permission: str, task: str | None = None) -> None:
        self.actor = actor
        self.permission = permission
        self.task = task
        where = f" on task {task!r}" if task else ""
        super().__init__(f"{actor} is not permitted: {permission}{where}; ask an administrator")


class AuthenticationError(AuthorizationError):
    """Who asks is not known: the token is wrong, has expired or was revoked.

    `actor` is this machine's user, who gave the token.
    """

    def __init__(self, actor: str, message: str) -> None:
        super().__init__(actor, "authenticate")
        self.args = (message,)


class UnhealthyError(SftsecError):
    """`sftsec doctor` found a fault."""

    exit_code = 12


class NotFoundError(SftsecError):
    """Nothing of that name is known."""

    exit_code = 2

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.name = name
        super().__init__(unknown(kind, name, known))


class UsageError(SftsecError):
    """What was asked for makes no sense, such as a parameter that there is not."""

    exit_code = 2


class NoLiveModelError(SftsecError):
    """A task has no live model yet."""

    exit_code = 2


class AmbiguousNameError(SftsecError):
    """A short name stands for several things."""

    exit_code = 2


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that `name` is unknown, what is allowed and what was perhaps meant."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    hint = f", did you mean {close[0]!r}?" if close else ""
    allowed = f" (known: {', '.join(names)})" if names else " (none are known)"
    return f"unknown {kind} {name!r}{hint}{allowed}"
