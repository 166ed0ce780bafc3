"""The store's figures for a monitoring system."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Actor
from sftsec_core.api.errors import AuthorizationError
from sftsec_core.operations.measure_state import measure_state
from sftsec_core.operations.score import score
from sftsec_core.testing.incidents import make_incidents
from tests.core.server.site import TASK, Site


class TestMeasureState:
    def test_counts_what_the_store_holds(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path)
        empty = measure_state(site.context)
        assert (empty.runs, empty.model_ages_s, empty.gpu_leases) == ({}, {}, 0)
        assert (empty.outbox_pending, empty.figures) == ({"siem": 0}, [])
        site.promote(site.register())
        site.write(make_incidents(20, seed=5, labelled=0.0))
        score(site.context, TASK)
        for value in (0.1, 0.2):
            site.context.store.figures.add(TASK, "input_drift", value)
        names = [site.context.store.workers.register("1.0", 1) for _ in range(3)]
        for name in names[:2]:
            site.context.store.workers.report(name, "no clock")
        site.context.store.workers.stop(names[0])
        found = measure_state(site.context)
        assert found.failing_workers == 1, "one that has ended fails no more"
        assert found.runs == {"succeeded": 1}
        assert set(found.model_ages_s) == {TASK}
        assert 0 <= found.model_ages_s[TASK] < 600
        assert [(each.name, each.value) for each in found.figures] == [("input_drift", 0.2)]
        site.context.store.figures.add(TASK, "live_recall", 0.3, details={"model": "of before"})
        assert [each.name for each in measure_state(site.context).figures] == ["input_drift"]
        site.context.close()

    def test_is_for_who_sees_all_tasks(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path)
        of_one = site.context.acting_as(Actor("ann", frozenset({f"viewer@{TASK}"}), "test"))
        with pytest.raises(AuthorizationError):
            measure_state(of_one)
        site.context.close()
