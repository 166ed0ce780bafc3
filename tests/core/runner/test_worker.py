"""Workers carry out runs in real processes, which are stopped, killed, cancelled and limited."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from sftsec_core.api.domain import RunInfo
from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.queue_runs import RunOptions, add_run
from sftsec_core.runner import process
from sftsec_core.runner.worker import Worker
from sftsec_core.store.run_queue import QueuedRun
from sftsec_core.store.runs import LOG
from tests.e2e.site import Site

ROOT = Path(__file__).parents[3]
SLOW = "tests.core.runner.slow_child"
SLOW_WORKER = f"""
from sftsec_core.runner import process
process.CHILD = {SLOW!r}
from sftsec_core.cli import main; main()
"""
PATIENCE_S = 120


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    made = Site.make(tmp_path / "site", rows=60, open_rows=10)
    values = yaml.safe_load(made.config.read_text(encoding="utf-8"))
    values.setdefault("state", {})["lease"] = "2s"
    values["worker"] = {"grace": "20s", "nice": 0}
    made.config.write_text(yaml.safe_dump(values), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return made


@pytest.fixture
def context(site: Site) -> Iterator[Context]:
    with Context.open(site.config, actor=local_admin("test")) as opened:
        yield opened


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of this process's workers work until they are stopped."""
    monkeypatch.setattr(process, "CHILD", SLOW)


def queued(context: Context, run: RunInfo) -> QueuedRun:
    found = context.store.queue.get(run.id)
    assert found is not None
    return found


def add(context: Context, kind: str = "dataset", **options: Any) -> RunInfo:
    return add_run(context, kind, "triage" if kind == "dataset" else None, RunOptions(**options))


def await_that(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def at_work(context: Context, run: RunInfo) -> bool:
    """Whether the run's process has taken it up and does its work."""
    return (context.store.runs.get(run.id).folder / "work").exists()


@contextmanager
def once_at_work(context: Context, run: RunInfo, act: Callable[[], object]) -> Iterator[None]:
    """Act, from a thread, as soon as the run is at work."""

    def wait_and_act() -> None:
        await_that(lambda: at_work(context, run))
        act()

    with ThreadPoolExecutor(1) as pool:
        acted: Future[None] = pool.submit(wait_and_act)
        yield
        acted.result(PATIENCE_S)


def child_of(worker: int) -> int:
    """The process of a run; a process of pytest's has others beside it."""
    children = Path(f"/proc/{worker}/task/{worker}/children").read_text(encoding="ascii").split()
    told = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return next(int(child) for child, line in told.items() if SLOW.encode() in line)


class TestOnce:
    def test_carries_out_and_records_runs(self, site: Site, context: Context) -> None:
        site.change("connectors", "incidents", paths=["nowhere-*.jsonl"])
        runs = [add(context, "gc"), add(context)]
        with Context.open(site.config, actor=local_admin("test")) as own:
            assert Worker(own).run(once=True) == 2
        ended = [context.store.runs.get(run.id) for run in runs]
        assert [run.status for run in ended] == ["succeeded", "failed"]
        assert "nowhere" in (ended[1].error or "")
        lines = (ended[0].folder / LOG).read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["event"] for line in lines] == ["run_started", "run_finished"]
        (worker,) = context.store.workers.list()
        assert (worker.state, worker.pid) == ("stopped", os.getpid())
        assert context.store.queue.waiting() == []

    def test_fails_a_run_of_a_broken_configuration(self, site: Site, context: Context) -> None:
        run = add(context, retries=3)
        worker = Worker(context)
        site.config.write_text("version: 2\n", encoding="utf-8")
        assert worker.run(once=True) == 1
        ended = context.store.runs.get(run.id)
        assert ended.status == "failed"
        assert "version" in (ended.error or "")


