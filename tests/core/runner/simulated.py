"""Workers and their runs as objects over the real store, in simulated time.

A worker looks at the schedules, claims runs and advances them, all through the real store, queue
and GPU leases; a run's process is an object that is advanced once a step. Faults strike inside
the store: at a drawn SQL statement the connection is lost, or the worker with its runs is killed.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from sftsec_core.api.domain import ModelRef
from sftsec_core.api.errors import LeaseLostError, ScheduleError, StoreError
from sftsec_core.config.load import load_settings
from sftsec_core.gpu.nvml import survey_gpus
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.plugins import Plugins
from sftsec_core.runner.scheduler import Scheduler
from sftsec_core.store.gpu_leases import GpuLeaseOrder
from sftsec_core.store.holders import new_holder
from sftsec_core.store.run_queue import ClaimedRun
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=20)
LEASE = timedelta(minutes=50)
TAKES = {"retrain": timedelta(hours=2), "score": timedelta(minutes=20)}
# A retraining in so many fails, whatever is done.
FAILS_EVERY = 23


class WorkerKilled(BaseException):
    """kill -9, at one statement of the database."""


@dataclass
class World:
    """What all workers share: the time, and who did what in which order.

    Attributes:
        wrote: for each task the runs, with their fences, whose writes succeeded, in order.
        computed: for each GPU the leases that were renewed, in order.
    """

    folder: Path
    url: str
    file: Path
    now: datetime = START
    wrote: defaultdict[str, list[tuple[str, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    computed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, log: list[Any], who: object) -> None:
        """Add to an order; one who goes on stands in it once."""
        if not log or log[-1] != who:
            log.append(who)


class SimulatedRun:
    """The process of a claimed run."""

    def __init__(self, world: World, store: Store, claimed: ClaimedRun) -> None:
        self.world, self.store, self.claimed = world, store, claimed
        store.runs.holder = new_holder()
        order = RunOrder(claimed.request.kind, claimed.request.task, {})
        self.info = store.runs.take_up(claimed, order).info
        self.gpu: str | None = None

    def advance(self) -> bool:
        """Do what a step's time allows; return whether the run has ended.

        Raises:
            LeaseLostError: when another process has the run or its GPU.
        """
        run, kind, task = self.info.id, self.info.kind, self.info.task
        self.store.runs.renew(run)
        self.world.note(self.world.wrote[task], (run, self.claimed.fence))
        if kind == "retrain" and not self._has_gpu():
            return False
        done = self._progress() + STEP
        self._checkpoint(done)
        if done < TAKES[kind]:
            return False
        if kind == "retrain" and int(sha256(run.encode()).hexdigest(), 16) % FAILS_EVERY == 0:
            self.store.runs.finish(run, "failed", error="it fails")
        else:
            if kind == "retrain":
                self._promote()
            self.store.runs.finish(run, "succeeded")
        self.leave_gpu()
        return True

    def interrupt(self) -> None:
        """SIGTERM: the run can be resumed."""
        self.store.runs.interrupt(self.info.id, "SIGTERM")
        self.leave_gpu()

    def leave_gpu(self) -> None:
        """Give the GPU back."""
        if self.gpu is not None:
            self.store.gpu_leases.end(self.gpu)

    def _has_gpu(self) -> bool:
        leases = self.store.gpu_leases
        if self.gpu is None:
            devices = {each.uuid: each.index for each in survey_gpus().devices}
            order = GpuLeaseOrder(self.info.id, self.info.task, "host", devices, LEASE)
            lease = leases.take(order)
            if lease is None:
                return False
            self.gpu = lease.id
        elif (ended := leases.renew(self.gpu, LEASE)) is not None:
            raise LeaseLostError(ended)
        (device,) = leases.get(self.gpu).devices
        self.world.note(self.world.computed[device], self.gpu)
        return True

    def _progress(self) -> timedelta:
        file = self.info.folder / "checkpoint"
        return timedelta(seconds=json.loads(file.read_text()) if file.exists() else 0)

    def _checkpoint(self, done: timedelta) -> None:
        self.info.folder.mkdir(parents=True, exist_ok=True)
        (self.info.folder / "checkpoint").write_text(json.dumps(done.total_seconds()))

    def _promote(self) -> None:
        """Register a model and make it live, as a retraining does: again after a kill, once."""
        run, task, models = self.info.id, self.info.task, self.store.models
        digest = sha256(run.encode()).hexdigest()
        folder = self.world.folder / "models" / digest
        models.add(ModelRef(digest, task, "linear", run, folder, self.world.now))
        live = models.aliases(task).get("live")
        if live != digest:
            models.set_alias(task, "live", digest, expected=live, by="test", reason=run)


class SimulatedWorker:
    """A worker on a host of its own, whose clock may be wrong."""

    def __init__(self, world: World, name: str, slots: int = 2) -> None:
        self.world, self.name, self.slots = world, name, slots
        self.skew = timedelta(0)
        self.away_until = START  # stopped by SIGSTOP, or dead until it is started again
        self._stores: list[Store] = []
        self._left: int | None = None
        self._strike: Callable[[], BaseException] = WorkerKilled
        settings = load_settings(world.file)
        self.context = Context(world.file, settings, _plugins(), actor=local_admin("test"))
        self.context.store = self._open()
        self.scheduler = Scheduler(self.context, self.clock)
        self.runs: list[SimulatedRun] = []

    def clock(self) -> datetime:
        """The time on this host."""
        return self.world.now + self.skew

    def turn(self) -> None:
        """Look at the schedules, claim what may begin, and let the runs go on for a step."""
        if self.world.now < self.away_until:
            return
        try:
            self._go_on()
            self.scheduler.tick()
            while len(self.runs) < self.slots:
                claimed = self.context.store.queue.claim(self.name)
                if claimed is None:
                    break
                self.runs.append(SimulatedRun(self.world, self._free_store(), claimed))
                self.world.counts["claims"] += 1
        except WorkerKilled:
            self.kill()
        except (StoreError, ScheduleError):
            self.world.counts["store errors"] += 1

    def kill(self) -> None:
        """kill -9 of the worker and its runs; it is started again an hour later."""
        self.world.counts["killed"] += 1
        self.runs.clear()
        for store in self._stores:
            store.close()
        self._stores.clear()
        self.context.store.close()
        self.context.store = self._open()
        self.away_until = self.world.now + timedelta(hours=1)

    def stop(self) -> None:
        """SIGSTOP, for longer than a lease: it goes on as if nothing had happened."""
        self.world.counts["stopped"] += 1
        self.away_until = self.world.now + 3 * LEASE

    def terminate(self) -> None:
        """SIGTERM: its runs go back into the queue, and it is started again an hour later."""
        self.world.counts["terminated"] += 1
        try:
            for each in self.runs:
                each.interrupt()
        except (LeaseLostError, StoreError):
            pass  # another one has it
        except WorkerKilled:
            self.kill()
        self._release_all()
        self.away_until = self.world.now + timedelta(hours=1)

    def strike_at(self, statements: int, error: Callable[[], BaseException]) -> None:
        """Let the statement after so many raise."""
        self._left, self._strike = statements, error

    def close(self) -> None:
        """Let go of the store."""
        for store in self._stores:
            store.close()
        self.context.store.close()

    def _go_on(self) -> None:
        for each in list(self.runs):
            try:
                ended = each.advance()
            except LeaseLostError:
                self.world.counts["lost to another"] += 1
                ended = True
            if ended:
                self.runs.remove(each)
                each.store.runs.let_go(each.info.id)

    def _release_all(self) -> None:
        for each in self.runs:
            each.store.runs.let_go(each.info.id)
        self.runs.clear()

    def _free_store(self) -> Store:
        """The store of a process: its fences are its own."""
        used = {id(each.store) for each in self.runs}
        free = next((store for store in self._stores if id(store) not in used), None)
        if free is None:
            self._stores.append(free := self._open())
        return free

    def _open(self) -> Store:
        store = Store.open(
            self.world.url, folder=self.world.folder, actor="test", lease=LEASE, clock=self.clock
        )
        event.listen(store._database.engine, "before_cursor_execute", self._count)
        return store

    def _count(self, *_statement: object) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left < 0:
            self._left = None
            raise self._strike()


@lru_cache
def _plugins() -> Plugins:
    return Plugins(("core", "files"))


def connection_lost() -> OperationalError:
    """What a driver raises when the server ends a connection."""
    return OperationalError("statement", None, ConnectionError("the connection was ended"))


@contextmanager
def workers(world: World, count: int = 3) -> Iterator[list[SimulatedWorker]]:
    """So many workers on one store."""
    made = [SimulatedWorker(world, f"worker-{n}") for n in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.close()
