"""Runs with how each ended, those of a killed process too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sftsec_core.api.domain import Actor, ModelRef
from sftsec_core.api.errors import AuthorizationError, NotFoundError
from sftsec_core.demo.source import TASK
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.compare_runs import compare_runs
from sftsec_core.operations.context import Context
from sftsec_core.operations.list_connectors import list_connectors
from sftsec_core.operations.list_models import list_models
from sftsec_core.operations.list_runs import LOST, list_runs
from sftsec_core.operations.promote import promote
from sftsec_core.operations.show_model import show_model
from sftsec_core.operations.show_report import show_report
from sftsec_core.operations.show_run import show_run
from sftsec_core.operations.show_status import show_status
from sftsec_core.operations.verify_models import verify_models
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.core.cli.token.bare import bare_site
from tests.core.operations.killed_run import begin_and_die
from tests.e2e.site import Site


class TestListRuns:
    def test_shows_a_killed_run_as_interrupted(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path / "site", rows=20, open_rows=5)
        killed = begin_and_die(site)
        with Context.open(site.config, actor=local_admin("test")) as context:
            (found,) = list_runs(context, "triage")
            assert list_runs(context, "triage", kind="score") == []
        assert found.info.id == killed
        assert (found.info.status, found.status, found.end) == ("running", "interrupted", LOST)
        assert found.to_json()["seconds"] is None

    def test_shows_why_a_run_failed(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path / "site", rows=20, open_rows=5)
        folder = site.folder / ".sftsec"
        with Store.open(None, folder=folder, actor="tester") as store:
            run = store.runs.begin(RunOrder("score", "triage", {}), folder / "runs").info
            store.runs.finish(run.id, "failed", error="no route to the server")
        with Context.open(site.config, actor=local_admin("test")) as context:
            (found,) = list_runs(context)
        assert (found.status, found.end) == ("failed", "no route to the server")


class TestRoles:
    """A viewer of one task, where another has a newer run and a model."""

    @pytest.fixture
    def context(self, tmp_path: Path) -> Iterator[Context]:
        site = bare_site(tmp_path)
        with Context.open(site.config, actor=local_admin("test")) as admin:
            runs, now = admin.store.runs, datetime.now(UTC)
            for task in (TASK, "other"):
                run = runs.begin(RunOrder("retrain", task, {}), admin.folder / "runs").info
                runs.finish(run.id, "failed", error="for a test")
                digest = task[0] * 64
                admin.store.models.add(
                    ModelRef(digest, task, "linear", run.id, admin.folder / digest, now)
                )
            yield admin.acting_as(Actor("ann", frozenset({f"viewer@{TASK}"}), "test"))

    def test_hide_runs_of_other_tasks(self, context: Context) -> None:
        other = context.store.runs.list("other")[0].id
        assert [each.info.task for each in list_runs(context)] == [TASK]
        assert show_run(context).info.task == TASK
        refused: tuple[Callable[[], object], ...] = (
            lambda: list_runs(context, "other"),
            lambda: show_run(context, other),
            lambda: show_run(context, task="other"),
            lambda: show_report(context, other),
            lambda: show_report(context, "other"),
            lambda: show_report(context, "other", TASK),
            lambda: compare_runs(context, other, other),
        )
        for each in refused:
            with pytest.raises(AuthorizationError):
                each()

    def test_hide_models_of_other_tasks(self, context: Context) -> None:
        assert [ref.ref.task for ref in list_models(context)] == [TASK]
        assert [each.ref.task for each in verify_models(context)] == [TASK]
        assert [each.task for each in show_status(context)] == [TASK]
        (connector,) = list_connectors(context)
        assert connector.tasks == (TASK,)
        for name in ("o" * 64, "oooo"):
            for task in (None, TASK, "other"):
                with pytest.raises((AuthorizationError, NotFoundError)):
                    show_model(context, name, task=task)
            with pytest.raises(AuthorizationError):
                verify_models(context, [name])

    def test_hold_for_models_by_name(self, context: Context) -> None:
        operator = context.acting_as(Actor("bob", frozenset({f"operator@{TASK}"}), "test"))
        context.store.models.set_alias(
            "other", "candidate", "o" * 64, expected=None, by="x", reason="x"
        )
        with pytest.raises(AuthorizationError):
            promote(operator, "other@candidate", task=TASK)
