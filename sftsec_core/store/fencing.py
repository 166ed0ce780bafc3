"""What a process that holds a run may still write: nothing, once another one has taken it over.

Each write transaction first asks, inside itself, whether the rows of the runs that this process
holds are still its own. A process that was stopped, or cut off from the database, for longer than
its lease is refused when it goes on, whatever it was about to write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from sftsec_core.api.errors import LeaseLostError
from sftsec_core.store.tables import runs

if TYPE_CHECKING:
    from sqlalchemy import Connection

_RUNNING = "running"
# A holder that stops inside a transaction keeps PostgreSQL's lock on its run's row until the
# server ends it.
_IDLE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Fence:
    """A hold on a run.

    Attributes:
        run: its id.
        holder: the name of who holds it.
        number: goes up by one whenever the run is taken.
    """

    run: str
    holder: str
    number: int


class Fences:
    """The runs that this process holds."""

    def __init__(self) -> None:
        self._held: dict[str, Fence] = {}

    def bind(self, fence: Fence) -> None:
        """Check this hold before each write from now on."""
        self._held[fence.run] = fence

    def unbind(self, run: str) -> None:
        """Forget a hold, at the end of the run."""
        self._held.pop(run, None)

    def check(self, connection: Connection) -> None:
        """Let a transaction that writes pass; nobody takes the runs over before it has ended.

        On SQLite the transaction keeps every other writer out (`BEGIN IMMEDIATE`).

        Raises:
            LeaseLostError: when another process has taken one of the runs over.
        """
        held = tuple(self._held.values())
        if held and connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {_IDLE_MS}"))
        for fence in held:
            query = select(runs.c.id).where(
                runs.c.id == fence.run,
                runs.c.holder == fence.holder,
                runs.c.fence == fence.number,
                runs.c.status == _RUNNING,
            )
            if connection.execute(query.with_for_update(read=True)).first() is None:
                raise lost(fence.run)


def lost(run: str) -> LeaseLostError:
    """The error of a process that does not hold a run any more."""
    return LeaseLostError(
        f"this process does not hold run {run}: it has ended, or its lease ran out "
        "and another process took it over (sftsec report shows how it went)"
    )
