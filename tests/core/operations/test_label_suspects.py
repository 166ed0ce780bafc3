"""Suspects of `label_errors` wait for a review, until there is a new verdict on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.review_labels import review_labels
from sftsec_core.operations.running import running
from sftsec_core.operations.show_dataset import newest_dataset
from sftsec_core.operations.splitting import split_snapshot
from sftsec_core.testing import MemoryConnector, MemorySource, make_incidents
from tests.core.operations.memory_site import MemoryPlugin, memory_context
from tests.core.operations.secret_task import Observer

OTHER = {"benign": "malicious", "malicious": "benign"}
FLIPPED = range(0, 200, 25)


def said(incident: Incident, word: str, analyst: str) -> Incident:
    """The incident with one more verdict, a day later."""
    assert incident.at is not None
    later = Verdict(word, analyst=analyst, at=incident.at + timedelta(days=1))
    return replace(incident, verdicts=(*incident.verdicts, later))


def flipped() -> list[Incident]:
    """200 judged incidents; eight have the other label."""
    rows = list(make_incidents(200, labelled=1.0))
    for number in FLIPPED:
        (verdict,) = rows[number].verdicts
        wrong = replace(verdict, value=OTHER[verdict.value])
        rows[number] = replace(rows[number], verdicts=(wrong,))
    return rows


@pytest.fixture
def source() -> MemorySource:
    return MemorySource([*flipped()])


def site(folder: Path, source: MemorySource, **settings: Any) -> Context:
    transforms = [{"name": "label_errors", **settings}]
    plugin = MemoryPlugin(lambda: MemoryConnector(source))
    train = {"recipe": "linear", "launcher": "here", "transforms": transforms}
    return memory_context(folder, plugin, Observer(), train=train)


@pytest.fixture
def work(tmp_path: Path, source: MemorySource) -> Iterator[Context]:
    with site(tmp_path, source, review=True) as context:
        build_dataset(context, "mail")
        yield context


def suspects(context: Context) -> set[str]:
    found = review_labels(context, "mail", limit=1000)
    assert found.total == len(found.incidents)
    return {each.uid for each in found.incidents if "looks mislabelled" in each.reason}


class TestSuspects:
    def test_wait_with_verdicts_and_text(self, work: Context) -> None:
        wrong = {flipped()[number].uid for number in FLIPPED}
        found = review_labels(work, "mail", limit=1000).incidents
        shown = [each for each in found if each.uid in wrong]
        assert len(shown) >= 3
        assert all(len(each.verdicts) == 1 and each.text for each in shown)
        assert all(f"{each.verdicts[0]!r}" in each.reason for each in shown)

    def test_are_of_the_training_part_alone(self, work: Context) -> None:
        snapshot = newest_dataset(work, "mail")
        with running(work, "dataset", "mail") as run:
            split = split_snapshot(run, snapshot).split
        held_out = {each.uid for each in (*split.dev, *split.test)}
        assert suspects(work)
        assert not suspects(work) & held_out

    @pytest.mark.parametrize("agrees", [True, False])
    def test_any_answer_settles_them(
        self, work: Context, source: MemorySource, agrees: bool
    ) -> None:
        before = suspects(work)
        asked = min(before)
        rows = {each.uid: each for each in flipped()}
        word = rows[asked].verdicts[0].value
        rows[asked] = said(rows[asked], word if agrees else OTHER[word], "reviewer")
        source.records = list(rows.values())
        build_dataset(work, "mail")
        assert asked not in suspects(work)
        assert suspects(work) & before

    def test_with_weight_one_only_wait(self, tmp_path: Path, source: MemorySource) -> None:
        with site(tmp_path, source, review=True, weight=1) as context:
            (told,) = build_dataset(context, "mail").data["transforms"]
            assert told["reweighted"] == 0
            assert suspects(context)

    def test_none_wait_unless_asked(self, tmp_path: Path, source: MemorySource) -> None:
        with site(tmp_path, source) as context:
            (told,) = build_dataset(context, "mail").data["transforms"]
            assert told["reweighted"] > 0
            assert not suspects(context)
