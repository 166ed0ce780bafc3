"""What an adaptation would read and take: told without a trace."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.operations.adapt import adapt
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.plan_adapt import plan_adapt
from sftsec_core.recipes.config import EncoderSettings
from tests.core.operations.secret_task import Observer, context, write_incidents
from tests.core.recipes.tiny_encoder import make_tiny_encoder

HOUR = timedelta(hours=1)


def on(encoder: EncoderSettings) -> dict[str, object]:
    return {
        "name": "probe",
        "encoder": {"path": encoder.path, "sha256": encoder.sha256, "max_length": 32},
    }


def left_behind(work: Context) -> tuple[object, ...]:
    """All that a run would add to."""
    files = {p: p.stat().st_mtime_ns for p in work.folder.rglob("*") if "store.db" not in p.name}
    return files, work.store.runs.list("secret"), work.store.audit.tail(99)


class TestPlanAdapt:
    def test_tells_what_adapt_then_reads(self, tmp_path: Path, observer: Observer) -> None:
        write_incidents(tmp_path, 160)
        tiny = make_tiny_encoder(tmp_path / "tiny")
        with context(tmp_path, observer, on(tiny)) as work:
            with pytest.raises(DataError, match="has no data set yet"):
                plan_adapt(work, "secret", HOUR)
            built = build_dataset(work, "secret")
            before = left_behind(work)
            plan = plan_adapt(work, "secret", HOUR)
            short = plan_adapt(work, "secret", timedelta(milliseconds=1))
            assert left_behind(work) == before
            made = adapt(work, "secret", HOUR)
        found, facts = plan.forecast, made.facts
        assert (plan.snapshot, plan.rows) == (built.snapshot, built.data["parts"]["train"])
        assert found.parent_sha256 == tiny.sha256
        told = (found.texts, found.windows, found.cut_windows, found.steps)
        assert told == (facts.texts, facts.windows, facts.cut_windows, facts.steps)
        assert found.tokens > 12 * found.texts
        assert found.seconds > 0
        assert (short.forecast.steps, short.forecast.seconds) == (0, 0.0)
        assert short.forecast.least_budget_s >= 1
