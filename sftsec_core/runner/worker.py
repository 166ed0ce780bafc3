"""The worker: claims runs, starts a process for each, and records what these did not."""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sftsec_core import __version__
from sftsec_core.api.domain import Message, Permission
from sftsec_core.api.errors import SftsecError, StoreMovedError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.gpu_lease import rules_of
from sftsec_core.runner.child import ChildOrder
from sftsec_core.runner.config_watcher import ConfigWatcher
from sftsec_core.runner.needs import WithinReach
from sftsec_core.runner.process import RunProcess
from sftsec_core.store.run_queue import FAIL, RELEASE, RETRY

if TYPE_CHECKING:
    from datetime import timedelta

    from sftsec_core.config.settings import WorkerSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.store.run_queue import ClaimedRun
    from sftsec_core.store.run_requests import Prefer

POLL_S = 1.0
_GB = 1e9
# What no repetition cures: usage, configuration, plugins, permission.
_FINAL_CODES = frozenset({2, 3, 4, 11})
log = logging.getLogger(__name__)


class Worker:
    """Carries out runs until it is told to stop.

    The first SIGTERM (or Ctrl-C) has the runs write a checkpoint and puts them back into the queue,
    at their place; the second ends them at once.
    """

    def __init__(
        self,
        context: Context,
        *,
        slots: int | None = None,
        prefer: Prefer | None = None,
        each_turn: Sequence[Callable[[], object]] = (),
    ) -> None:
        """Take what to work with.

        Args:
            context: settings, store, actor and event stream.
            slots: how many runs at once; default: `worker.slots`.
            prefer: orders candidates of equal priority.
            each_turn: called once a turn, before runs are claimed; a scheduler, for one.

        Raises:
            AuthorizationError: when the actor may not manage runs.
        """
        authorize(context.actor, Permission.MANAGE_RUNS)
        self._context = context
        self._asked_slots = slots
        self._prefer = WithinReach(lambda: rules_of(context.settings.gpu), prefer, self._say)
        self._each_turn = tuple(each_turn)
        self._failing: dict[int, str] = {}
        self._reported: str | None = None
        self._config = ConfigWatcher(context)
        self._poll_s = min(POLL_S, context.settings.state.lease.total_seconds() / 3)
        self._running: list[RunProcess] = []
        self._draining = False
        self._signals = 0
        self._told_signals = 0
        self.name = ""

    @property
    def _settings(self) -> WorkerSettings:
        return self._context.settings.worker

    @property
    def _slots(self) -> int:
        return self._asked_slots or self._settings.slots

    def run(self, *, once: bool = False, drain_after: timedelta | None = None) -> int:
        """Work until a signal, a drain, or, with `once`, until nothing may begin.

        Args:
            once: carry out what may begin now, and end.
            drain_after: take nothing new after so long.

        Returns:
            How many runs were begun.
        """
        store = self._context.store
        self.name = store.workers.register(__version__, self._slots)
        self._reported = None
        store.audit.append("worker.started", self.name, {"slots": self._slots})
        self._say(f"worker {self.name} is ready")
        until = None if drain_after is None else time.monotonic() + drain_after.total_seconds()
        begun = 0
        try:
            with self._woken() as wait:
                while True:
                    self._draining |= until is not None and time.monotonic() > until
                    begun += self._turn()
                    if not self._running and (once or self._draining or self._signals):
                        return begun
                    wait(self._poll_s)
        finally:
            for each in self._running:
                each.kill()
            store.workers.stop(self.name)
            store.audit.append("worker.stopped", self.name, {"runs": begun})

    def _turn(self) -> int:
        """One look at everything; a store that fails is asked again in the next turn."""
        begun = 0
        self._pass_signals_on()
        try:
            self._draining |= self._context.store.workers.heartbeat(self.name)
            self._look_after_processes()
            # What only reads would never learn that the store counts no more.
            self._context.store.moving.check_in_place()
            if self._draining or self._signals:
                return 0
            if self._config.look():
                self._context.store.audit.append("worker.reconfigured", self.name, {})
                self._say(f"worker {self.name} works by {self._context.file.name} as changed")
            for number, each in enumerate(self._each_turn):
                self._call(number, each)
            self._report()
            while len(self._running) < self._slots and (claimed := self._claim()) is not None:
                self._start(claimed)
                begun += 1
        except StoreMovedError:
            raise
        except SftsecError as error:
            log.warning("%s", error)
        return begun

    def _call(self, number: int, each: Callable[[], object]) -> None:
        """Call what is called each turn; its failure is told once and stops no claims."""
        try:
            each()
        except StoreMovedError:
            raise
        except SftsecError as error:
            if self._failing.get(number) != str(error):
                self._failing[number] = str(error)
                self._context.emit(Message(text=str(error), level="warning"))
        else:
            self._failing.pop(number, None)

    def _report(self) -> None:
        """Put into this worker's row what fails, where that is not there yet."""
        problem = "; ".join(dict.fromkeys(self._failing.values())) or None
        if problem != self._reported:
            self._context.store.workers.report(self.name, problem)
            self._reported = problem

    def _claim(self) -> ClaimedRun | None:
        return self._context.store.queue.claim(self.name, self._prefer)

    def _start(self, claimed: ClaimedRun) -> None:
        request, settings = claimed.request, self._settings
        order = ChildOrder(
            config=str(self._context.file.resolve()),
            run=claimed.info.id,
            fence=claimed.fence,
            actor=request.actor,
            roles=tuple(request.roles),
            nice=settings.nice,
            grace_s=settings.grace.total_seconds(),
        )
        own = settings.timeout.total_seconds() if settings.timeout else None
        limits = [each for each in (request.timeout_s, own) if each is not None]
        self._running.append(RunProcess(claimed, order, min(limits, default=None)))
        self._say(f"run {claimed.info.id}: {request.kind} {request.task}, begun")

    def _look_after_processes(self) -> None:
        memory = None if self._settings.memory_gb is None else self._settings.memory_gb * _GB
        for each in tuple(self._running):
            code = each.poll()
            if code is None:
                each.enforce(memory, self._settings.grace.total_seconds())
                self._context.store.queue.renew(each.claimed)
                continue
            self._settle(each, code)
            self._running.remove(each)

    def _settle(self, process: RunProcess, code: int) -> None:
        """Record the end of a run whose process did not, or which went past a limit."""
        ended = f"its process was ended by {signal.Signals(-code).name}" if code < 0 else None
        line = process.limit or ended or process.last_error() or f"exit code {code}"
        end = RETRY
        if process.limit or code in _FINAL_CODES:
            end = FAIL
        elif process.term_at is not None:
            end = RELEASE
        info = self._context.store.queue.settle(process.claimed, line, end)
        self._say(f"run {info.id}: {info.status}" + (f": {info.error}" if info.error else ""))

    def _pass_signals_on(self) -> None:
        if self._signals > self._told_signals:
            self._told_signals = self._signals
            for each in self._running:
                each.terminate()
                if self._signals > 1:
                    each.kill()

    @contextmanager
    def _woken(self) -> Iterator[Callable[[float], object]]:
        """Lend a way to wait that ends early at a signal, or when a process has ended."""
        if threading.current_thread() is not threading.main_thread():
            yield time.sleep
            return
        reader, writer = os.pipe()
        os.set_blocking(writer, False)

        def wake(number: int, _frame: object) -> None:
            self._signals += number != signal.SIGCHLD
            with suppress(BlockingIOError):
                os.write(writer, b"x")

        def wait(seconds: float) -> None:
            if select.select([reader], [], [], seconds)[0]:
                os.read(reader, 1024)

        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
        before = [signal.signal(number, wake) for number in numbers]
        try:
            yield wait
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)

    def _say(self, text: str) -> None:
        self._context.emit(Message(text=text))
