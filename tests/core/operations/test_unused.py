"""What is needed, and why: models, runs, snapshots and what no row names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.operations.unused import Item, Survey, UnusedOrder
from sftsec_core.store.outbox import WRITTEN
from sftsec_core.store.runs import RunOrder
from tests.core.operations.nights import ALL, SOURCE, Nights, detection, opened
from tests.core.registry.trained import TASK

MONTH = UnusedOrder(timedelta(days=30), keep=5)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    return Nights.make(tmp_path_factory.mktemp("nights") / "site")


@pytest.fixture
def site(template: Nights, tmp_path: Path) -> Nights:
    folder = Path(shutil.copytree(template.folder, tmp_path / "site"))
    return Nights(folder, template.nights)


def reasons(
    site: Nights, part: Callable[[Survey], list[Item]], order: UnusedOrder = ALL
) -> dict[str, str]:
    """Why each thing stays, by name; "" for one that goes."""
    with site.opened() as context:
        found = part(Survey(context, order, planned=True))
    return {item.name: "" if item.goes else item.reason for item in found}


def going(
    site: Nights, part: Callable[[Survey], list[Item]], order: UnusedOrder = ALL
) -> list[str]:
    return [name for name, reason in reasons(site, part, order).items() if not reason]


class TestModels:
    def test_stay_where_a_rollback_leads(self, site: Nights) -> None:
        first, second, third, fourth = site.nights
        assert reasons(site, Survey.models) == {
            fourth.model: "it is candidate",
            third.model: "it is live",
            second.model: "",
            first.model: "a rollback can go back to it",
        }

    def test_stay_where_they_are_new(self, site: Nights) -> None:
        unused = site.nights[1].model
        assert "newest of its task" in reasons(site, Survey.models, MONTH)[unused]
        few = UnusedOrder(timedelta(days=30), keep=2)
        assert reasons(site, Survey.models, few)[unused] == "it is 0.0 days old"

    def test_stay_until_their_detections_are_judged(self, site: Nights) -> None:
        unused = site.nights[1].model
        with site.store() as store:
            store.outbox.add("siem", [detection(unused)])
        assert reasons(site, Survey.models)[unused] == "its detections wait in the outbox"
        with site.store() as store:
            store.outbox.deliver("siem", [detection(unused).uid], WRITTEN)
        assert "verdicts on its detections" in reasons(site, Survey.models)[unused]
        with site.store() as store:
            store.verdicts.add(SOURCE, [Incident("a1", {}, (Verdict("tp"),))])
        assert going(site, Survey.models) == [unused]

    def test_go_with_detections_before_the_window(self, tmp_path: Path) -> None:
        site = Nights.make(tmp_path / "site", window="7d")
        unused = site.nights[1].model
        for days, expected in ((8, [unused]), (6, [])):
            with site.store(days_ago=days) as store:
                store.outbox.add("siem", [detection(unused, str(days))])
            with site.store() as store:
                store.outbox.deliver("siem", [detection(unused, str(days)).uid], WRITTEN)
            assert going(site, Survey.models) == expected

    def test_stay_while_requested_labels_wait(self, site: Nights) -> None:
        unused = site.nights[1].model
        with site.store() as store:
            store.label_requests.add(TASK.name, SOURCE, ["a1"], model=unused)
        assert "labels that it asked for" in reasons(site, Survey.models)[unused]

    def test_stay_beside_a_run_under_way(self, site: Nights) -> None:
        with site.store() as store:
            run = store.runs.begin(RunOrder("score", TASK.name, {}), site.state / "runs").info
        assert reasons(site, Survey.models)[site.nights[1].model] == (
            f"run {run.id} of its task is under way"
        )


class TestRuns:
    def test_stay_with_the_models_they_made(self, site: Nights) -> None:
        first, second, third, fourth = site.nights
        found = reasons(site, Survey.runs)
        assert found[second.run] == ""
        assert found[third.run] == f"it made model {third.model[:12]}"
        assert {first.run, fourth.run} <= {name for name, why in found.items() if "made" in why}

    def test_stay_as_the_newest_of_their_kind(self, site: Nights) -> None:
        with site.store() as store:
            ids = []
            for _ in range(2):
                begun = store.runs.begin(RunOrder("score", TASK.name, {}), site.state / "runs")
                ids.append(store.runs.finish(begun.info.id, "failed").id)
        newest = max(ids)
        with site.store() as store:
            newest = store.runs.list(kind="score", limit=1)[0].id
        found = reasons(site, Survey.runs)
        assert found[newest] == "the newest score run of its task"
        assert sorted(name for name in ids if not found[name]) == sorted({*ids} - {newest})

    @pytest.mark.parametrize(
        ("days", "why"), [(0, "it is under way"), (0.5, "it can be resumed"), (2, "")]
    )
    def test_stay_while_they_may_go_on(self, site: Nights, days: float, why: str) -> None:
        with site.store(days_ago=days) as store:
            run = store.runs.begin(RunOrder("score", TASK.name, {}), site.state / "runs").info
        with site.store() as store:
            done = store.runs.begin(RunOrder("score", "other", {}), site.state / "runs").info
            store.runs.finish(done.id, "succeeded")
            later = store.runs.begin(RunOrder("dataset", TASK.name, {}), site.state / "runs").info
            store.runs.finish(later.id, "succeeded")
        found = reasons(site, Survey.runs)[run.id]
        assert found == (why or "the newest score run of its task")

    def test_give_up_their_work_files_once_ended(self, site: Nights) -> None:
        first, _, third, fourth = site.nights
        assert sorted(going(site, Survey.work_files)) == sorted([first.run, third.run, fourth.run])
        assert going(site, Survey.work_files, MONTH) == []
        with site.opened() as context:
            found = Survey(context, ALL).work_files()
        assert {path.name for item in found for path in item.paths} == {"fitted", "work"}
        assert {item.bytes for item in found} == {2000}


class TestSnapshots:
    def test_stay_with_the_models_trained_on_them(self, site: Nights) -> None:
        first, second, _, fourth = site.nights
        found = reasons(site, Survey.snapshots)
        assert found[first.snapshot] == f"model {first.model[:12]} was trained on it"
        assert found[second.snapshot] == ""
        assert found[fourth.snapshot] == f"the newest of task {TASK.name}"

    def test_stay_while_a_run_works_on_them(self, site: Nights) -> None:
        unused = site.nights[1].snapshot
        with site.store() as store:
            run = store.runs.begin(RunOrder("retrain", TASK.name, {}), site.state / "runs").info
        (run.folder / "snapshot").write_text(unused, encoding="ascii")
        assert reasons(site, Survey.snapshots)[unused] == f"run {run.id} works on it"

    def test_stay_when_a_card_is_unreadable(self, site: Nights) -> None:
        (card,) = (site.state / "models" / site.nights[0].model).glob("cards/*/card.json")
        card.write_text("{", encoding="utf-8")
        assert going(site, Survey.snapshots) == []


class TestLeftovers:
    def test_are_what_no_row_names(self, site: Nights) -> None:
        lost = [
            site.state / "models" / ("e" * 64),
            site.state / "snapshots" / ("f" * 64),
            site.state / "models" / ".staging-dead",
        ]
        for path in (*lost, site.state / "models" / "notes of the admin"):
            path.mkdir()
        (site.state / "salt.4711").write_bytes(b"s")
        expected = [str(path.relative_to(site.state)) for path in lost]
        assert sorted(going(site, Survey.leftovers)) == sorted([*expected, "salt.4711"])
        assert going(site, Survey.leftovers, MONTH) == ["models/.staging-dead"]

    def test_of_a_run_wait_for_its_row(self, site: Nights) -> None:
        folder = site.state / "runs" / "20260131T120000-1a2b3c4d"
        folder.mkdir()
        (found,) = reasons(site, Survey.leftovers).values()
        assert found == "it was made just now"
        os.utime(folder, (0, 0))
        assert going(site, Survey.leftovers) == [f"runs/{folder.name}"]

    def test_stay_beside_an_emptied_database(self, site: Nights) -> None:
        for file in site.state.glob("sftsec.db*"):
            file.unlink()
        with opened(site.folder) as context:
            found = Survey(context, ALL).leftovers()
        assert len(found) == 12
        assert [item for item in found if item.goes] == []
        assert {item.reason.partition(":")[0] for item in found} == {
            f"the database knows no {kind}" for kind in ("models", "snapshots", "runs")
        }
