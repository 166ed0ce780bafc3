"""What is known of a model and its run, gathered for `sftsec evidence`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import DataError, NotFoundError
from sftsec_core.dataset.snapshot import FIELD_PREFIX, open_snapshot
from sftsec_core.evaluation.groups import SCRIPT
from sftsec_core.operations.authorize import authorize, authorize_some
from sftsec_core.operations.show_report import show_report
from sftsec_core.operations.show_run import ShownRun, show_run
from sftsec_core.plugins import KINDS
from sftsec_core.registry.registry import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sftsec_core.api.domain import AuditEntry, ModelRef
    from sftsec_core.operations.context import Context
    from sftsec_core.store.snapshots import StoredSnapshot

MODEL_RUNS = ("retrain", "optimize")
_RUN = re.compile(r"\d{8}T")
_NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """What evidence is asked of: a model, a run, or both.

    Attributes:
        task: the task's name.
        ref: the model; None where the run made none, or it was removed.
        run_id: the run whose card and report are meant.
        run: the run with its report; None where it was removed.
        card: of the model by that run; None without a model.
    """

    task: str
    ref: ModelRef | None
    run_id: str
    run: ShownRun | None
    card: Mapping[str, Any] | None

    @property
    def report(self) -> Mapping[str, Any] | None:
        """The run's report as JSON values."""
        return self.run.evaluation if self.run else None


def find_subject(context: Context, name: str) -> Subject:
    """Find a run or a model by what a person would type; a task stands for its live model.

    Raises:
        NotFoundError: when there is neither.
        DataError: when the run is of a kind that makes no model.
        IntegrityError: when a file of the model is not the one that was registered.
    """
    authorize_some(context.actor, Permission.READ)
    if _RUN.match(name):
        return _of_run(context, name)
    asked = f"{name}@{LIVE}" if name in context.settings.tasks else name
    try:
        ref = context.registry.resolve(asked)
    except NotFoundError as error:
        if name[:1].isdigit() and _is_run(context, name):
            return _of_run(context, name)
        runs = context.store.runs.list(limit=_NAMES_SHOWN)
        known = [*_models(context), *(run.id for run in runs if run.kind in MODEL_RUNS)]
        raise NotFoundError("model or run", asked, known) from error
    authorize(context.actor, Permission.READ, ref.task)
    return Subject(
        ref.task, ref, ref.run_id, _run_of(context, ref.run_id), context.registry.card(ref)
    )


def _is_run(context: Context, name: str) -> bool:
    try:
        context.store.runs.get(name)
    except NotFoundError:
        return False
    return True


def _models(context: Context) -> Iterator[str]:
    for ref in context.registry.models(None):
        yield from (f"{ref.task}@{alias}" for alias in ref.aliases)


def _of_run(context: Context, name: str) -> Subject:
    found = show_report(context, name)
    info = found.shown.info
    if info.kind not in MODEL_RUNS:
        raise DataError(f"run {info.id} is of the kind {info.kind!r}, which makes no model")
    ref = found.model
    file = found.shown.report
    # Where no verdict was new, the report and the model are an earlier run's.
    made_by = file.parent.name.partition(".")[0] if file else info.id
    card = context.registry.card(ref, made_by) if ref else None
    return Subject(info.task, ref, made_by if ref else info.id, found.shown, card)


def _run_of(context: Context, run_id: str) -> ShownRun | None:
    try:
        return show_run(context, run_id)
    except NotFoundError:  # it was removed
        return None


def snapshot_of(context: Context, subject: Subject) -> StoredSnapshot | None:
    """The data set that a model was trained on; None where it is not known any more."""
    told = (subject.card or {}).get("training_data") or (subject.report or {}).get("data") or {}
    digest = told.get("snapshot")
    stored = context.store.snapshots.list(subject.task)
    return next((each for each in stored if each.digest == digest), None)


