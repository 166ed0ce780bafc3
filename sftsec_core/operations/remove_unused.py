"""Remove what nothing needs any more: models, runs, snapshots, leftovers, old occurrences."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import StoreError
from sftsec_core.operations.adapted_encoders import ENCODERS
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.increments import FOLDER as INCREMENTS
from sftsec_core.operations.unused import FOLDERS, Item, Survey, UnusedOrder
from sftsec_core.registry.history import undone
from sftsec_core.store.staging import STAGING, staging

if TYPE_CHECKING:
    from collections.abc import Callable

    from sftsec_core.operations.context import Context

# Runs are many and small: so many go in one transaction, with one entry of the audit log.
_RUNS_AT_ONCE = 100
_MEANWHILE = "it has come into use meanwhile, or is gone already"


@dataclass(frozen=True, slots=True)
class UnusedResult:
    """What was found.

    Attributes:
        removed: whether what goes is gone; else it is only named.
        items: all that was looked at, each with the reason why it goes or stays.
    """

    removed: bool
    items: tuple[Item, ...]

    @property
    def bytes(self) -> int:
        """What goes, in bytes."""
        return sum(item.bytes for item in self.items if item.goes)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "removed": self.removed,
            "bytes": self.bytes,
            "counts": dict(Counter(item.kind for item in self.items if item.goes)),
            "items": [
                {
                    "kind": item.kind,
                    "name": item.name,
                    "task": item.task,
                    "bytes": item.bytes,
                    "goes": item.goes,
                    "reason": item.reason,
                }
                for item in self.items
            ],
        }


def remove_unused(context: Context, order: UnusedOrder, *, remove: bool = False) -> UnusedResult:
    """Find what nothing needs any more, and remove it if that is asked.

    What points at others goes first: models, then the runs that made them, then snapshots. Of each
    the row goes first and then the folder, so that a kill leaves nothing that names what is
    missing; the next call removes what the kill left. Other commands may run at the same time.

    Args:
        context: settings, store, registry, actor and event stream.
        order: what to look for.
        remove: False only looks.

    Raises:
        StoreError: when a folder cannot be removed; what was removed before stays removed.
    """
    authorize(context.actor, Permission.CLEAN_UP)
    if not remove:
        return UnusedResult(False, tuple(_look(Survey(context, order, planned=True))))
    removal = _Removal(context, order)
    steps: tuple[Callable[[Survey], list[Item]], ...] = (
        removal.leftovers,
        removal.models,
        removal.encoders,
        removal.runs,
        removal.work_files,
        removal.snapshots,
        removal.pulls,
        removal.occurrences,
    )
    # Each step looks again: what an earlier one left in place keeps what it names.
    items = [item for step in steps for item in step(Survey(context, order))]
    return UnusedResult(True, tuple(items))


def _look(survey: Survey) -> Iterator[Item]:
    yield from survey.leftovers()
    yield from survey.models()
    yield from survey.encoders()
    yield from survey.runs()
    yield from survey.work_files()
    yield from survey.snapshots()
    yield from survey.pulls()
    yield from survey.occurrences()


class _Removal:
    """Removes one kind after the other, and returns what went and what stays."""

    def __init__(self, context: Context, order: UnusedOrder) -> None:
        self._root = context.folder
        self._store = context.store
        self._context = context
        self._order = order

    def _unshare(self, kind: str, names: Iterable[str]) -> None:
        """Remove them from the place that hosts share; their rows are gone already."""
        if self._context.artifacts is not None:
            for name in names:
                self._context.artifacts.remove(kind, name)

    def leftovers(self, survey: Survey) -> list[Item]:
        items = [self._draft(i) if i.goes else i for i in survey.salt_drafts()]
        for parent in FOLDERS:
            found = survey.leftovers_in(parent)
            going = [item for item in found if item.goes]
            gone = self._leftovers(parent, going) if going else set()
            items += [_stays(i) if i.goes and i.name not in gone else i for i in found]
        return items

    def models(self, survey: Survey) -> list[Item]:
        return [self._model(item) if item.goes else item for item in survey.models()]

    def encoders(self, survey: Survey) -> list[Item]:
        found = survey.encoders()
        for item in (each for each in found if each.goes):
            self._store.audit.append("encoder.removed", item.name, {"bytes": item.bytes})
            with staging(self._root / ENCODERS) as place:
                _move(item.paths, place)
                self._unshare(ENCODERS, [item.name])
        return found

    def pulls(self, survey: Survey) -> list[Item]:
        found = survey.pulls()
        for item in found:
            self._store.audit.append("leftovers.removed", item.name, {"bytes": item.bytes})
            with staging(self._root / INCREMENTS) as place:
                _move(item.paths, place)
        return found

    def runs(self, survey: Survey) -> list[Item]:
        items = survey.runs()
        going = [item for item in items if item.goes]
        gone: set[str] = set()
        for start in range(0, len(going), _RUNS_AT_ONCE):
            gone |= self._runs(going[start : start + _RUNS_AT_ONCE])
        return [_stays(i) if i.goes and i.name not in gone else i for i in items]

    def work_files(self, survey: Survey) -> list[Item]:
        items = survey.work_files()
        going = [item for item in items if item.goes]
        if going:
            details = {"runs": [item.name for item in going]}
            self._store.audit.append("runs.emptied", f"{len(going)} runs", details)
        for item in going:
            with staging(self._root / "runs") as place:
                _move(item.paths, place)
        return items

    def snapshots(self, survey: Survey) -> list[Item]:
        return [self._snapshot(i, survey) if i.goes else i for i in survey.snapshots()]

    def occurrences(self, survey: Survey) -> list[Item]:
        pruning = self._store.pruning
        return [
            i for i in survey.occurrences() if pruning.remove_occurrences(i.name, survey.before)
        ]

    def _draft(self, item: Item) -> Item:
        self._store.audit.append("leftovers.removed", item.name)
        for path in item.paths:
            path.unlink(missing_ok=True)
        return item

    def _leftovers(self, parent: str, items: Sequence[Item]) -> set[str]:
        """Remove what no row names, and return the names; under the lock, since one may by now."""
        with staging(self._root / parent) as place:
            unnamed = Survey(self._context, self._order).leftovers_in(parent)
            going = {item.name for item in unnamed if item.goes}
            # Taking the lock has removed the staging folders of dead processes already.
            gone = [i for i in items if i.name in going or i.paths[0].name.startswith(STAGING)]
            details = {"names": [item.name for item in gone]}
            self._store.audit.append("leftovers.removed", parent, details)
            _move([path for item in gone for path in item.paths], place)
        return {item.name for item in gone}

    def _model(self, item: Item) -> Item:
        details = {"bytes": item.bytes, "reason": item.reason}
        with staging(self._root / "models") as place:
            removed = self._store.pruning.remove_model(
                item.name, lambda moves: undone(moves, item.name), details
            )
            if removed:
                _move(item.paths, place)
                self._unshare("models", [item.name])
        return item if removed else _stays(item)

    def _runs(self, items: Sequence[Item]) -> set[str]:
        details = {"bytes": sum(item.bytes for item in items)}
        within = self._context.settings.state.resume_within
        with staging(self._root / "runs") as place:
            gone = set(self._store.pruning.remove_runs([i.name for i in items], within, details))
            _move([path for item in items if item.name in gone for path in item.paths], place)
            self._unshare("runs", gone)
        return gone

    def _snapshot(self, item: Item, survey: Survey) -> Item:
        details = {"bytes": item.bytes, "reason": item.reason}
        with staging(self._root / "snapshots") as place:
            seen = survey.built_at(item.name)
            removed = self._store.pruning.remove_snapshot(item.name, seen, details)
            if removed:
                _move(item.paths, place)
                self._unshare("snapshots", [item.name])
        return item if removed else _stays(item)


def _stays(item: Item) -> Item:
    return replace(item, goes=False, reason=_MEANWHILE)


def _move(paths: Sequence[Path], place: Path) -> None:
    """Take folders out of their places at once; the staging folder removes them piece by piece."""
    for number, path in enumerate(paths):
        try:
            path.rename(place / f"{number}")
        except FileNotFoundError:
            continue  # another process was faster
        except OSError as error:
            why = error.strerror or os.strerror(error.errno or 0)
            raise StoreError(f"{path} cannot be removed: {why}") from error
