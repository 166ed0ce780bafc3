"""Each kind of run is recorded as the run that was claimed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.operations import jobs
from sftsec_core.operations.context import Context
from sftsec_core.operations.jobs import run_job
from sftsec_core.store.run_queue import QueuedRun, RunRequest
from tests.core.operations.secret_task import Observer, context


def carry_out(work: Context, kind: str, task: str, **request: Any) -> str:
    """Queue, claim and carry out a run in this process; return its id."""
    queue = work.store.queue
    queued = queue.enqueue(RunRequest(kind, task, actor="ann", roles=("admin",), **request))
    work.claimed = queue.claim("worker")
    assert queued is not None
    run_job(work)
    return queued.id


class TestRunJob:
    def test_is_the_run_of_its_own_record(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            run = carry_out(work, "dataset", "secret", parameters={})
            (recorded,) = work.store.runs.list()
            assert (recorded.id, recorded.status) == (run, "succeeded")
            assert recorded.folder.is_dir()
        assert observer.told == ["started dataset", "finished succeeded, report: False"]

    def test_is_recorded_around_what_records_nothing(
        self, folder: Path, observer: Observer
    ) -> None:
        with context(folder, observer, "oracle") as work:
            run = carry_out(work, "gc", "*", parameters={"keep": 1})
            assert work.store.runs.get(run).status == "succeeded"
            entries = [entry.action for entry in work.store.audit.after(0, 99)]
            assert entries == ["gc.started", "gc.finished"]
            assert work.store.audit.verify() == 2

    def test_is_retried_after_what_may_pass(
        self, folder: Path, observer: Observer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(*_: object, **__: object) -> None:
            raise ConnectorUnavailableError("the server is gone", connector="siem")

        monkeypatch.setattr(jobs, "export_audit", lost)
        with context(folder, observer, "oracle") as work:
            with pytest.raises(ConnectorUnavailableError):
                carry_out(work, "audit-push", "*", parameters={"connector": "siem"}, retries=1)
            waiting = one(work.store.queue.waiting())
            assert waiting.info.status == "interrupted"
            assert waiting.request.not_before is not None
            with pytest.raises(ConnectorUnavailableError):
                carry_out(work, "audit-push", "*", parameters={"connector": "siem"})
            last = work.store.runs.list(limit=1)[0]
            assert last.status == "failed"
            assert "(attempt 1, the last)" in (last.error or "")


def one(found: list[QueuedRun]) -> QueuedRun:
    (only,) = found
    return only
