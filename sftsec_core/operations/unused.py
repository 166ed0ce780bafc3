"""What of the state is still needed, and why; nothing is removed here.

What stays first: models that are live or that a rollback can go back to; then the runs that made
the models that stay, and those that are alive or can be resumed; then the snapshots that either of
them names. Whatever is left is unused once it is old enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.dataset.sources import abroad_uid
from sftsec_core.models.artifact import CARDS
from sftsec_core.operations.adapted_encoders import (
    ENCODERS,
    adapted_encoders,
    adapted_task,
    named_encoders,
)
from sftsec_core.operations.increments import FOLDER as INCREMENTS
from sftsec_core.operations.pulling import pull_span
from sftsec_core.operations.score_files import SCORES
from sftsec_core.operations.work_files import (
    FOR_RESUMPTION,
    card_snapshots,
    modified_at,
    size_of,
    working_on,
)
from sftsec_core.store.run_folders import run_of
from sftsec_core.store.staging import left_behind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.context import Context
    from sftsec_core.store.pruning import RunState
    from sftsec_core.store.snapshots import StoredSnapshot

MODEL, RUN, FILES, SNAPSHOT, LEFTOVER = "model", "run", "work files", "snapshot", "leftover"
OCCURRENCES = "occurrences"
ENCODER = "encoder"
_SHORT = 12
FOLDERS = {
    "models": re.compile(r"[0-9a-f]{64}"),
    "snapshots": re.compile(r"[0-9a-f]{64}"),
    ENCODERS: re.compile(r"[0-9a-f]{64}"),
    SCORES: re.compile(r"[0-9a-f]{64}"),
    "runs": re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}(\.\d+)?"),
}
_SALT_DRAFT = re.compile(r"salt\.\d+")
# A run's folder is there a moment before its row is.
_JUST_MADE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of the state folder.

    Attributes:
        kind: "model", "encoder", "run", "work files", "snapshot", "leftover" or "occurrences".
        name: its digest, its id, its path below the state folder, or its schedule.
        task: whose it is; None for what belongs to several tasks or to none.
        paths: what lies on the disk.
        bytes: their size.
        goes: whether it is removed.
        reason: why it goes or stays.
    """

    kind: str
    name: str
    task: str | None
    paths: tuple[Path, ...]
    bytes: int
    goes: bool
    reason: str


@dataclass(frozen=True, slots=True)
class UnusedOrder:
    """What to look for.

    Attributes:
        older_than: what is younger stays.
        keep: so many models of each task stay, the newest ones, whatever else is needed.
    """

    older_than: timedelta
    keep: int


