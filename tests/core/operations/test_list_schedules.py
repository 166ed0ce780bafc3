"""When each schedule runs next and why, and what became of its occurrences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.api.errors import ConfigError, NotFoundError
from sftsec_core.operations.change_schedules import add_schedule
from sftsec_core.operations.check_config import check_config
from sftsec_core.operations.list_schedules import (
    due_schedules,
    list_schedules,
    schedule_history,
    show_schedule,
)
from sftsec_core.store.columns import utc_now
from tests.core.operations.schedule_site import FOLLOW, NIGHTLY, open_site, write_site


class TestDue:
    def test_says_when_and_why(self, tmp_path: Path) -> None:
        given = {
            "follow": FOLLOW,
            "nightly": {**NIGHTLY, "timezone": "Europe/Berlin"},
            "often": {"run": "dataset", "task": "mail", "when": {"interval": "2h"}},
        }
        with open_site(tmp_path, given) as context:
            at = datetime(2026, 6, 1, 12, tzinfo=UTC)
            found = due_schedules(context, at)
        said = [(each.schedule.name, each.due, each.starts_at) for each in found]
        assert said == [
            ("often", False, at + timedelta(hours=2)),
            ("nightly", False, at + timedelta(hours=12)),
            ("follow", False, None),
        ]
        assert found[2].reason == "no retrain of mail was promoted since its last run"

    def test_looks_at_another_moment(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            add_schedule(context, "nightly", NIGHTLY)
            tomorrow = utc_now() + timedelta(days=1)
            (found,) = due_schedules(context, tomorrow)
        assert found.due
        assert found.reason == "cron 0 2 * * *"

    def test_counts_the_verdicts_of_the_task(self, tmp_path: Path) -> None:
        fresh = {"run": "retrain", "task": "mail", "when": {"new_verdicts": 3}}
        with open_site(tmp_path, {"fresh": fresh}) as context:
            for uid in ("a", "b"):
                judged = Incident(uid, {}, verdicts=(Verdict("tp", "ann", utc_now()),))
                context.store.verdicts.add("in", [judged], run_id=None)
                context.store.verdicts.add("elsewhere", [judged], run_id=None)
            assert show_schedule(context, "fresh").reason == "2 of 3 new verdicts are there"
            judged = Incident("c", {}, verdicts=(Verdict("fp", "ann", utc_now()),))
            context.store.verdicts.add("in", [judged], run_id=None)
            assert show_schedule(context, "fresh").due

    def test_reads_the_figures_of_the_task(self, tmp_path: Path) -> None:
        drifted = {"run": "retrain", "task": "mail", "when": {"drift_above": 0.2}}
        with open_site(tmp_path, {"drifted": drifted}) as context:
            context.store.figures.add("url", "input_drift", 0.9)
            context.store.figures.add("mail", "input_drift", 0.1)
            assert show_schedule(context, "drifted").reason == "input_drift is 0.1, not above 0.2"
            context.store.figures.add("mail", "input_drift", 0.4)
            found = show_schedule(context, "drifted")
        assert (found.due, found.reason) == (True, "input_drift 0.4 is above 0.2")


class TestConfigCheck:
    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"options": {"forse": True}}, "schedules.nightly: parameter 'forse' of retrain"),
            ({"run": "audit-push", "task": None}, "'connector' of audit-push: Field required"),
        ],
    )
    def test_refuses_options_that_are_wrong(
        self, tmp_path: Path, changes: dict[str, object], says: str
    ) -> None:
        said = {key: each for key, each in {**NIGHTLY, **changes}.items() if each is not None}
        with pytest.raises(ConfigError) as refused:
            check_config(write_site(tmp_path, {"nightly": said}))
        assert says in str(refused.value)


class TestList:
    def test_names_what_cannot_run(self, tmp_path: Path) -> None:
        with open_site(tmp_path) as context:
            add_schedule(context, "nightly", NIGHTLY)
            file = context.file
        said = yaml.safe_load(file.read_text("utf-8"))
        del said["tasks"]["mail"]
        file.write_text(yaml.safe_dump(said), "utf-8")
        with type(context).open(file, actor=context.actor) as context:
            (found,) = list_schedules(context)
        assert (found.due, found.starts_at) == (False, None)
        assert found.reason.startswith("unknown task 'mail'")


class TestHistory:
    def test_of_a_new_schedule_is_empty(self, tmp_path: Path) -> None:
        with open_site(tmp_path, {"nightly": NIGHTLY}) as context:
            assert schedule_history(context, "nightly") == []
            with pytest.raises(NotFoundError, match="did you mean 'nightly'"):
                schedule_history(context, "nigthly")
