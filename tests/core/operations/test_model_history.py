"""The models that were live one after another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sftsec_core.api.domain import ModelRef
from sftsec_core.api.errors import NotFoundError
from sftsec_core.operations.model_history import model_history
from sftsec_core.store.runs import RunOrder
from tests.core.server.site import TASK, Site, trained


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.make(tmp_path)


def evaluated(site: Site, seed: int, macro_f1: float) -> ModelRef:
    """A registered model whose run wrote a report."""
    runs = site.context.store.runs
    run = runs.begin(RunOrder("retrain", TASK, {}), site.context.folder / "runs").info
    report = run.folder / "report.html"
    report.touch()
    scores = {"metrics": {"macro_f1": {"value": macro_f1, "low": None, "high": None}}}
    report.with_suffix(".json").write_text(json.dumps({"candidate": scores}), encoding="utf-8")
    runs.finish(run.id, "succeeded", report=report)
    model = trained(site.context, seed)
    return site.context.registry.register(model, site.serving("linear"), {}, run_id=run.id)


class TestModelHistory:
    def test_begins_with_the_oldest(self, site: Site) -> None:
        first, second = evaluated(site, 1, 0.8), evaluated(site, 2, 0.9)
        site.promote(first)
        site.promote(second)
        found = model_history(site.context, TASK)
        assert [each.digest for each in found] == [first.digest, second.digest]
        assert [each.figures["macro_f1"] for each in found] == [0.8, 0.9]
        assert {(each.recipe, each.by, each.reason) for each in found} == {
            ("linear", "test", "approved by 1 votes")
        }

    def test_shows_no_more_than_the_limit(self, site: Site) -> None:
        first, second = evaluated(site, 1, 0.8), evaluated(site, 2, 0.9)
        for each in (first, second, first, second):
            site.promote(each)
        found = model_history(site.context, TASK, limit=3)
        assert [each.digest for each in found] == [second.digest, first.digest, second.digest]

    def test_keeps_a_model_whose_run_is_gone(self, site: Site) -> None:
        ref = evaluated(site, 1, 0.8)
        site.promote(ref)
        shutil.rmtree(site.context.folder / "runs")
        (found,) = model_history(site.context, TASK)
        assert (found.digest, dict(found.figures)) == (ref.digest, {})

    def test_of_no_model_is_empty(self, site: Site) -> None:
        assert model_history(site.context, TASK) == []

    def test_of_an_unknown_task_is_refused(self, site: Site) -> None:
        with pytest.raises(NotFoundError):
            model_history(site.context, "mial")
