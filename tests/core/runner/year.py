"""A span of simulated time with faults, and what must be true after it.

`python -m tests.core.runner.year [DAYS]` plays a year with 20 tasks on SQLite, and on the
PostgreSQL that SFTSEC_TEST_POSTGRESQL_URL names, and prints what happened.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import yaml
from sqlalchemy import create_engine, make_url, text

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.config.load import load_settings
from sftsec_core.schedules.plan import plan
from sftsec_core.store.schedules import ScheduleOccurrence, ScheduleState
from sftsec_core.store.store import Store
from tests.core.runner.simulated import (
    START,
    STEP,
    SimulatedWorker,
    WorkerKilled,
    World,
    connection_lost,
    workers,
)
from tests.core.schedules.given import GivenFacts
from tests.servers.nvml import FakeGpu, driver_of

HOUR = timedelta(hours=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York")
CATCH_UP = ("one", "all", "skip")
KINDS = ("kill", "stop", "terminate", "connection", "killed inside", "clock ahead", "clock behind")
_TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        hour: after the start.
        worker: which worker it strikes.
        kind: one of KINDS.
        statements: of those that strike inside the store, after how many statements.
    """

    hour: int
    worker: int
    kind: str
    statements: int = 0


def write_world(folder: Path, url: str, tasks: int, *, often: bool = True) -> World:
    """A configuration of so many tasks: times, verdicts and promotions are triggers.

    Args:
        folder: where it is written.
        url: the database.
        tasks: how many.
        often: retrain each four hours, else each week.
    """
    task = {
        "connector": "in", "text": ["message"], "benign": "b", "labels": {"a": ["x"], "b": ["y"]},
    }  # fmt: skip
    schedules: dict[str, Any] = {}
    for n in range(tasks):
        name = f"t{n:02}"
        retrain: dict[str, Any] = {"run": "retrain", "task": name, "timezone": ZONES[n % 3]}
        retrain["catch_up"] = CATCH_UP[n // 3 % 3]
        retrain["when"] = {
            "cron": f"{n * 7 % 60} " + ("*/4 * * *" if often else f"{n % 24} * * {n % 7}")
        }
        if n % 4 == 1:
            retrain["window"] = "22:00-06:00"
        if n % 5 == 2:
            retrain["jitter"] = "30m"
        if n % 5 == 4:
            retrain["when"] = {"any": [retrain["when"], {"new_verdicts": 40}]}
        schedules[f"retrain-{name}"] = retrain
        schedules[f"score-{name}"] = {
            "run": "score", "task": name, "after": {"run": "retrain", "when": "promoted"},
        }  # fmt: skip
    said = {
        "version": 1,
        "connectors": {"in": {"type": "files", "paths": ["in/"], "output": "out.jsonl"}},
        "tasks": {f"t{n:02}": task for n in range(tasks)},
        "schedules": schedules,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sftsec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return World(folder / "state", url, folder / "sftsec.yaml")


def play(world: World, hours: int, faults: list[Fault], count: int = 3) -> None:
    """Let time pass with its faults, and then without, until nothing waits."""
    with (
        driver_of(FakeGpu("GPU-0"), FakeGpu("GPU-1")),
        workers(world, count) as all_workers,
        # Looks on, and is struck by nothing.
        Store.open(
            world.url, folder=world.folder, actor="test", clock=lambda: world.now
        ) as observer,
    ):
        waiting = sorted(faults, key=lambda each: -each.hour)
        end, latest = START + hours * HOUR, START + (hours + 400) * HOUR
        while world.now < end or (_unfinished(observer, all_workers) and world.now < latest):
            while waiting and START + waiting[-1].hour * HOUR <= world.now:
                _strike(observer, all_workers, waiting.pop())
            if (world.now - START) % (6 * HOUR) < STEP and world.now < end:
                _pull_verdicts(observer, world)
            if world.now >= end:
                for each in all_workers:
                    each.skew = timedelta(0)
            for each in all_workers:
                each.turn()
            world.now = _next(world, observer, all_workers, waiting)


def _next(
    world: World, observer: Store, all_workers: list[SimulatedWorker], waiting: list[Fault]
) -> datetime:
    """The next step; while nothing runs or waits, the next hour."""
    busy = any(each.runs or each.world.now < each.away_until for each in all_workers)
    if busy or (waiting[-1:] and START + waiting[-1].hour * HOUR <= world.now + HOUR):
        return world.now + STEP
    if observer.queue.waiting() or observer.schedules.pending():
        return world.now + STEP
    return world.now + (HOUR - (world.now - START) % HOUR)


def _strike(observer: Store, all_workers: list[SimulatedWorker], fault: Fault) -> None:
    worker = all_workers[fault.worker % len(all_workers)]
    worker.world.counts[fault.kind] += 1
    if fault.kind in ("kill", "stop", "terminate"):
        getattr(worker, fault.kind)()
    elif fault.kind == "connection" and worker.world.url.startswith("postgresql"):
        with observer.writing() as connection:
            connection.execute(text(_TERMINATE))
    elif fault.kind == "connection":
        worker.strike_at(fault.statements, connection_lost)
    elif fault.kind == "killed inside":
        worker.strike_at(fault.statements, WorkerKilled)
    else:
        ahead = fault.kind == "clock ahead"
        # One that was wrong is set right by the next jump.
        worker.skew = timedelta(0) if worker.skew else (HOUR if ahead else -HOUR)


def _unfinished(store: Store, all_workers: list[SimulatedWorker]) -> bool:
    waits = store.queue.waiting() or store.schedules.pending() or store.runs.lost()
    return bool(waits or any(each.runs for each in all_workers))


def _pull_verdicts(store: Store, world: World) -> None:
    number = int((world.now - START) / HOUR)
    judged = [
        Incident(f"i{number}-{n}", {}, verdicts=(Verdict("x", "ann", world.now),))
        for n in range(number % 7)
    ]
    store.verdicts.add("in", judged, run_id=None)


# --- what must be true


def check(world: World) -> Counter[str]:
    """Assert all that must be true, and count what there was."""
    with Store.open(world.url, folder=world.folder, actor="test") as store:
        found: Counter[str] = Counter(world.counts)
        found += _check_occurrences(world, store)
        _check_promotions(store, world)
        _check_overlaps(world)
    return found


def _check_occurrences(world: World, store: Store) -> Counter[str]:
    """Each nominal time has a run or is accounted for, and each occurrence has one run."""
    schedules = load_settings(world.file).schedules or {}
    queue = {each.info.id: each for each in _all_runs(store)}
    by_occurrence = Counter((e.request.schedule, e.request.due_at) for e in queue.values())
    assert set(by_occurrence.values()) <= {1}
    counted: Counter[str] = Counter()
    for name, settings in schedules.items():
        rows = store.schedules.history(name, 1_000_000)
        for each in rows:
            counted[each.status] += each.count
            if each.status == "queued":
                run = queue[each.run_id or ""]
                assert (run.request.schedule, run.request.due_at) == (name, each.due_at)
                assert run.info.status in ("succeeded", "failed"), run.info
        assert {each.status for each in rows} <= {"queued", "missed"}
        queued = [each for each in rows if each.status == "queued"]
        assert len(queued) == sum(1 for s, _ in by_occurrence if s == name)
        if settings.when is not None and settings.when.cron is not None:
            state = store.schedules.get(name).state
            _check_times(name, settings, state, rows)
    return counted


def _check_times(
    name: str, settings: Any, state: ScheduleState, rows: list[ScheduleOccurrence]
) -> None:
    """The recorded times are those of the calendar, none twice, none left out."""
    begun = ScheduleState(state.anchor, state.anchor)
    every = settings.model_copy(update={"catch_up": "all", "window": (), "jitter": timedelta(0)})
    due = [each.due_at for each in plan(name, every, begun, GivenFacts(), state.since).due]
    covered: list[datetime] = []
    for row in sorted(rows, key=lambda each: each.due_at):
        part = [at for at in due if row.due_at <= at <= row.last_at]
        assert len(part) == row.count, (name, row)
        covered += part
    assert covered == due, name


def _check_promotions(store: Store, world: World) -> None:
    """A retraining that succeeded promoted once, another never, and the alias is the last one's."""
    succeeded = {
        each.info.id
        for each in _all_runs(store)
        if (each.info.kind, each.info.status) == ("retrain", "succeeded")
    }
    promoted: list[str] = []
    for task in load_settings(world.file).tasks:
        history = store.models.alias_history(task, "live")
        promoted += [reason for *_, reason in history]
        registered = {each.digest for each in store.models.list(task)}
        assert {digest for digest, *_ in history} <= registered
        if history:
            newest = max(history, key=lambda each: each[1])
            assert store.models.aliases(task)["live"] in {newest[0], history[0][0], history[-1][0]}
    assert sorted(promoted) == sorted(succeeded)


def _check_overlaps(world: World) -> None:
    """Who lost a task or a GPU to another one never wrote or computed again."""
    for log in world.wrote.values():
        assert len(set(log)) == len(log), log
    for leases in world.computed.values():
        assert len(set(leases)) == len(leases), leases


def _all_runs(store: Store) -> list[Any]:
    runs = [each.id for each in store.runs.list(limit=10_000_000)]
    return [found for each in runs if (found := store.queue.get(each)) is not None]


# --- the whole year


def main() -> None:
    """Play it, and print what happened."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 365
    server = os.environ.get("SFTSEC_TEST_POSTGRESQL_URL")
    with TemporaryDirectory() as folder:
        play_year(Path(folder) / "sqlite", f"sqlite:///{folder}/year.db", days)
    if server:
        name = f"year_{uuid4().hex[:8]}"
        admin = create_engine(server, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection, TemporaryDirectory() as folder:
            connection.execute(text(f"CREATE DATABASE {name}"))
            url = make_url(server).set(database=name).render_as_string(False)
            play_year(Path(folder), url, days)
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def play_year(folder: Path, url: str, days: int) -> None:
    """20 tasks, 3 workers, 2 GPUs, about three faults a day."""
    draw = random.Random(7)  # noqa: S311 - a simulation, no secret
    faults = [
        Fault(draw.randrange(days * 24), draw.randrange(3), draw.choice(KINDS), draw.randrange(60))
        for _ in range(3 * days)
    ]
    world = write_world(folder, url, 20, often=False)
    # Schedulers warn of each connection that is lost.
    logging.disable(logging.WARNING)
    begun = time.monotonic()
    play(world, days * 24, faults)
    spent = time.monotonic() - begun
    found = check(world)
    kind = url.partition(":")[0]
    print(f"{kind}: {days} days, {spent:.0f} s, {dict(found)}")


if __name__ == "__main__":
    main()
