"""The calendar of the days to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.operations.simulate_schedules import Simulation, simulate_schedules
from sftsec_core.store.columns import utc_now
from sftsec_core.store.gpu_leases import GpuLeaseOrder
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.core.operations.schedule_site import FOLLOW, NIGHTLY, open_site

START = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def past_run(folder: Path, kind: str, took: timedelta) -> None:
    """Leave a run of a length in the store."""
    now = START - timedelta(days=1)

    def clock() -> datetime:
        return now

    state = folder / ".sftsec"
    with Store.open(None, folder=state, actor="test", clock=clock) as store:
        run = store.runs.begin(RunOrder(kind, "mail", {}), state / "runs").info
        now += took
        store.runs.finish(run.id, "succeeded")


def simulate(folder: Path, schedules: dict[str, Any], **options: Any) -> Simulation:
    with open_site(folder, schedules) as context:
        past_run(folder, "retrain", 2 * HOUR)
        return simulate_schedules(context, **{"start": START, **options})


class TestCalendar:
    def test_has_past_durations_and_gpu_hours(self, tmp_path: Path) -> None:
        found = simulate(tmp_path, {"nightly": {**NIGHTLY, "needs": {"gpus": 2}}}, days=7)
        assert [each.starts_at for each in found.runs] == [
            START + timedelta(days=n, hours=2) for n in range(7)
        ]
        assert {each.ends_at - each.starts_at for each in found.runs} == {2 * HOUR}
        assert found.gpu_hours == 7 * 2 * 2
        assert found.notes == ()

    def test_takes_gpu_hours_of_past_leases(self, tmp_path: Path) -> None:
        with open_site(tmp_path, {"nightly": {**NIGHTLY, "needs": {"gpus": 1}}}) as context:
            past_run(tmp_path, "retrain", 2 * HOUR)
            (run,) = context.store.runs.list()
            now = START

            with Store.open(None, folder=context.folder, actor="test", clock=lambda: now) as store:
                devices = {"GPU-0": "0", "GPU-1": "1"}
                order = GpuLeaseOrder(run.id, "mail", "host", devices, 9 * HOUR, count=2)
                lease = store.gpu_leases.take(order)
                assert lease is not None
                now += 3 * HOUR
                store.gpu_leases.end(lease.id)
            found = simulate_schedules(context, days=1, start=START + 24 * HOUR)
        assert found.gpu_hours == 2 * 3

    def test_runs_what_waits_for_a_promotion(self, tmp_path: Path) -> None:
        found = simulate(tmp_path, {"nightly": NIGHTLY, "follow": FOLLOW}, days=2)
        said = [(each.schedule, each.starts_at - START) for each in found.runs]
        assert said == [
            ("nightly", 2 * HOUR), ("follow", 4 * HOUR), ("nightly", 26 * HOUR),
            ("follow", 28 * HOUR),
        ]  # fmt: skip
        assert "follow: no score of mail has ended yet" in found.notes[0]

    def test_lets_no_two_runs_share_a_task(self, tmp_path: Path) -> None:
        scoring = {"run": "score", "task": "mail", "when": {"cron": "0 3 * * *"}}
        found = simulate(tmp_path, {"nightly": NIGHTLY, "scoring": scoring}, days=1)
        assert [each.starts_at - START for each in found.runs] == [2 * HOUR, 4 * HOUR]

    def test_counts_what_would_be_skipped(self, tmp_path: Path) -> None:
        hourly = {"run": "retrain", "task": "mail", "when": {"cron": "0 * * * *"}}
        found = simulate(tmp_path, {"hourly": hourly}, days=1)
        assert len(found.runs) + found.skipped["hourly"] == 23
        assert found.skipped["hourly"] > 5

    def test_foresees_verdicts_by_their_rate(self, tmp_path: Path) -> None:
        fresh = {"run": "dataset", "task": "mail", "when": {"new_verdicts": 30}}
        with open_site(tmp_path, {"fresh": fresh}) as context:
            judged = [
                Incident(f"m{n}", {}, verdicts=(Verdict("tp", "ann", utc_now()),))
                for n in range(60)
            ]
            context.store.verdicts.add("in", judged, run_id=None)
            found = simulate_schedules(context, days=30)
        # 60 a month: those that are there make it due now, then 30 each 15 days.
        assert [round((e.due_at - found.begin) / timedelta(days=1)) for e in found.runs] == [0, 15]

    def test_queues_and_records_nothing(self, tmp_path: Path) -> None:
        with open_site(tmp_path, {"nightly": NIGHTLY}) as context:
            simulate_schedules(context, days=30)
            assert context.store.schedules.list() == []
            assert context.store.runs.list() == []
