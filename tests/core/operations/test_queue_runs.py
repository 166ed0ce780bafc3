"""Runs are queued, cancelled and asked for again, each with an entry in the audit log."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Actor
from sftsec_core.api.errors import AuthorizationError, NotFoundError, StoreError, UsageError
from sftsec_core.operations.queue_runs import (
    RunOptions,
    add_run,
    cancel_run,
    list_waiting,
    retry_run,
)
from tests.core.operations.secret_task import Observer, context


class TestAdd:
    def test_queues_on_behalf_of_the_actor(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            options = RunOptions(parameters={"promote": False}, timeout=timedelta(minutes=2))
            run = add_run(work, "retrain", "secret", options)
            (waiting,) = list_waiting(work)
            request = waiting.request
            assert (waiting.info, request.actor) == (run, work.actor.name)
            assert request.parameters == {"promote": False, "force": False, "budget": None}
            assert (request.timeout_s, request.roles) == (120, ("admin",))
            assert [entry.action for entry in work.store.audit.after(0, 9)] == ["run.queued"]

    @pytest.mark.parametrize(
        ("kind", "task", "parameters", "error"),
        [
            ("retrain", "secrt", {}, NotFoundError),
            ("retrain", None, {}, UsageError),
            ("gc", "secret", {}, UsageError),
            ("gc", None, {"keep": -1}, UsageError),
            ("audit-push", None, {"connector": "sime"}, NotFoundError),
            ("retrian", "secret", {}, NotFoundError),
        ],
    )
    def test_refuses_what_cannot_run(
        self,
        folder: Path,
        observer: Observer,
        kind: str,
        task: str | None,
        parameters: dict[str, object],
        error: type[Exception],
    ) -> None:
        with context(folder, observer, "oracle") as work:
            with pytest.raises(error):
                add_run(work, kind, task, RunOptions(parameters=parameters))
            assert list_waiting(work) == []

    def test_asks_for_every_permission_of_the_kind(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            analyst = work.acting_as(Actor("ann", frozenset({"analyst"}), "server"))
            with pytest.raises(AuthorizationError):
                add_run(analyst, "retrain", "secret")


class TestCancelAndRetry:
    def test_find_runs_by_a_prefix(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            run = add_run(work, "dataset", "secret")
            assert cancel_run(work, run.id[:-2]).status == "cancelled"
            again = retry_run(work, run.id)
            assert (again.kind, again.status) == ("dataset", "queued")
            assert again.id != run.id
            with pytest.raises(StoreError, match="nothing to retry"):
                retry_run(work, again.id)
            actions = [entry.action for entry in work.store.audit.after(0, 9)]
            assert actions == ["run.queued", "run.cancelled", "run.queued"]
            assert work.store.audit.verify() == 3
