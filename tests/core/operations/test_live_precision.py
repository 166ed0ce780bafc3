"""Detections of the live model that analysts confirm, of those that they have judged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.operations.live_precision import live_precision
from sftsec_core.operations.live_verdicts import judged_alerts
from sftsec_core.store.columns import utc_now
from sftsec_core.store.store import Store
from tests.core.operations.nights import SOURCE, detection, opened, write_settings
from tests.core.registry.trained import TASK

MODEL = "m" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_settings(tmp_path)
    return tmp_path


def deliver(folder: Path, *incidents: str, days_ago: float = 2, model: str = MODEL) -> None:
    """Write detections as a process would have done some days ago."""
    then = utc_now() - timedelta(days=days_ago)
    with Store.open(None, folder=folder / ".sftsec", actor="tester", clock=lambda: then) as store:
        made = [detection(model, uid) for uid in incidents]
        store.outbox.add(SOURCE, made)
        store.outbox.deliver(SOURCE, [each.uid for each in made], "written")


def judge(folder: Path, uid: str, *values: str, automated: bool = False) -> None:
    verdicts = tuple(Verdict(value, automated=automated) for value in values)
    with opened(folder) as context:
        context.store.verdicts.add(SOURCE, [Incident(uid, {}, verdicts)])


class TestLivePrecision:
    def test_counts_persons_verdicts(self, folder: Path) -> None:
        deliver(folder, *"abcdefg")
        for uid, value in (("a", "tp"), ("b", "TP"), ("c", "fp"), ("d", "malicious")):
            judge(folder, uid, value)
        judge(folder, "e", "tp", automated=True)
        judge(folder, "f", "a word of no label")
        with opened(folder) as context:
            found = live_precision(judged_alerts(context, TASK.name, MODEL), TASK.benign)
        assert found is not None
        assert (found.right, found.judged, found.detections) == (3, 4, 7)
        assert found.value == 0.75
        assert found.low < 0.75 < found.high

    def test_waits_for_slow_verdicts(self, folder: Path) -> None:
        deliver(folder, "young", days_ago=0.5)
        deliver(folder, "ancient", days_ago=31)
        deliver(folder, "stranger", model="n" * 64)
        for uid in ("young", "ancient", "stranger"):
            judge(folder, uid, "tp")
        with opened(folder) as context:
            found = judged_alerts(context, TASK.name, MODEL)
            assert (found.alerts, live_precision(found, TASK.benign)) == ({}, None)
