"""Scored events are compared with the training data: each window once, a drift told of once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import DriftFound, Event, Incident, LiveQualityFell, Verdict
from sftsec_core.api.errors import DataError, NoLiveModelError
from sftsec_core.config.notify import NotifySettings
from sftsec_core.config.settings import DriftSettings
from sftsec_core.operations.change_schedules import add_schedule
from sftsec_core.operations.check_drift import check_drift
from sftsec_core.operations.context import Context
from sftsec_core.operations.enqueue_due import enqueue_due
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.score import score
from sftsec_core.operations.show_drift import show_drift
from sftsec_core.testing import MemoryConnector, MemorySource, make_incidents
from tests.core.operations.memory_site import MemoryPlugin, memory_context
from tests.core.operations.secret_task import Observer
from tests.core.sdk.loopback import loopback_server

WINDOW = 100
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
FIGURES = {"input_drift", "score_drift", "label_shift", "estimated_macro_f1"}


class Site:
    """A source whose 600 labelled incidents trained the live model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = MemorySource(list(make_incidents(600, labelled=1.0)))
        self.told: list[Event] = []
        self.task: dict[str, Any] = {}

    def open(self) -> Context:
        plugin = MemoryPlugin(lambda: MemoryConnector(self.source, page_size=70))
        context = memory_context(
            self.folder, plugin, Observer(), sinks=[self.told.append], **self.task
        )
        watched = {"drift": DriftSettings(window=WINDOW, verdict_delay=timedelta(0))}
        context.settings = context.settings.model_copy(update=watched)
        return context

    def score(self, incidents: Sequence[Incident]) -> None:
        """Score more incidents."""
        number = len(self.source.records)
        later = timedelta(days=number)
        self.source.records += [
            replace(each, uid=f"{number}-{each.uid}", at=each.at + later if each.at else None)
            for each in incidents
        ]
        with self.open() as context:
            score(context, "mail")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("drift"))
    with site.open() as context:
        assert retrain(context, "mail").promoted
    return site


@pytest.fixture
def site(trained: Site, tmp_path: Path) -> Site:
    """A copy of the trained one."""
    made = Site(Path(shutil.copytree(trained.folder, tmp_path / "site")))
    made.source.records = list(trained.source.records)
    return made


def opened(count: int, seed: int = 1) -> list[Incident]:
    return make_incidents(count, seed=seed, labelled=0.0)


def foreign(count: int) -> list[Incident]:
    """As many, of which every third is of another kind."""
    return [
        replace(each, fields={**each.fields, "message": f"schtasks /create /tn {n:x} /sc onlogon"})
        if n % 3 == 0
        else each
        for n, each in enumerate(opened(count, seed=2))
    ]


