"""The figures of a task over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sftsec_core.api.errors import NotFoundError
from sftsec_core.operations.watched_figures import watched_figures
from tests.core.server.site import TASK, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path)
    now = datetime.now(UTC)
    for days, value in ((200, 0.9), (3, 0.1), (1, 0.2)):
        made.context.store.figures.add(TASK, "input_drift", value, at=now - timedelta(days=days))
    made.context.store.figures.add(TASK, "label_shift", 0.5, at=now - timedelta(days=200))
    made.context.store.figures.add("empty", "input_drift", 0.7)
    return made


class TestWatchedFigures:
    def test_are_of_the_task_and_the_span(self, site: Site) -> None:
        found = watched_figures(site.context, TASK)
        assert {name: [one.value for one in each] for name, each in found.items()} == {
            "input_drift": [0.1, 0.2]
        }

    def test_reach_back_as_far_as_asked(self, site: Site) -> None:
        found = watched_figures(site.context, TASK, span=timedelta(days=365))
        assert [one.value for one in found["input_drift"]] == [0.9, 0.1, 0.2]
        assert [one.value for one in found["label_shift"]] == [0.5]

    def test_of_an_unknown_task_are_refused(self, site: Site) -> None:
        with pytest.raises(NotFoundError):
            watched_figures(site.context, "mial")
