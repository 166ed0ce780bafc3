"""Bring the store to the schema of this version, on purpose and with a backup."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import StoreError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.backup_store import backup_database
from sftsec_core.store.health import look_at
from sftsec_core.store.migrations import HEAD

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class MigratedStore:
    """The schema of a store before and after.

    Attributes:
        place: its URL, without the password.
        before: the revision that it had; None for a store that was not there.
        after: the revision that it has.
        backup: the file with the database as it was; None where none was asked for or needed.
        packed: detections of earlier versions that were packed.
    """

    place: str
    before: str | None
    after: str | None
    backup: str | None = None
    packed: int = 0

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def migrate_store(
    context: Context, *, backup: Path | None = None, check: bool = False
) -> MigratedStore:
    """Migrate the store, in one transaction, and then pack old detections, in many.

    Args:
        context: settings, actor and event stream.
        backup: a file that is not there yet: gets the database as it was, if it is migrated.
        check: only look.

    Raises:
        StoreError: when `check` finds another schema, a newer sftsec wrote the store, or the backup
            cannot be written; then nothing was migrated.
    """
    authorize(context.actor, Permission.MANAGE_STORE)
    look = look_at(context.store_url)
    if check and not look.current:
        raise StoreError(
            f"{look.place}: the schema is {look.revision or 'not there yet'}, this version's is "
            f"{HEAD}: run sftsec store migrate --backup FILE"
        )
    if look.current:
        packed = 0 if check else context.store.pack_outbox()
        return MigratedStore(look.place, look.revision, look.revision, packed=packed)
    saved = None
    if backup is not None and look.revision is not None:
        backup_database(context, backup)
        saved = str(backup)
    details = {"from": look.revision, "to": HEAD, "backup": saved}
    context.store.audit.append("store.migrated", look.place, details)
    packed = context.store.pack_outbox()
    return MigratedStore(look.place, look.revision, HEAD, saved, packed)
