"""Kinds of runs: their parameters are checked, and each is recorded as the run that was claimed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import ConnectorUnavailableError, NotFoundError, UsageError
from sftsec_core.operations import jobs
from sftsec_core.operations.context import Context
from sftsec_core.operations.jobs import JOBS, job_parameters, run_job, task_of
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


class TestParameters:
    @pytest.mark.parametrize("kind", [kind for kind in JOBS if kind != "audit-push"])
    def test_all_have_defaults(self, kind: str) -> None:
        assert job_parameters(kind, job_parameters(kind, {}).model_dump(mode="json"))

    @pytest.mark.parametrize(
        ("kind", "given", "message"),
        [
            ("retrain", {"forse": True}, r"'forse' of retrain.*it takes: force, promote"),
            ("request-labels", {"limit": 0}, "'limit' of request-labels"),
            ("audit-push", {}, "'connector' of audit-push: Field required"),
        ],
    )
    def test_name_what_is_wrong(self, kind: str, given: Mapping[str, Any], message: str) -> None:
        with pytest.raises(UsageError, match=message):
            job_parameters(kind, given)

    def test_suggest_the_kind_that_was_meant(self) -> None:
        with pytest.raises(NotFoundError, match="did you mean 'retrain'"):
            job_parameters("retrian", {})


class TestTask:
    def test_is_a_star_where_none_fits(self) -> None:
        assert (task_of("gc", None), task_of("gc", "*"), task_of("score", "mail")) == (
            "*",
            "*",
            "mail",
        )

    @pytest.mark.parametrize(("kind", "task"), [("score", None), ("score", "*"), ("gc", "mail")])
    def test_fits_its_kind(self, kind: str, task: str | None) -> None:
        with pytest.raises(UsageError, match=f"{kind} (works on one|concerns no single) task"):
            task_of(kind, task)


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
