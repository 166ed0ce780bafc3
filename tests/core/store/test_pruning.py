"""Rows that go: only those that nothing names, each with its audit entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.store.outbox import WRITTEN
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.schedules import PENDING, ScheduleOccurrence
from sftsec_core.store.store import Store
from sftsec_core.testing.incidents import make_detections
from tests.core.store.test_models import A, B, move, ref

SCORE = RunOrder("score", "mail", {})
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NIGHT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def stocked(store: Store, state: Path) -> Store:
    for hour, digest in enumerate((A, B), start=1):
        store.models.add(ref(state, digest, hour=hour))
        expected = None if digest == A else A
        store.models.set_alias(
            "mail", "candidate", digest, expected=expected, by="ada", reason="new"
        )
    return store


class TestModel:
    def test_goes_with_its_registrations_and_history(self, stocked: Store) -> None:
        assert stocked.pruning.remove_model(A, lambda _moves: [], {"bytes": 7})
        assert stocked.models.get(A) is None
        assert stocked.models.registrations(A) == []
        assert [one[0] for one in stocked.models.alias_history("mail", "candidate")] == [B]
        (entry,) = stocked.audit.tail(action="model.removed")
        assert (entry.object, entry.details) == (A, {"task": "mail", "bytes": 7})
        assert not stocked.pruning.remove_model(A, lambda _moves: [], {})

    def test_takes_the_moves_that_are_named(self, stocked: Store) -> None:
        move(stocked, A, None)
        move(stocked, B, A)
        move(stocked, A, B, "rolled back: late")
        moves = stocked.pruning.live_moves("mail")
        stocked.models.set_alias("mail", "candidate", A, expected=B, by="ada", reason="again")
        assert [digest for _, digest, _ in moves] == [A, B, A]
        ids = [number for number, _, _ in moves[1:]]
        assert stocked.pruning.remove_model(B, lambda _moves: ids, {})
        assert stocked.pruning.live_moves("mail") == moves[:1]

    def test_stays_where_an_alias_points(self, stocked: Store) -> None:
        assert not stocked.pruning.remove_model(B, lambda _moves: [], {})
        assert not stocked.pruning.remove_model(A, lambda _moves: None, {})
        assert len(stocked.models.list("mail")) == 2

    def test_stays_with_detections_in_the_outbox(self, stocked: Store) -> None:
        stocked.outbox.add("siem", make_detections(2, model_digest=A))
        assert stocked.pruning.pending_models() == {A}
        assert not stocked.pruning.remove_model(A, lambda _moves: [], {})

    def test_is_awaited_until_its_detections_are_judged(self, stocked: Store) -> None:
        detections = make_detections(2, model_digest=A)
        task = detections[0].task
        stocked.outbox.add("siem", detections)
        stocked.outbox.deliver("siem", [one.uid for one in detections], WRITTEN)
        awaited = stocked.pruning.awaited_models
        alerts = {"alerts": "@alerts"}
        assert awaited(task, alerts, "siem", None) == {A}
        assert awaited("other", alerts, "siem", None) == frozenset()
        for one in detections:
            assert awaited(task, alerts, "siem", None) == {A}
            stocked.verdicts.add("alerts", [Incident(one.incident_uid, {}, (Verdict("tp"),))])
        assert awaited(task, alerts, "siem", None) == frozenset()
        assert awaited(task, {"renamed": "@renamed", **alerts}, None, None) == frozenset()
        assert awaited(task, {"elsewhere": "@elsewhere"}, "siem", None) == {A}

    def test_is_awaited_where_another_connector_judged(self, stocked: Store) -> None:
        """Two connectors have an incident of one id: a verdict is on that of its own."""
        (found,) = make_detections(1, model_digest=A)
        sources = {"crowd": "@crowd", "mail": "@mail"}
        judged = [Incident(found.incident_uid, {}, (Verdict("tp"),))]
        stocked.outbox.add("crowd", [found])
        stocked.verdicts.add("mail", judged)
        assert stocked.pruning.awaited_models(found.task, sources, None, None) == {A}
        stocked.verdicts.add("crowd", judged)
        assert stocked.pruning.awaited_models(found.task, sources, None, None) == frozenset()

    @pytest.mark.parametrize(("source", "uid"), [("mail", "{}"), ("crowd", "{}@mail")])
    def test_is_judged_here_or_at_home(self, stocked: Store, source: str, uid: str) -> None:
        """A detection in another connector than its incident's, which is judged in either."""
        (found,) = make_detections(1, model_digest=A)
        own, sources = found.incident_uid, {"crowd": "@crowd", "mail": "@mail"}
        stocked.outbox.add("crowd", [replace(found, incident_uid=f"{own}@mail")])
        stocked.verdicts.add("crowd", [Incident(own, {}, (Verdict("tp"),))])
        assert stocked.pruning.awaited_models(found.task, sources, "crowd", None) == {A}
        stocked.verdicts.add(source, [Incident(uid.format(own), {}, (Verdict("tp"),))])
        assert stocked.pruning.awaited_models(found.task, sources, "crowd", None) == frozenset()


