"""Find the incidents that are to be forgotten: by their name, or by a user that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Incident, PullWindow
from sftsec_core.api.errors import IntegrityError, NotFoundError
from sftsec_core.dataset.dedup.records import source_uid
from sftsec_core.dataset.snapshot import FIELD_PREFIX, open_snapshot
from sftsec_core.dataset.sources import unscoped
from sftsec_core.dataset.steps import build_steps
from sftsec_core.dataset.values import gather_fields
from sftsec_core.sdk.fields import as_text

if TYPE_CHECKING:
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context

# An incident by its connector and its uid.
Named = tuple[str, str]


def named_incidents(context: Context, uid: str, connector: str | None) -> set[Named]:
    """The incident of one connector, or of every connector that may have it.

    Raises:
        NotFoundError: when the configuration names no such connector.
    """
    names = context.settings.connectors
    if connector is not None and connector not in names:
        raise NotFoundError("connector", connector, names)
    return {(name, uid) for name in ([connector] if connector else names)}


def incidents_about(context: Context, field: str, value: str) -> set[Named]:
    """The incidents that hold a value in a field: in the data sets, and at the connectors.

    A data set holds the field if a task reads it, as the task's steps left it: a name that was
    redacted is found by its placeholder. The connectors are asked for all that they have.

    Args:
        context: settings, store, registry, actor and event stream.
        field: its dotted name.
        value: all of the field, or of one of its values, in any case.

    Raises:
        ConnectorError: when a connector cannot be asked.
    """
    found: set[Named] = set()
    for task, settings in context.settings.tasks.items():
        values = {value.casefold(), _as_kept(context, task, field, value).casefold()}
        for stored in context.store.snapshots.list(task):
            try:
                snapshot = open_snapshot(stored.folder, verify=False, vault=context.vault)
                uids = list(_uids_with(snapshot, field, values))
            except IntegrityError:
                continue  # it is removed as a whole
            several = bool(snapshot.connectors)
            names = [source_uid(uid) for uid in uids]
            found |= {unscoped(uid) if several else (settings.connectors[0], uid) for uid in names}
    asked = [name for task in context.settings.tasks.values() for name in task.connectors]
    for connector in dict.fromkeys(asked):
        found |= _at_connector(context, connector, field, value)
    return found


def _as_kept(context: Context, task: str, field: str, value: str) -> str:
    """The value as the steps of a task leave it."""
    settings = context.task(task)
    steps = build_steps(settings, context.plugins, context.step_context(task))
    cleaned = steps([Incident("", {field: value})])
    return as_text(cleaned[0].fields.get(field)) if cleaned else value


def _uids_with(snapshot: Snapshot, field: str, values: set[str]) -> Iterator[str]:
    grouped = snapshot.manifest.get("group_field") == field
    if field not in snapshot.fields and not grouped:
        return
    column = FIELD_PREFIX + field if field in snapshot.fields else "groups"
    for batch in snapshot.batches(["uid", column]):
        held = batch.column(column).to_pylist()
        for uid, one in zip(batch.column("uid").to_pylist(), held, strict=True):
            if _holds(one, values):
                yield uid


def _at_connector(context: Context, connector: str, field: str, value: str) -> set[Named]:
    window, found, read = PullWindow(fields=(field,)), set[Named](), 0
    with (
        context.stage("find", "", f"{field} at {connector}") as stage,
        context.connector(connector) as opened,
    ):
        for page in opened.pull(window):
            for incident in page.incidents:
                held = gather_fields(incident, (field,)).fields.get(field)
                if _holds(held, {value.casefold()}):
                    found.add((connector, incident.uid))
            read += len(page.incidents)
            stage.progress(read)
        stage.counts["found"] = len(found)
    return found


def _holds(held: object, values: set[str]) -> bool:
    """Whether a field holds one of the values: names of users and hosts mean the same in any case.

    Args:
        held: the field's value, or several.
        values: folded.
    """
    if isinstance(held, list | tuple):
        return any(as_text(one).casefold() in values for one in held)
    return held is not None and as_text(held).casefold() in values
