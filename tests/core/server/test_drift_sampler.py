"""What `serve` scores counts for drift: a sample, cleaned, off the way of requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.drift.judged import InputVerdicts
from sftsec_core.drift.reference import HeldOut, Reference
from sftsec_core.drift.windows import DriftCounter
from sftsec_core.server.drift_sampler import DriftSampler
from sftsec_core.server.model_cache import ModelCache, ServedModel
from sftsec_core.server.schemas import ScoreEvent
from sftsec_core.store.drift_windows import DriftWindow
from tests.core.server.site import TASK, Site


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site.live_model(tmp_path_factory.mktemp("site"))
    yield made
    made.context.close()


@pytest.fixture
def sampler(live: Site) -> DriftSampler:
    return DriftSampler(live.context.store, most=20, interval_s=0.01)


@pytest.fixture
def model(
    live: Site, sampler: DriftSampler, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServedModel]:
    spec = live.context.task_spec(TASK)
    inputs = [{spec.inputs[0].name: f"text {number}"} for number in range(20)]
    y = np.arange(20) % 2
    every = np.ones(20, dtype=np.bool_)
    part = HeldOut(inputs, np.full((20, 2), 0.5), y, y, every, every)
    reference, judged = Reference.of(spec, inputs, part, b"k"), InputVerdicts.of(inputs, y, 2, b"k")
    counter = DriftCounter(reference.reader, judged, b"k", 100)
    monkeypatch.setattr("sftsec_core.server.model_cache.drift_counter", lambda *_: counter)
    cache = ModelCache(live.context, TASK, drift=sampler)
    cache.refresh()
    assert cache.status.model is not None
    yield cache.status.model
    with live.context.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM drift_windows")


def events(count: int) -> list[ScoreEvent]:
    return [
        ScoreEvent(id=n, fields={"message": f"mail {n} to bob{n}@example.com"})
        for n in range(count)
    ]


def windows(site: Site, model: ServedModel) -> list[DriftWindow]:
    return site.context.store.drift_windows.list(TASK, model.ref.digest)


class TestDriftSampler:
    def test_counts_events_that_were_scored(
        self, live: Site, model: ServedModel, sampler: DriftSampler
    ) -> None:
        sampler.write()
        assert windows(live, model) == []
        model.scorer.score_all([events(3), [*events(2), ScoreEvent(fields={"other": "nothing"})]])
        sampler.write()
        (window,) = windows(live, model)
        assert window.events == 5
        assert "bob" not in json.dumps(dict(window.sketch))
        model.large_scorer(events(4))
        sampler.write()
        assert [each.events for each in windows(live, model)] == [5]

    def test_keeps_a_sample_of_many(
        self, live: Site, model: ServedModel, sampler: DriftSampler
    ) -> None:
        for _ in range(3):
            model.scorer(events(30))
        sampler.write()
        assert [each.events for each in windows(live, model)] == [20]

    def test_thread_writes_and_stop_flushes(
        self, live: Site, model: ServedModel, sampler: DriftSampler
    ) -> None:
        sampler.start()
        model.scorer(events(2))
        sampler.stop()
        assert sum(each.events for each in windows(live, model)) == 2

    def test_a_store_that_refuses_fails_nothing(
        self, tmp_path: Path, model: ServedModel, caplog: pytest.LogCaptureFixture
    ) -> None:
        closed = Site.make(tmp_path)
        lost = DriftSampler(closed.context.store)
        with closed.context.store.writing() as connection:
            connection.exec_driver_sql("DROP TABLE drift_windows")
        page = model.scorer
        object.__setattr__(page, "count", lambda *given: lost.add(TASK, page.scorer, *given))
        assert [each.error for each in page(events(2))] == [None, None]
        lost.write()
        closed.context.close()
        assert "mail: 2 events are not counted for drift" in caplog.text