def people_of(
    context: Context,
    subject: Subject,
    entries: list[tuple[str | None, AuditEntry]],
    snapshot: StoredSnapshot | None,
) -> set[str]:
    """Every name of a person that may stand in what is told of a model."""
    told = [(subject.card or {}).get("training_data", {}), (subject.report or {}).get("data", {})]
    found = {name for each in told for name in each.get("analysts") or {}}
    found |= {entry.actor for _, entry in entries} | {context.actor.name}
    found |= {token.name for token in context.store.tokens.list()}
    found |= {each.actor for each in context.store.approvals.list(subject.task)}
    found |= set(context.settings.serve.analysts)
    if context.settings.access is not None:
        users = context.settings.access.os_users or {}
        found |= {name for name in users if not name.startswith("%")}
    if snapshot is not None:
        found |= set(_analysts(context, snapshot))
    for move in moves_of(context, subject):
        found.add(move["by"])
    return found


def group_fields(subject: Subject) -> tuple[str, ...]:
    """The fields by which the report groups incidents."""
    settings = (subject.card or {}).get("model_details", {}).get("settings", {})
    named = settings.get("evaluation", {}).get("groups", ())
    section = (subject.report or {}).get("sections", {}).get("groups", {})
    return tuple(dict.fromkeys((*named, *section.get("fields", {}))))


def values_of(
    context: Context, subject: Subject, snapshot: StoredSnapshot | None, fields: tuple[str, ...]
) -> set[str]:
    """The values of these fields: those of the data set, and those that the report names."""
    groups = (subject.report or {}).get("sections", {}).get("groups", {}).get("fields", {})
    found = {
        str(group["value"])
        for name, each in groups.items()
        if name != SCRIPT
        for group in each.get("groups", ())
    }
    if snapshot is None or not fields:
        return found
    for column in _columns(context, snapshot, "rows", [f"{FIELD_PREFIX}{name}" for name in fields]):
        found |= {str(value) for value in column if value is not None}
    return found


def _columns(
    context: Context, snapshot: StoredSnapshot, table: str, names: list[str]
) -> Iterator[list[Any]]:
    """The distinct values of columns, batch by batch; nothing where the data set was removed."""
    folder = context.at_hand(snapshot.folder)
    if not folder.is_dir():
        return
    opened = open_snapshot(folder, verify=False, vault=context.vault)
    for batch in opened.read_stored(table, names):
        yield from (column.unique().to_pylist() for column in batch.columns)


def _analysts(context: Context, snapshot: StoredSnapshot) -> Iterator[str]:
    for names in _columns(context, snapshot, "verdicts", ["analyst"]):
        yield from filter(None, names)


def moves_of(context: Context, subject: Subject) -> list[dict[str, Any]]:
    """The moves of the alias "live" to or from a model, oldest first."""
    if subject.ref is None:
        return []
    history = context.store.models.alias_history(subject.task, LIVE)[::-1]
    before: str | None = None
    moves = []
    for digest, at, by, reason in history:
        if subject.ref.digest in {digest, before}:
            moves.append(
                {"at": at.isoformat(), "live": digest, "before": before, "by": by, "reason": reason}
            )
        before = digest
    return moves


def words_of(context: Context, subject: Subject) -> set[str]:
    """Words of the configuration and of the report, which are no secret."""
    settings = context.settings
    words = {spec.name for kind in KINDS for spec in context.plugins.specs(kind).values()}
    words |= {*settings.tasks, *settings.connectors, *settings.plugins}
    for task in settings.tasks.values():
        words |= {*task.labels, *task.fields, *(each.name for each in task.inputs)}
    report, card = subject.report or {}, subject.card or {}
    words |= {*report.get("labels_train", {}), *report.get("others", {}), "candidate"}
    words |= set(card.get("model_details", {}).get("labels", ()))
    words |= set(report.get("candidate", {}).get("metrics", {}))
    return words
