"""Schedules of the store are added, changed and removed; any is paused and resumed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Actor, Permission
from sftsec_core.api.errors import AuthorizationError, ConfigError, NotFoundError
from sftsec_core.operations.authorize import ROLES
from sftsec_core.operations.change_schedules import (
    add_schedule,
    edit_schedule,
    pause_schedule,
    remove_schedule,
    resume_schedule,
)
from sftsec_core.operations.list_schedules import list_schedules, show_schedule
from tests.core.operations.schedule_site import FOLLOW, NIGHTLY, open_site


class TestAdd:
    def test_keeps_what_was_said(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            added = add_schedule(context, "nightly", NIGHTLY)
            assert added.to_json()["settings"] == NIGHTLY
            assert (added.source, added.actor) == ("store", context.actor.name)
            (entry,) = context.store.audit.tail()
            assert (entry.action, entry.object) == ("schedule.added", "nightly")

    def test_refuses_a_taken_name(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            add_schedule(context, "nightly", NIGHTLY)
            with pytest.raises(ConfigError, match="sftsec schedule edit nightly"):
                add_schedule(context, "nightly", NIGHTLY)

    def test_refuses_what_is_wrong(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            for given, says in (
                ({**NIGHTLY, "task": "mial"}, "did you mean 'mail'"),
                ({**NIGHTLY, "when": {"cron": "x"}}, "schedules.nightly.when.cron"),
                ({**FOLLOW, "after": {"run": "retrain", "task": "urk"}}, "unknown task 'urk'"),
            ):
                with pytest.raises(ConfigError, match=says):
                    add_schedule(context, "nightly", given)
            with pytest.raises(ConfigError, match="no name of a schedule"):
                add_schedule(context, "../x", NIGHTLY)
            assert list_schedules(context) == []

    def test_needs_the_runs_own_permission(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        allowed = frozenset({Permission.SCHEDULE, Permission.SCORE, Permission.RETRAIN})
        monkeypatch.setitem(ROLES, "planner", allowed)
        planner = Actor("bob", frozenset({"planner"}), "test")
        with open_site(tmp_path, actor=planner) as context:
            add_schedule(context, "follow", FOLLOW)
            with pytest.raises(AuthorizationError) as refused:
                add_schedule(context, "nightly", NIGHTLY)
            assert refused.value.permission == "model.promote"
            add_schedule(context, "trial", {**NIGHTLY, "options": {"promote": False}})


class TestEdit:
    def test_changes_what_is_named(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            add_schedule(context, "nightly", {**NIGHTLY, "priority": 3, "jitter": "5m"})
            edited = edit_schedule(context, "nightly", {"priority": 9, "jitter": None})
            assert edited.to_json()["settings"] == {**NIGHTLY, "priority": 9}
            assert context.store.audit.tail()[-1].action == "schedule.edited"

    def test_refuses_an_unknown_schedule(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            add_schedule(context, "nightly", NIGHTLY)
            with pytest.raises(NotFoundError, match="did you mean 'nightly'"):
                edit_schedule(context, "nigthly", {"priority": 9})

    def test_may_replace_the_trigger(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            before = add_schedule(context, "nightly", NIGHTLY)
            edited = edit_schedule(context, "nightly", {"when": {"interval": "6h"}})
            assert edited.state.since > before.state.since
            assert edited.settings.when is not None
            assert edited.settings.when.key == "interval"


class TestFile:
    def test_alone_says_what_there_is(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            add_schedule(context, "stored", NIGHTLY)
        with open_site(tmp_path, {"nightly": NIGHTLY}) as context:
            assert [each.schedule.name for each in list_schedules(context)] == ["nightly"]
            says = r"sftsec.yaml.* schedules: this file says"
            with pytest.raises(ConfigError, match=says):
                add_schedule(context, "other", NIGHTLY)
            with pytest.raises(ConfigError, match=says):
                edit_schedule(context, "nightly", {"priority": 1})
            with pytest.raises(ConfigError, match=says):
                remove_schedule(context, "nightly")
        with open_site(tmp_path) as context:
            assert [each.schedule.name for each in list_schedules(context)] == ["stored"]

    def test_lets_its_schedules_be_paused(self, tmp_path: Path) -> None:
        with open_site(tmp_path, {"nightly": NIGHTLY}) as context:
            assert pause_schedule(context, "nightly").state.paused
            assert show_schedule(context, "nightly").reason == "it is paused"
            resumed = resume_schedule(context, "nightly")
            assert (resumed.state.paused, resumed.source) == (False, "sftsec.yaml")
            actions = [each.action for each in context.store.audit.tail()]
            assert actions == ["schedule.paused", "schedule.resumed"]

    def test_stays_paused_with_another_trigger(self, tmp_path: Path) -> None:
        with open_site(tmp_path, {"nightly": NIGHTLY}) as context:
            pause_schedule(context, "nightly")
        with open_site(tmp_path, {"nightly": {**NIGHTLY, "when": {"interval": "6h"}}}) as context:
            assert show_schedule(context, "nightly").schedule.state.paused


class TestRemove:
    def test_leaves_no_schedule(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            add_schedule(context, "nightly", NIGHTLY)
            remove_schedule(context, "nightly")
            assert list_schedules(context) == []
            with pytest.raises(NotFoundError):
                remove_schedule(context, "nightly")
