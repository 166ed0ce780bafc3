"""What every pull leaves out: the incidents that were forgotten."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from sftsec_core.api.errors import StoreError
from sftsec_core.dataset.forgotten import Forgotten
from sftsec_core.dataset.sources import SourcePage, SourceParts
from sftsec_core.store.forgotten_file import KeptErasure, kept_erasures

if TYPE_CHECKING:
    from sftsec_core.api.domain import IncidentPage
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context

RESUME = "sftsec forget --resume"


def left_out(context: Context) -> Forgotten:
    """The incidents that a pull leaves out.

    Raises:
        StoreError: when an erasure was interrupted: what is left of its incidents could come back.
    """
    if any(each.finished_at is None for each in context.store.erasures.list()):
        raise StoreError(f"an erasure was interrupted: `{RESUME}` finishes it; nothing was pulled")
    if unknown := restored_erasures(context):
        raise StoreError(
            f"the database is older than the erasure of {unknown[0].erasure.at:%Y-%m-%d %H:%M} UTC "
            f"and may hold what was forgotten: `{RESUME}` erases it again; nothing was pulled"
        )
    return forgotten(context)


def restored_erasures(context: Context) -> list[KeptErasure]:
    """The erasures that the database does not know, the oldest first: a backup brought it back."""
    kept = kept_erasures(context.folder)
    known = {each.id for each in context.store.erasures.list()} if kept else set()
    return [each for each in kept if each.erasure.id not in known]


def forgotten(context: Context) -> Forgotten:
    """The incidents that were forgotten, of interrupted erasures too."""
    keys = context.store.erasures.keys()
    return Forgotten(keys, context.salt if keys else b"")


def remaining(
    pull: Iterable[IncidentPage | SourceParts], task: TaskSettings, known: Forgotten
) -> Generator[IncidentPage | SourceParts]:
    """A pull of a task without what was forgotten.

    Args:
        pull: of `pull_all`.
        task: whose it is.
        known: what was forgotten.
    """
    first = task.connectors[0]
    for each in pull:
        if isinstance(each, SourceParts):
            yield replace(each, parts=known.parts(each.parts, each.connector or first))
        else:
            own = each.connector if isinstance(each, SourcePage) else ""
            yield known.page(each, own or first)