class Survey:
    """The state at one moment: each part is read once, when it is first asked for."""

    def __init__(self, context: Context, order: UnusedOrder, *, planned: bool = False) -> None:
        """Take what to look at.

        Args:
            context: settings, store and registry.
            order: what to look for.
            planned: what the models that go name goes too, as if they were gone already.
        """
        self._context = context
        self._planned = planned
        self._order = order
        self._now = datetime.now(UTC)

    # --- the items

    def models(self) -> list[Item]:
        """The registered models, newest first."""
        return [
            self._item(MODEL, ref.digest, ref.task, ref.folder, why)
            for ref, why in self._model_reasons
        ]

    def runs(self) -> list[Item]:
        """The runs, newest first."""
        return [
            self._item(RUN, run.id, run.task, run.folder, self._run_needs(run))
            for run in self._states
        ]

    def work_files(self) -> list[Item]:
        """What ended runs that stay do not need: checkpoints, fitted models, pulled pages."""
        found = []
        for run in self._states:
            paths = tuple(each for name in FOR_RESUMPTION if (each := run.folder / name).exists())
            if paths and run.ended and self._run_needs(run):
                why = self._too_young(run.last_at)
                found.append(self._built(FILES, run.id, run.task, paths, why or "", "it has ended"))
        return found

    def snapshots(self) -> list[Item]:
        """The snapshots, those built last first; one that tasks share is one."""
        found: dict[str, list[StoredSnapshot]] = {}
        for row in self._rows:
            found.setdefault(row.digest, []).append(row)
        return [
            self._item(
                SNAPSHOT,
                digest,
                rows[0].task if len(rows) == 1 else None,
                rows[0].folder,
                self._snapshot_needs(digest, rows),
            )
            for digest, rows in found.items()
        ]

    def encoders(self) -> list[Item]:
        """The adapted encoders, newest first; the newest of each task stays."""
        named = named_encoders(self._context, (ref.folder for ref in self._staying))
        found, seen = [], set()
        for folder in adapted_encoders(self._context):
            task, at = adapted_task(folder), modified_at(folder)
            newest = "" if task in seen else f"the newest of task {task}"
            why = named.get(folder.name) or newest or (self._too_young(at) if at else "")
            found.append(self._item(ENCODER, folder.name, task, folder, why))
            seen.add(task)
        return found

    def occurrences(self) -> list[Item]:
        """What of each schedule's history goes: its old times, whose runs are gone."""
        found = self._context.store.pruning.old_occurrences(self.before)
        return [
            Item(OCCURRENCES, name, None, (), 0, goes=True, reason=f"{count:,} settled long ago")
            for name, count in found.items()
        ]

    @property
    def before(self) -> datetime:
        """What is older may go (UTC)."""
        return self._now - self._order.older_than

    def built_at(self, digest: str) -> dict[str, datetime]:
        """The tasks of a snapshot, each with the time when it was built last."""
        return {row.task: row.created_at for row in self._rows if row.digest == digest}

    def leftovers(self) -> list[Item]:
        """What no row names: a process was killed between the row and the folder."""
        return [*self.salt_drafts(), *(i for parent in FOLDERS for i in self.leftovers_in(parent))]

    def leftovers_in(self, parent: str) -> list[Item]:
        """Those in the folder of all models, snapshots or runs."""
        drafts = left_behind(self._context.folder / parent)
        found = [self._leftover(path, "", "the process that made it has ended") for path in drafts]
        return found + [self._leftover(path, why) for path, why in self._unnamed(parent)]

    def salt_drafts(self) -> list[Item]:
        """Those of a process that was killed while it made the site's salt."""
        paths = sorted(self._context.folder.glob("salt.*"))
        drafts = [path for path in paths if _SALT_DRAFT.fullmatch(path.name)]
        return [self._leftover(path, self._fresh(path)) for path in drafts]

    def pulls(self) -> list[Item]:
        """The parts of earlier pulls of tasks that the configuration has no more."""
        tasks = self._context.settings.tasks
        paths = sorted((self._context.folder / INCREMENTS).glob("*/"))
        return [
            self._leftover(path, "", "no task has this name")
            for path in paths
            if path.name not in tasks
        ]

    # --- why a model stays

    def _ranked(self) -> Iterator[tuple[ModelRef, int]]:
        seen: dict[str, int] = {}
        for ref in self._models:
            rank = seen[ref.task] = seen.get(ref.task, 0) + 1
            yield ref, rank

    def _model_needs(self, ref: ModelRef, rank: int) -> str:
        store = self._context.store
        if ref.aliases:
            return f"it is {' and '.join(ref.aliases)}"
        if ref.digest in self._context.registry.restorable(ref.task):
            return "a rollback can go back to it"
        if rank <= self._order.keep:
            return f"one of the {self._order.keep} newest of its task"
        made = [ref.created_at, *(each.at for each in store.models.registrations(ref.digest))]
        if young := self._too_young(max(made)):
            return young
        if busy := [run.id for run in self._states if run.alive and run.task == ref.task]:
            return f"run {busy[0]} of its task is under way"
        return self._waited_for(ref)

    def _waited_for(self, ref: ModelRef) -> str:
        if ref.digest in self._pending:
            return "its detections wait in the outbox"
        if ref.digest in self._requested:
            return "labels that it asked for wait for a verdict"
        return "verdicts on its detections may still come" if self._awaited(ref) else ""

    def _awaited(self, ref: ModelRef) -> bool:
        """Whether a detection of it has no verdict, and is of an incident that is still pulled."""
        task = self._context.settings.tasks.get(ref.task)
        if task is None:  # nothing is pulled for it any more
            return False
        settings, plugins = self._context.settings, self._context.plugins
        spans = [pull_span(settings, plugins, task, name) for name in task.connectors]
        # What one connector still brings is awaited, whatever the others do.
        known = [span for span in spans if span]
        since = self._now - max(known) if len(known) == len(spans) else None
        sources = {name: abroad_uid("", name) for name in task.connectors}
        pruning = self._context.store.pruning
        return ref.digest in pruning.awaited_models(ref.task, sources, task.push_to, since)

    # --- why a run, a snapshot or a folder without a row stays

    def _run_needs(self, run: RunState) -> str:
        if run.alive:
            return "it is under way"
        resumable = self._now - run.last_at <= self._context.settings.state.resume_within
        if not run.ended and resumable:
            return "it can be resumed"
        if digest := self._made.get(run.id):
            return f"it made model {digest[:_SHORT]}"
        if self._newest_runs[run.kind, run.task] == run.id:
            return f"the newest {run.kind} run of its task"
        return self._too_young(run.last_at)

    def _snapshot_needs(self, digest: str, rows: Iterable[StoredSnapshot]) -> str:
        for row in rows:
            if self._newest_snapshots[row.task, row.unlabelled] == digest:
                return f"the newest of task {row.task}"
        if why := self._named.get(digest):
            return why
        return next(filter(None, (self._too_young(row.created_at) for row in rows)), "")

    def _unnamed(self, parent: str) -> Iterator[tuple[Path, str]]:
        known = self._known[parent]
        for path in sorted((self._context.folder / parent).glob("*")):
            if path.name in known or not FOLDERS[parent].fullmatch(path.name):
                continue
            # Of a run that may go on the newest folder counts, whatever its row says yet.
            if parent == "runs" and run_of(path.name) in self._unended:
                continue
            why = self._named.get(path.name, "") if parent == "snapshots" else ""
            lost = "" if known else f"the database knows no {parent}: was it emptied or replaced?"
            yield path, lost or why or self._fresh(path)

    def _fresh(self, path: Path) -> str:
        """Why a path stays by its age; "" for one that is old enough, or gone already."""
        at = modified_at(path)
        if at is None:
            return ""
        recent = self._now - at < _JUST_MADE and FOLDERS["runs"].fullmatch(path.name)
        return "it was made just now" if recent else self._too_young(at)

    def _too_young(self, at: datetime) -> str:
        if self._now - at >= self._order.older_than:
            return ""
        age = (self._now - at) / timedelta(days=1)
        return f"it is {max(age, 0):.1f} days old"

    # --- what is read once

    @cached_property
    def _models(self) -> list[ModelRef]:
        return self._context.store.models.list(None)

    @cached_property
    def _model_reasons(self) -> list[tuple[ModelRef, str]]:
        return [(ref, self._model_needs(ref, rank)) for ref, rank in self._ranked()]

    @cached_property
    def _staying(self) -> list[ModelRef]:
        """The models that count: what they name stays."""
        if not self._planned:
            return self._models
        return [ref for ref, why in self._model_reasons if why]

    @cached_property
    def _states(self) -> list[RunState]:
        return self._context.store.pruning.run_states()

    @cached_property
    def _rows(self) -> list[StoredSnapshot]:
        return self._context.store.snapshots.list()

    @cached_property
    def _pending(self) -> frozenset[str]:
        return self._context.store.pruning.pending_models()

    @cached_property
    def _requested(self) -> frozenset[str]:
        return self._context.store.label_requests.waiting_models()

    @cached_property
    def _made(self) -> dict[str, str]:
        return {ref.run_id: ref.digest for ref in self._staying}

    @cached_property
    def _unended(self) -> frozenset[str]:
        return frozenset(run.id for run in self._states if not run.ended)

    @cached_property
    def _newest_runs(self) -> dict[tuple[str, str], str]:
        return {(run.kind, run.task): run.id for run in reversed(self._states)}

    @cached_property
    def _newest_snapshots(self) -> dict[tuple[str, bool], str]:
        return {(row.task, row.unlabelled): row.digest for row in reversed(self._rows)}

    @cached_property
    def _known(self) -> Mapping[str, frozenset[str]]:
        return {
            ENCODERS: frozenset(path.name for path in adapted_encoders(self._context)),
            **dict.fromkeys(("models", SCORES), frozenset(r.folder.name for r in self._models)),
            "snapshots": frozenset(row.folder.name for row in self._rows),
            "runs": frozenset(run.folder.name for run in self._states),
        }

    @cached_property
    def _named(self) -> dict[str, str]:
        """The snapshots that a model's cards or a run that may go on name, each with who does."""
        found: dict[str, str] = {}
        for ref in self._staying:
            named = card_snapshots(ref.folder, CARDS)
            if named is None:  # a card that cannot be read might name any of them
                named = {row.digest for row in self._rows if row.task == ref.task}
            found |= dict.fromkeys(named, f"model {ref.digest[:_SHORT]} was trained on it")
        for run in self._states:
            if not run.ended:
                found |= dict.fromkeys(working_on(run.folder), f"run {run.id} works on it")
        return found

    # --- making items

    def _item(self, kind: str, name: str, task: str | None, folder: Path, why: str) -> Item:
        paths = (folder,) if folder.exists() else ()
        if not why and not folder.is_relative_to(self._context.folder):
            why = "it lies outside the state folder"
        return self._built(kind, name, task, paths, why, "nothing needs it")

    def _leftover(
        self, path: Path, why: str, goes: str = "no row of the database names it"
    ) -> Item:
        name = str(path.relative_to(self._context.folder))
        return self._built(LEFTOVER, name, None, (path,), why, goes)

    def _built(
        self,
        kind: str,
        name: str,
        task: str | None,
        paths: tuple[Path, ...],
        stays: str,
        goes: str,
    ) -> Item:
        size = sum(map(size_of, paths))
        return Item(kind, name, task, paths, size, not stays, stays or goes)
