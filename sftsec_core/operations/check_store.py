"""Check the store, and that the folders that it names are there and as they were written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import IntegrityError, SftsecError
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.unused import FOLDERS, Survey, UnusedOrder
from sftsec_core.store.health import look_at
from sftsec_core.store.migrations import HEAD

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.operations.context import Context
    from sftsec_core.store.health import Look
    from sftsec_core.store.store import Store

_RESTORE = "restore a backup (sftsec store restore), or see what changed it"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and what to do."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What a store is, and what is wrong with it.

    Attributes:
        place: its URL, without the password.
        revision: of its schema; None: there is no store yet.
        expected: the revision that this version of sftsec works with.
        deep: whether each file was compared with its digest.
        bytes: what the database takes.
        rows: by table.
        orphans: folders that no row names, by their kind; they are no problem.
        problems: what is wrong.
    """

    place: str
    revision: str | None
    expected: str
    deep: bool
    bytes: int
    rows: Mapping[str, int]
    orphans: Mapping[str, int]
    problems: tuple[Problem, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def check_store(context: Context, *, deep: bool = False) -> StoreReport:
    """Check the database, both chains and the folders; change nothing, not even the schema.

    Args:
        context: settings, store, registry, actor and event stream.
        deep: compare every file of models and snapshots with its digest; reads them all.

    Raises:
        StoreError: when the store cannot be opened.
    """
    authorize(context.actor, Permission.READ)
    look = look_at(context.store_url)
    problems = tuple(_of_look(look))
    if problems or look.revision is None:
        return StoreReport(look.place, look.revision, HEAD, deep, 0, {}, {}, problems)
    store = context.store
    found = [
        *(Problem(line, _RESTORE) for line in store.health.damage()),
        *_of_chains(store),
        *_of_folders(context, deep=deep),
    ]
    size, rows = store.health.bytes(), store.health.rows()
    orphans = _orphans(context)
    return StoreReport(look.place, look.revision, HEAD, deep, size, rows, orphans, tuple(found))


def _of_look(look: Look) -> Iterator[Problem]:
    if look.mark is not None:
        yield Problem(f"it is marked as {look.mark.state}: {look.mark.place}", "set state.url")
    elif look.revision is not None and not look.current:
        remedy = "sftsec store migrate --backup FILE, or a newer sftsec"
        yield Problem(f"its schema is {look.revision}, not {HEAD}", remedy)


def _of_chains(store: Store) -> Iterator[Problem]:
    sealed: Mapping[int, str] = {}
    erased: frozenset[int] = frozenset()
    try:
        state = store.audit.examine()
        sealed, erased = state.sealed, state.erased
    except IntegrityError as error:
        yield Problem(str(error), _RESTORE)
    try:
        store.verdict_chain.verify(sealed, erased=erased)
    except IntegrityError as error:
        yield Problem(str(error), _RESTORE)


def _of_folders(context: Context, *, deep: bool) -> Iterator[Problem]:
    store = context.store
    for ref in store.models.list(None):
        name = f"model {ref.digest[:12]} of task {ref.task}"
        if not _elsewhere(context, ref.folder):
            verify = partial(context.registry.verify, ref)
            yield from _of_folder(name, ref.folder, verify, deep=deep)
    for row in {row.digest: row for row in store.snapshots.list()}.values():
        name = f"snapshot {row.digest[:12]} of task {row.task}"
        if not _elsewhere(context, row.folder):
            opened = partial(open_snapshot, row.folder, vault=context.vault)
            yield from _of_folder(name, row.folder, opened, deep=deep)
    for run in store.pruning.run_states():
        if run.begun and not run.folder.is_dir() and context.artifacts is None:
            yield Problem(f"run {run.id}: its folder {run.folder} is missing", _RESTORE)


def _elsewhere(context: Context, folder: Path) -> bool:
    """Whether a folder is missing here and lies in the place that hosts share."""
    shared = context.artifacts
    return (
        not folder.is_dir() and shared is not None and shared.has(folder.parent.name, folder.name)
    )


def _of_folder(
    name: str, folder: Path, verify: Callable[[], object], *, deep: bool
) -> Iterator[Problem]:
    if not folder.is_dir():
        yield Problem(f"{name}: its folder {folder} is missing", _RESTORE)
    elif deep:
        try:
            verify()
        except SftsecError as error:
            yield Problem(f"{name}: {error}", _RESTORE)


def _orphans(context: Context) -> dict[str, int]:
    survey = Survey(context, UnusedOrder(timedelta(0), 0))
    return {kind: len(survey.leftovers_in(kind)) for kind in FOLDERS}
