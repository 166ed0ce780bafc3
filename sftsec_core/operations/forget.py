"""Forget incidents: no file and no row of the state holds them any more, and no pull brings them.

First a tombstone of each is set: a digest under the site's salt, by which all that follows finds
them. A call that was killed is finished by `forget` with `resume`, which nothing need tell what the
incidents were; until then nothing is pulled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import DataError, RunActiveError
from sftsec_core.dataset.forgotten import Forgotten, content_tombstone, tombstone
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.erased_files import ErasedFiles
from sftsec_core.operations.erased_texts import learned_from
from sftsec_core.operations.find_incidents import incidents_about, named_incidents
from sftsec_core.operations.forgotten_copies import copies_of
from sftsec_core.operations.left_out import RESUME, forgotten, restored_erasures
from sftsec_core.operations.outdated_models import outdated_models
from sftsec_core.store.forgotten_file import keep_erasure

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.erased_texts import Learned
    from sftsec_core.operations.find_incidents import Named
    from sftsec_core.store.erasures import Erasure

_BACKUPS = 1000


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """What to forget: one incident, or all that hold a value in a field.

    Attributes:
        uid: of the incident; None where `field` is given.
        connector: of the incident; None for the one that has it.
        field: a dotted name.
        value: what the field holds.
    """

    uid: str | None = None
    connector: str | None = None
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """A model that learned from what was forgotten.

    Attributes:
        aliases: that point at it.
        until: until when it may serve (UTC, ISO 8601); None as long as nothing was forgotten.
    """

    digest: str
    task: str
    aliases: tuple[str, ...]
    until: str | None


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """What was found, and is gone unless it was only looked for.

    Attributes:
        erasure: names the act in the audit log; None where nothing was removed.
        incidents: how many are forgotten by it; the same one under several ids counts for each.
        removed: whether it is gone.
        rows: of the store and of the labelling page, by table.
        files: data sets, runs whose folders changed, tasks whose pulled parts went, cache files.
        models: that learned from the incidents; the next training of their tasks replaces them.
        encoders: digests of adapted encoders that learned from them: `sftsec adapt` makes others.
        backups: files outside the state that may hold the incidents: they are not touched.
    """

    erasure: str | None
    incidents: int
    removed: bool
    rows: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    models: tuple[LearnedModel, ...] = ()
    encoders: tuple[str, ...] = ()
    backups: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For `--json`; no incident is named."""
        models = [
            {"digest": m.digest, "task": m.task, "aliases": list(m.aliases), "until": m.until}
            for m in self.models
        ]
        return {
            "erasure": self.erasure,
            "incidents": self.incidents,
            "removed": self.removed,
            "rows": dict(self.rows),
            "files": dict(self.files),
            "models": models,
            "encoders": list(self.encoders),
            "backups": list(self.backups),
        }


_NOTHING = ForgetResult(None, 0, removed=False)


def forget(context: Context, request: ForgetRequest, *, dry_run: bool = False) -> ForgetResult:
    """Erase incidents from the state for good, and keep them from being pulled again.

    What the SIEM holds, backups and what was pushed already are not touched.

    Args:
        context: settings, store, registry, actor and event stream.
        request: which incidents.
        dry_run: only look.

    Raises:
        DataError: when the state knows no such incident.
        RunActiveError: when a run is under way, which may hold them; nothing was touched, or after
            the tombstones were set, where it began at that moment.
        ConnectorError: when a connector cannot be asked which incidents a user has.
        StoreError: when another process holds the database; `--resume` finishes the erasure.
    """
    authorize(context.actor, Permission.FORGET)
    keys = _new_keys(context, request)
    contents = learned_from(context, Forgotten(keys, context.salt)).contents if keys else set()
    keys |= _keys(context, copies_of(context, contents))
    seen = _look(context, Forgotten(keys, context.salt)) if keys else _NOTHING
    if dry_run or not keys:
        return ForgetResult(
            None, len(keys), False, seen.rows, seen.files, seen.models, seen.encoders, seen.backups
        )
    _check_idle(context)
    erasure = context.store.erasures.draft("incident" if request.uid else "user", len(keys))
    every = keys | {content_tombstone(*each, context.salt) for each in contents}
    keep_erasure(context.folder, erasure, every)
    context.store.erasures.begin(erasure, every)
    return _erase(context, erasure)


def resume_forgetting(context: Context) -> list[ForgetResult]:
    """Finish the erasures that were interrupted, the oldest first; none where there is none.

    Those that a restored database does not know are done again.

    Raises:
        RunActiveError: when a run is under way, which may hold what is to go.
        StoreError: when another process holds the database.
    """
    authorize(context.actor, Permission.FORGET)
    if restored := restored_erasures(context):
        _check_idle(context)
        for kept in restored:
            context.store.erasures.begin(kept.erasure, kept.keys)
    open_ = [each for each in context.store.erasures.list() if each.finished_at is None]
    return [_erase(context, each) for each in reversed(open_)]


