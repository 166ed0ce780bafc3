"""The live recall of a site whose model misses attacks, by verdicts on random draws."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sftsec_core.operations.live_recall import LiveRecall, live_recall
from sftsec_core.operations.live_verdicts import judged_alerts
from sftsec_core.store.columns import utc_now
from sftsec_core.store.store import Store
from tests.core.operations.nights import SOURCE, opened, write_settings
from tests.core.operations.test_live_precision import MODEL, deliver, judge
from tests.core.registry.trained import TASK


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_settings(tmp_path)
    return tmp_path


def draw(folder: Path, *uids: str, days_ago: float = 2, probability: float = 0.5) -> None:
    then = utc_now() - timedelta(days=days_ago)
    with Store.open(None, folder=folder / ".sftsec", actor="tester", clock=lambda: then) as store:
        store.recall_draws.add(TASK.name, SOURCE, uids, model=MODEL, probability=probability)


def recall(folder: Path) -> LiveRecall:
    with opened(folder) as context:
        found = judged_alerts(context, TASK.name, MODEL)
        return live_recall(context, TASK.name, MODEL, found)


class TestLiveRecall:
    def test_weighs_the_random_draws(self, folder: Path) -> None:
        deliver(folder, *"abcd")
        draw(folder, "v", "w", "x", "y", "a")
        draw(folder, "young", days_ago=0.2)
        draw(folder, "ancient", days_ago=31)
        for uid, value in (("a", "tp"), ("b", "tp"), ("v", "tp"), ("w", "fp"), ("x", "fp")):
            judge(folder, uid, value)
        judge(folder, "y", "tp", automated=True)
        for uid in ("young", "ancient"):
            judge(folder, uid, "tp")
        found = recall(folder)
        # Each of three judged draws stands for 8 / 3 events; the four alerts are all attacks.
        assert (found.drawn, found.judged, found.attacks) == (4, 3, 1)
        assert found.missed == pytest.approx(8 / 3)
        assert found.value == pytest.approx(4 / (4 + 8 / 3))
        assert (found.low or 1) < 0.6 < (found.high or 0)

    def test_says_why_there_is_none(self, folder: Path) -> None:
        assert "set recall_sample" in recall(folder).problem
        draw(folder, "v")
        assert recall(folder).problem == "none of 1 random draws has a verdict"
        judge(folder, "v", "fp")
        assert recall(folder).problem == "no attack among 0 judged alerts and 1 judged draws"
        deliver(folder, "a")
        assert recall(folder).problem == "none of 1 alerts has a verdict"
        assert recall(folder).value is None