class TestCheckDrift:
    def test_finds_none_in_more_alike(self, site: Site) -> None:
        site.score(opened(450))
        with site.open() as context:
            found = check_drift(context, "mail")
            assert set(context.store.figures.names("mail")) == FIGURES
        assert [each.window.events for each in found.windows] == [WINDOW] * 4
        assert found.collected == 50
        assert "set recall_sample" in found.to_json()["live_recall"]["problem"]
        assert not any(each.drifted for each in found.windows)
        assert not any(isinstance(each, DriftFound) for each in site.told)

    def test_tells_of_a_drift_once(self, site: Site) -> None:
        site.score(foreign(WINDOW))
        for expected in (1, 0):
            with site.open() as context:
                found = check_drift(context, "mail")
                entries = context.store.audit.tail(action="drift.found")
                figures = context.store.figures.since("mail", "input_drift", BEGINNING)
            assert len(found.new) == expected
            assert found.windows[-1].drifted[0].severity >= 1
            assert len(entries) == len(figures) == 1
        told = [each for each in site.told if isinstance(each, DriftFound)]
        assert [(each.task, each.events) for each in told] == [("mail", WINDOW)]
        assert "(text)" in told[0].monitors
        assert figures[0].details["drifted"]

    def test_notifies_the_soc(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOOK", "k" * 32)
        site.score(foreign(WINDOW))
        with loopback_server() as server:
            hook = {"webhook": {"url": server.url, "secret": "env:HOOK"}}
            with site.open() as context:
                told = {"notify": {"soc": NotifySettings.model_validate(hook)}}
                context.settings = context.settings.model_copy(update=told)
                check_drift(context, "mail")
        assert [json.loads(each.body)["type"] for each in server.requests] == ["sftsec.drift"]

    def test_waits_for_a_full_window(self, site: Site) -> None:
        site.score(foreign(WINDOW - 1))
        with site.open() as context:
            found = check_drift(context, "mail")
            assert context.store.figures.names("mail") == []
        assert (found.windows, found.collected) == ((), WINDOW - 1)

    def test_counts_a_burst_as_one(self, site: Site) -> None:
        """A thousand copies of one known alert are one event more, not another distribution."""
        alert = opened(1)[0]
        burst = [replace(alert, uid=f"copy-{n}") for n in range(WINDOW // 2)]
        site.score([*burst, *opened(WINDOW // 2, seed=3)])
        with site.open() as context:
            (only,) = check_drift(context, "mail").windows
        assert only.window.sketch["distinct"] <= WINDOW // 2 + 1
        assert not [each for each in only.drifted if each.name == "(text)"]

    def test_keeps_no_text_of_events(self, site: Site) -> None:
        site.score(foreign(WINDOW + 20))
        with site.open() as context:
            check_drift(context, "mail")
            kept = str(context.store.drift_windows.list("mail", _live(context)))
        assert "schtasks" not in kept
        assert "schtasks" not in (site.folder / ".sftsec").joinpath(*_drift_file(site)).read_text()

    def test_shows_figures_of_the_time(self, site: Site) -> None:
        site.score(opened(WINDOW))
        with site.open() as context:
            check_drift(context, "mail")
            shown = show_drift(context, "mail", within=timedelta(days=1))
            assert {each.name for each in shown} == FIGURES
            assert show_drift(context, "mail", within=timedelta(0)) == []


class TestQuality:
    """The report of the site's model has a precision of 1; by verdicts it is far lower."""

    def judge(self, site: Site, context: Context, wrong: bool) -> None:
        said = Verdict("benign" if wrong else "malicious")
        for each in site.source.detections.values():
            context.store.verdicts.add("siem", [Incident(each.incident_uid, {}, (said,))])

    def fallen(self, site: Site) -> list[LiveQualityFell]:
        return [each for each in site.told if isinstance(each, LiveQualityFell)]

    def test_that_fell_is_told_once(self, site: Site) -> None:
        site.score(opened(60))
        with site.open() as context:
            self.judge(site, context, wrong=True)
            for _ in range(3):
                check_drift(context, "mail")
            (entry,) = context.store.audit.tail(action="quality.fell")
        (told,) = self.fallen(site)
        assert (told.figure, told.value, told.retraining) == ("live_precision", 0.0, None)
        assert told.high < told.expected == entry.details["expected"]

    def test_that_holds_is_not_told(self, site: Site) -> None:
        site.score(opened(60))
        with site.open() as context:
            self.judge(site, context, wrong=False)
            check_drift(context, "mail")
        assert self.fallen(site) == []

    def test_names_the_schedule_that_retrains(self, site: Site) -> None:
        site.score(opened(60))
        when = {"live_precision_below": 0.5}
        with site.open() as context:
            add_schedule(context, "fresh", {"task": "mail", "run": "retrain", "when": when})
            self.judge(site, context, wrong=True)
            check_drift(context, "mail")
            (run,) = enqueue_due(context)
            (queued,) = context.store.queue.waiting()
        (told,) = self.fallen(site)
        assert told.retraining == (
            "schedule fresh starts a retraining now: live_precision 0 is below 0.5"
        )
        assert (run.kind, run.task, queued.request.schedule) == ("retrain", "mail", "fresh")


class TestRefusal:
    def test_keeps_the_recall_of_random_draws(self, site: Site) -> None:
        site.task = {"recall_sample": 1.0}
        site.score(opened(60))
        with site.open() as context:
            drawn = sorted(set(site.source.requested))
            missed, right = Verdict("malicious"), Verdict("benign")
            verdicts = [(uid, missed if n < 3 else right) for n, uid in enumerate(drawn)]
            alerts = [(each.incident_uid, missed) for each in site.source.detections.values()]
            for uid, verdict in (*verdicts, *alerts):
                context.store.verdicts.add("siem", [Incident(uid, {}, (verdict,))])
            found = check_drift(context, "mail")
            kept = context.store.figures.latest("mail", "live_recall")
        assert len(drawn) + len(alerts) == 60
        assert found.recall.value == pytest.approx(len(alerts) / (len(alerts) + 3))
        assert kept is not None
        assert (kept.value, kept.count) == (found.recall.value, len(drawn))

    def test_names_what_is_missing(self, site: Site, tmp_path: Path) -> None:
        (site.folder / ".sftsec").joinpath(*_drift_file(site)).unlink()
        site.score(opened(WINDOW))
        with site.open() as context, pytest.raises(DataError, match="retrain mail --force"):
            check_drift(context, "mail")
        (tmp_path / "empty").mkdir()
        with Site(tmp_path / "empty").open() as context, pytest.raises(NoLiveModelError):
            check_drift(context, "mail")


def _live(context: Context) -> str:
    live = context.registry.live("mail")
    assert live is not None
    return live.digest


def _drift_file(site: Site) -> tuple[str, ...]:
    (file,) = (site.folder / ".sftsec" / "runs").glob("*/drift.json")
    return file.relative_to(site.folder / ".sftsec").parts
