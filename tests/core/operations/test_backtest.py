"""A backtest of a task's labels, without a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Event, StageProgressed
from sftsec_core.api.errors import DataError, NotFoundError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.evaluation.audits import BacktestSettings
from sftsec_core.operations.backtest import backtest
from sftsec_core.operations.build_dataset import build_dataset
from tests.core.operations.secret_task import Observer, context, write_incidents


@dataclass
class Progress(Observer):
    """Writes down how far trainings are."""

    trainings: list[tuple[int, int | None]] = field(default_factory=list)

    @hookimpl
    def sftsec_event(self, event: Event) -> None:
        if isinstance(event, StageProgressed) and event.unit == "trainings":
            self.trainings.append((event.done, event.total))


class TestBacktest:
    def test_recipe_stands_beside_the_baseline(self, folder: Path) -> None:
        write_incidents(folder, 400, timed=True)
        observer = Progress()
        with context(folder, observer, "linear") as work:
            build_dataset(work, "secret")
            settings = BacktestSettings(periods=2, gap=timedelta(hours=10))
            found = backtest(work, "secret", settings, recipe="oracle")
            assert work.store.models.list("secret") == []
            assert work.store.runs.get(found["run"]).status == "succeeded"
            actions = [entry.action for entry in work.store.audit.tail(5)]
        assert found["recipes"] == ["linear", "oracle"]
        assert [each["test"] for each in found["periods"]] == [100, 100]
        assert [each["embargoed"] for each in found["periods"]] == [10, 10]
        oracle = [each["models"]["oracle"]["figures"]["macro_f1"] for each in found["periods"]]
        assert [each["value"] for each in oracle] == [1.0, 1.0]
        assert {"backtest.started", "backtest.finished"} <= set(actions)
        assert observer.trainings == [(0, 2), (1, 2), (2, 2)]

    def test_lack_of_times_is_told(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "linear") as work:
            with pytest.raises(DataError, match="has no data set yet"):
                backtest(work, "secret", BacktestSettings())
            build_dataset(work, "secret")
            with pytest.raises(DataError, match="there are 0 with a time"):
                backtest(work, "secret", BacktestSettings())
            with pytest.raises(NotFoundError, match="did you mean 'oracle'"):
                backtest(work, "secret", BacktestSettings(), recipe="orcale")
