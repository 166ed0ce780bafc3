"""The pool of a task, from the connector to what may be learned from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.dataset.sums import EVENT_POOL, POOL, SAMPLED_INGEST, check_sums
from sftsec_core.operations.build_dataset import BuiltDataset, build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.event_context import scoring_figures
from sftsec_core.operations.pooling import last_pool, newest_pool
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.running import running
from sftsec_core.operations.show_dataset import newest_dataset
from sftsec_core.operations.splitting import split_snapshot
from sftsec_core.operations.unused import Survey, UnusedOrder
from sftsec_core.testing import MemoryConnector, MemorySource, make_incidents
from tests.core.operations.context_site import alerts, context_site, write_alerts
from tests.core.operations.memory_site import MemoryPlugin, memory_context


def recent(count: int) -> list[Incident]:
    """Incidents of the last hours, and others of 400 days before; half of each labelled."""
    found = []
    for seed, days in ((0, 400), (1, 0)):
        made = make_incidents(count, seed=seed)
        latest = max(one.at for one in made if one.at)
        shift = datetime.now(UTC) - latest - timedelta(days=days, minutes=5)
        found += [
            Incident(f"{one.uid}-{days}", one.fields, one.verdicts, one.at + shift)
            for one in made
            if one.at
        ]
    return found


def open_site(folder: Path, source: MemorySource, **task: Any) -> Context:
    plugin = MemoryPlugin(lambda: MemoryConnector(source, page_size=50))
    return memory_context(folder, plugin, **{"unlabelled": {"max": 60}, **task})


@pytest.fixture(scope="module")
def source() -> MemorySource:
    return MemorySource(list(recent(200)))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, source: MemorySource) -> Iterator[Context]:
    with open_site(tmp_path_factory.mktemp("site"), source) as context:
        yield context


@pytest.fixture(scope="module")
def built(work: Context) -> BuiltDataset:
    return build_dataset(work, "mail")


class TestPoolOfATask:
    def test_is_of_its_window_and_size(self, work: Context, built: BuiltDataset) -> None:
        found = built.data["unlabelled"]
        pool = newest_pool(work, "mail")
        assert pool is not None
        assert found["pool"] == pool.counts["kept"] == 60
        assert all(one.uid.endswith("-0") for one in pool.incidents())
        assert pool.verdicts().num_rows == 0

    def test_adds_up_from_pull_to_use(self, built: BuiltDataset) -> None:
        found = built.data["unlabelled"]
        check_sums("the pool", found, [POOL])
        check_sums("its pull", found["pulled"], [SAMPLED_INGEST])
        assert found["unlabelled"] > 0
        assert found["pulled"]["sampled_out"] > 0

    def test_is_not_the_newest_data_set(self, work: Context, built: BuiltDataset) -> None:
        assert newest_dataset(work, "mail").digest == built.snapshot
        kinds = [one.unlabelled for one in work.store.snapshots.list("mail")]
        assert sorted(kinds) == [False, True]

    def test_loses_what_is_judged_later(
        self, work: Context, built: BuiltDataset, source: MemorySource
    ) -> None:
        """A verdict on a detection of ours: the source still shows the incident as open."""
        pool = newest_pool(work, "mail")
        assert pool is not None
        before = built.data["unlabelled"]["judged_since"]
        uids = [one.uid for one in pool.incidents()][:7]
        judged = [Incident(uid, {}, (Verdict("malicious"),)) for uid in uids]
        work.store.verdicts.add("siem", judged, run_id=None, changed=frozenset())
        after = build_dataset(work, "mail").data["unlabelled"]
        assert (after["pool"], after["judged_since"]) == (60, before + 7)

    def test_stays_when_gc_removes_older_ones(self, work: Context, built: BuiltDataset) -> None:
        survey = Survey(work, UnusedOrder(timedelta(0), keep=0))
        assert [one.reason for one in survey.snapshots() if not one.goes] == [
            "the newest of task mail",
            "the newest of task mail",
        ]

    def test_is_not_pulled_unless_asked(self, tmp_path: Path, source: MemorySource) -> None:
        with open_site(tmp_path, source, unlabelled=None) as context:
            assert "unlabelled" not in build_dataset(context, "mail").data
            assert newest_pool(context, "mail") is None


class TestPoolBesideContext:
    def test_reads_what_score_would_give(self, tmp_path: Path) -> None:
        rows = [*alerts(40)]
        for row in rows[::6]:
            row["label"] = None
        write_alerts(tmp_path, rows)
        asked: dict[str, Any] = {
            "unlabelled": {"window": "all"},
            "text": ["rule.name"],
            "categories": ["host.name"],
            "train": {"recipe": "boosted", "launcher": "here", "self_training": {}},
        }
        with context_site(tmp_path, **asked) as work:
            data = retrain(work, "alerts").report.data
            model = work.registry.live("alerts")
            assert model is not None
            figures = scoring_figures(work, "alerts", work.registry.load(model))
            snapshot = newest_dataset(work, "alerts")
            with running(work, "functions", "alerts") as run:
                pool = last_pool(run, snapshot, split_snapshot(run, snapshot))
        assert pool is not None
        assert figures is not None
        pooled = data["unlabelled"]
        check_sums("the draw", pooled, [EVENT_POOL])
        check_sums("the pool", pooled, [POOL])
        assert pooled["snapshot"] == data["snapshot"] == pool.snapshot
        assert pooled["unlabelled"] == len(pool.rows) == data["self_training"]["unlabelled"] > 50
        given = figures.figures([row.incident for row in pool.rows])
        for one, read in zip(pool.rows, given, strict=True):
            assert {name: one.example.inputs[name] for name in read} == read
            assert read["context.rule.name.24h.count"] is not None
