"""A pool has nothing of dev or test, and nothing that was judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, Inputs, Split
from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset.features import build_examples, read_inputs
from sftsec_core.dataset.pool import Pool, read_pool
from sftsec_core.dataset.resolve import Resolution
from sftsec_core.dataset.snapshot import Snapshot
from sftsec_core.dataset.sums import POOL, check_sums
from tests.core.dataset.builders import TASK, build, cut, incident, plan, text

LABELLED = [incident(f"l{n}", text(n), "good", host=f"h{n}") for n in range(6)]
OPEN = [
    incident("new", text(20), host="elsewhere"),
    incident("same-text", text(0), host="elsewhere"),
    incident("near-test", f"{text(5)} x", host="elsewhere"),
    incident("same-host", text(21), host="h4"),
    incident("closed", text(22), host="elsewhere"),
    incident("l1", text(23), host="elsewhere"),
]


def render(one: Incident) -> Inputs:
    return read_inputs(one, TASK)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> tuple[Snapshot, Snapshot]:
    folder: Path = tmp_path_factory.mktemp("pool")
    made = plan(fields=("message", "host"), group="host")
    labelled = build(cut(LABELLED, 3), folder / "labelled", made)
    return labelled, build(cut(OPEN, 3), folder / "open", made)


@pytest.fixture(scope="module")
def pool(snapshots: tuple[Snapshot, Snapshot]) -> Pool:
    labelled, unlabelled = snapshots
    labels = {f"l{n}": ("benign", 1.0) for n in range(6)}
    examples = build_examples(labelled, Resolution(labels, (), {}, {}), render)
    split = Split(examples[:4], examples[4:5], examples[5:])
    return read_pool(
        unlabelled,
        labelled,
        split,
        render,
        judged=lambda uids: frozenset(uids) & {"closed"},
        dedupe=DedupeSettings(),
    )


class TestPool:
    def test_has_what_is_like_nothing_labelled(self, pool: Pool) -> None:
        [row] = pool.rows
        assert row.example.uid == "new"
        assert (row.example.label, row.example.weight, row.example.cluster) == ("", 0.0, -1)
        assert row.incident.fields["host"] == "elsewhere"

    def test_counts_why_each_was_left_out(self, pool: Pool) -> None:
        assert pool.counts == {
            "pool": 6,
            "unlabelled": 1,
            "judged_since": 2,
            "like_a_labelled_one": 1,
            "held_out": 2,
        }
        check_sums("the pool", pool.counts, [POOL])