class TestEachTurn:
    def test_a_failing_scheduler_stops_no_claims(
        self, context: Context, caplog: pytest.LogCaptureFixture
    ) -> None:
        add(context, "gc")
        causes = iter(["no schedule", "no schedule", "no clock", None, "no clock"])
        claimed: list[int] = []
        problems: list[str | None] = []

        def tick() -> None:
            if cause := next(causes):
                raise ConfigError(cause)

        def prefer(found: Sequence[QueuedRun]) -> Sequence[QueuedRun]:
            claimed.append(len(found))
            return ()

        worker = Worker(context, prefer=prefer, each_turn=[tick])
        for _ in range(5):
            worker.run(once=True)
            problems.append(context.store.workers.list()[0].problem)
        assert claimed == [1] * 5
        told = [record.message for record in caplog.records if record.levelname == "WARNING"]
        assert told == ["no schedule", "no clock", "no clock"]
        assert problems == ["no schedule", "no schedule", "no clock", None, "no clock"]

    def test_a_changed_file_counts_at_once(self, site: Site, context: Context) -> None:
        found: list[object] = []
        worker = Worker(context, each_turn=[lambda: found.append(context.settings.schedules)])
        nightly = {"run": "gc", "when": {"cron": "0 2 * * *"}}
        values = yaml.safe_load(site.config.read_text(encoding="utf-8"))
        text = yaml.safe_dump({**values, "schedules": {"nightly": nightly}})
        site.config.write_text(text, encoding="utf-8")
        worker.run(once=True)
        worker.run(once=True)
        assert [list(each) for each in found if isinstance(each, dict)] == [["nightly"]] * 2
        actions = [entry.action for entry in context.store.audit.tail(50)]
        assert actions.count("worker.reconfigured") == 1


@pytest.mark.usefixtures("slow")
class TestRunning:
    def test_a_signal_puts_runs_back(self, context: Context) -> None:
        run = add(context)
        with once_at_work(context, run, lambda: os.kill(os.getpid(), signal.SIGTERM)):
            Worker(context).run()
        waiting = queued(context, run)
        assert (waiting.info.status, waiting.attempt) == ("interrupted", 0)
        assert waiting.queued_at == context.store.queue.waiting()[0].queued_at
        assert waiting.request.not_before is None

    def test_a_cancelled_run_ends(self, context: Context) -> None:
        run = add(context)
        with once_at_work(context, run, lambda: context.store.queue.cancel(run.id)):
            Worker(context).run(once=True)
        assert context.store.runs.get(run.id).status == "cancelled"

    def test_a_run_past_its_limit_fails(self, context: Context) -> None:
        from datetime import timedelta

        run = add(context, timeout=timedelta(seconds=4), retries=3)
        Worker(context).run(once=True)
        ended = context.store.runs.get(run.id)
        assert ended.status == "failed"
        assert ended.error == "it took longer than its limit of 4 s"

    def test_a_killed_process_is_retried(self, context: Context) -> None:
        run = add(context, retries=1)

        def kill() -> None:
            os.kill(child_of(os.getpid()), signal.SIGKILL)

        with once_at_work(context, run, kill):
            Worker(context).run(once=True)
        waiting = queued(context, run)
        assert waiting.info.error == "its process was ended by SIGKILL"
        assert waiting.request.not_before is not None


class TestKilledWorker:
    @pytest.mark.parametrize("host", [False, True], ids=["worker", "whole host"])
    def test_another_one_takes_over(self, site: Site, context: Context, host: bool) -> None:
        run = add(context)
        command = [sys.executable, "-c", SLOW_WORKER, "-c", str(site.config), "worker", "run"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as worker:
            await_that(lambda: at_work(context, run))
            child = child_of(worker.pid)
            worker.kill()
            if host:
                os.kill(child, signal.SIGKILL)
        killed = time.monotonic()
        own = Worker(context)
        while own.run(once=True) == 0:
            assert time.monotonic() - killed < PATIENCE_S
            time.sleep(0.2)
        taken = queued(context, run)
        assert taken.info.status in ("failed", "succeeded")
        assert taken.attempt == 1
        moved = taken.info.folder.name != run.id
        assert moved is host
        await_that(lambda: not Path(f"/proc/{child}").exists())
