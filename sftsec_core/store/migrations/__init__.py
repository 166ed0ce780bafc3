"""Bring a store's tables to what this version of the code expects.

A migration is a module in `versions`, written by hand in Alembic's form and named `rNNNN_what`;
`HEAD` names the newest. There is no `env.py` and no `alembic.ini`: the store migrates itself
when it is opened, inside one transaction and under a lock, so that it is either the old one or
the new one and two processes that open a fresh store at once both succeed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from sftsec_core.api.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic.runtime.migration import MigrationStep
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

HEAD = "0019"
_VERSION_TABLE = "alembic_version"


def current_revision(connection: Connection) -> str | None:
    """Return the revision that the store is at; None for a fresh one."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    found: str | None = connection.execute(
        text(f"SELECT version_num FROM {_VERSION_TABLE}")  # noqa: S608 - a constant
    ).scalar()
    return found


def migrate(connection: Connection, to: str = HEAD) -> None:
    """Run the missing migrations on a connection that is inside a transaction and holds the lock.

    Args:
        connection: of the store.
        to: the revision to end at.

    Raises:
        StoreError: when the store was written by a newer sftsec.
    """
    # Only here: most processes open a store that is up to date and need none of Alembic.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationStep

    script = _script()
    refuse_newer(connection)

    def steps(current: str | tuple[str, ...], _context: object) -> Iterable[MigrationStep]:
        lower = current or "base"
        revisions = list(script.iterate_revisions(to, lower, implicit_base=True))
        return [
            MigrationStep.upgrade_from_script(script.revision_map, revision)
            for revision in reversed(revisions)
        ]

    context = MigrationContext.configure(connection, opts={"fn": steps})
    with Operations.context(context):
        context.run_migrations()


def refuse_newer(connection: Connection) -> None:
    """Let a store pass whose schema this version knows.

    Raises:
        StoreError: when it was written by a newer sftsec.
    """
    current = current_revision(connection)
    known = {revision.revision for revision in _script().walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            f"the store is at schema {current}, which this sftsec (schema {HEAD}) does not know: "
            "a newer version wrote it; upgrade sftsec, or choose another state.folder"
        )


def _script() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    here = Path(__file__).parent
    return ScriptDirectory(here, version_locations=[here / "versions"])