class TestRuns:
    def test_go_once_ended_and_without_a_model(self, stocked: Store, state: Path) -> None:
        ended, alive, left = (
            stocked.runs.begin(RunOrder("score", task, {}), state / "runs").info
            for task in ("mail", "proxy", "dns")
        )
        stocked.runs.finish(ended.id, "failed")
        stocked.runs.interrupt(left.id, "stopped")
        ids = [ended.id, alive.id, left.id]
        assert stocked.pruning.remove_runs(ids, DAY, {}) == [ended.id]
        assert stocked.pruning.remove_runs(ids, timedelta(days=-1), {}) == [left.id]
        (last,) = stocked.audit.tail(1, action="runs.removed")
        assert last.details == {"runs": [left.id]}
        states = {run.id: (run.alive, run.ended) for run in stocked.pruning.run_states()}
        assert states == {alive.id: (True, False)}

    def test_stay_with_the_model_they_made(self, store: Store, state: Path) -> None:
        run = store.runs.begin(SCORE, state / "runs").info
        store.runs.finish(run.id, "succeeded")
        made = ref(state, A)
        store.models.add(type(made)(A, "mail", "linear", run.id, made.folder, made.created_at))
        assert store.pruning.remove_runs([run.id], DAY, {}) == []


class TestSnapshot:
    def test_goes_unless_it_was_built_again(self, store: Store, state: Path) -> None:
        for task in ("mail", "proxy"):
            store.snapshots.add(task, A, state / "snapshots" / A, rows=1, manifest={})
        seen = {row.task: row.created_at for row in store.snapshots.list()}
        older = {**seen, "mail": seen["mail"] - DAY}
        for stale in (older, {"mail": seen["mail"]}, {}):
            assert not store.pruning.remove_snapshot(A, stale, {})
        assert store.pruning.remove_snapshot(A, seen, {"bytes": 3})
        assert store.snapshots.list() == []
        (entry,) = store.audit.tail(action="snapshot.removed")
        assert entry.details == {"tasks": ["mail", "proxy"], "bytes": 3}
        assert not store.pruning.remove_snapshot(A, seen, {})


class TestOccurrences:
    def test_old_settled_ones_go_with_their_runs(self, store: Store, state: Path) -> None:
        store.schedules.put("nightly", None, {"cron": "0 2 * * *"}, actor="ada", roles=["admin"])
        run = store.runs.begin(SCORE, state).info.id
        found = [
            ScheduleOccurrence(
                "nightly", NIGHT + hour * HOUR, NIGHT + hour * HOUR, 1, status, "due"
            )
            for hour, status in enumerate((PENDING, "missed", "queued", "queued", "missed"))
        ]
        stored = store.schedules.get("nightly")
        assert store.schedules.advance(stored, stored.state, found)
        store.schedules.settle(found[2], "queued", "gone")
        store.schedules.settle(found[3], "queued", run)
        before = NIGHT + 4 * HOUR
        assert store.pruning.old_occurrences(before) == {"nightly": 2}
        assert store.pruning.remove_occurrences("nightly", before) == 2
        assert store.pruning.remove_occurrences("nightly", before) == 0
        left = [each.due_at for each in store.schedules.history("nightly")]
        assert left == [NIGHT + hour * HOUR for hour in (4, 3, 0)]
        (entry,) = store.audit.tail(action="occurrences.removed")
        assert (entry.object, entry.details["count"]) == ("nightly", 2)