def _new_keys(context: Context, request: ForgetRequest) -> set[str]:
    """The tombstones of the incidents that are meant, but those that were forgotten before.

    Raises:
        DataError: when the state knows no such incident, or several connectors have it.
    """
    found = _found(context, request)
    keys = _keys(context, found)
    if request.uid is None or not keys:
        return keys
    seen = _look(context, Forgotten(keys, context.salt))
    if not (seen.rows or seen.files["data sets"]):
        raise _unknown(context, request)
    return _only_known(context, found, keys)


def _keys(context: Context, found: set[Named]) -> set[str]:
    return {tombstone(*each, context.salt) for each in found} - context.store.erasures.keys()


def _found(context: Context, request: ForgetRequest) -> set[Named]:
    if request.uid is not None:
        return named_incidents(context, request.uid, request.connector)
    return incidents_about(context, request.field, request.value)


def _only_known(context: Context, found: set[Named], keys: set[str]) -> set[str]:
    """Of a uid at several connectors, those where the state knows it.

    Raises:
        DataError: when these are several: which one is meant has to be said.
    """
    known: dict[str, str] = {}
    for connector, uid in found:
        key = tombstone(connector, uid, context.salt)
        seen = _look(context, Forgotten({key}, context.salt)) if key in keys else None
        if seen is not None and (seen.rows or seen.files["data sets"]):
            known[connector] = key
    if len(known) > 1:
        names = ", ".join(sorted(known))
        raise DataError(f"several connectors have it: say which, --connector {names}")
    return set(known.values())


def _unknown(context: Context, request: ForgetRequest) -> DataError:
    names = ", ".join([request.connector] if request.connector else context.settings.connectors)
    like = context.store.verdicts.ending_with(request.uid) if request.uid else []
    hint = (
        f"did you mean {' or '.join(map(repr, like))}?"
        if like
        else "see that it is the one that the connector gives (`sftsec labels list`)"
    )
    return DataError(f"the state holds no incident of that id from {names}: {hint}")


def _look(context: Context, gone: Forgotten) -> ForgetResult:
    learned = learned_from(context, gone)
    rows = context.store.erasures.count(gone.has, _connectors(context))
    rows["labelling page"] = context.label_queue.forget(gone.has, only_count=True)
    files = {"data sets": len(learned.snapshots)}
    return ForgetResult(
        None,
        len(gone.keys),
        False,
        dict(+rows),
        files,
        _models(context, learned.models),
        tuple(sorted(learned.encoders)),
        _backups(context),
    )


def _erase(context: Context, erasure: Erasure) -> ForgetResult:
    """Remove all that the tombstones tell of; what points at others goes last."""
    # A run that began just before the tombstones were set does not know of them.
    _check_idle(context)
    store, gone = context.store, forgotten(context)
    with context.stage("forget", "", f"{erasure.incidents:,} incidents") as stage:
        learned = learned_from(context, gone)
        store.erasures.mark(learned.models, erasure)
        files = ErasedFiles(context, gone, learned)
        counts = {"runs": files.runs(), "pulls": files.pulls(), "caches": files.caches()}
        rows = store.erasures.remove(erasure, gone.has, _connectors(context))
        rows["earlier events"] = store.erasures.remove_events(_with_context(context, learned))
        rows["labelling page"] = context.label_queue.forget(gone.has)
        # Last: all else was found by them.
        counts = {"data sets": files.snapshots(), **counts}
        store.erasures.wipe()
        models = _models(context, set(store.erasures.outdated()))
        said = {"rows": dict(+rows), "files": counts, "models": [m.digest for m in models]}
        store.erasures.finish(erasure, said)
        # Its entry, too, was written over what was there before.
        stage.counts |= {**rows, **counts}
    return ForgetResult(
        erasure.id,
        erasure.incidents,
        True,
        dict(+rows),
        counts,
        models,
        tuple(sorted(learned.encoders)),
        _backups(context),
    )


def _with_context(context: Context, learned: Learned) -> list[str]:
    return [name for name, task in context.settings.tasks.items() if task.context] or list(
        learned.tasks
    )


def _connectors(context: Context) -> dict[str, tuple[str, ...]]:
    return {name: tuple(task.connectors) for name, task in context.settings.tasks.items()}


def _models(context: Context, digests: set[str]) -> tuple[LearnedModel, ...]:
    outdated = outdated_models(context)
    return tuple(
        LearnedModel(
            ref.digest,
            ref.task,
            tuple(ref.aliases),
            outdated[ref.digest].until.isoformat() if ref.digest in outdated else None,
        )
        for ref in context.store.models.list(None)
        if ref.digest in digests
    )


def _backups(context: Context) -> tuple[str, ...]:
    """The files that backups were written to, as the audit log names them."""
    entries = context.store.audit.tail(_BACKUPS, action="store.backed_up")
    return tuple(dict.fromkeys(entry.object for entry in entries))


def _check_idle(context: Context) -> None:
    """Refuse while a run may hold what is to go.

    Raises:
        RunActiveError: naming the run.
    """
    for run in context.store.pruning.run_states():
        if run.running:
            raise RunActiveError(
                f"run {run.id} ({run.kind} of {run.task}) is under way and may hold what is to be "
                f"forgotten: wait for it, or `sftsec run cancel {run.id}`; then the same command, "
                f"or `{RESUME}` where that was begun",
                run_id=run.id,
            )
