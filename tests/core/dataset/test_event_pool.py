"""A pool of a data set that has every event: which are drawn, and what they read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Example, Incident, Inputs, Split, Verdict
from sftsec_core.api.settings.context import ContextSettings
from sftsec_core.api.settings.task import VerdictSettings
from sftsec_core.api.settings.unlabelled import UnlabelledSettings
from sftsec_core.dataset.context.replay import ContextPlan, named_figures, replay_snapshot
from sftsec_core.dataset.event_pool import DrawnEvents, draw_events, read_event_pool
from sftsec_core.dataset.features import build_examples, read_inputs
from sftsec_core.dataset.pool import Pool
from sftsec_core.dataset.resolve import Resolution, resolve
from sftsec_core.dataset.snapshot import Snapshot
from sftsec_core.dataset.sums import EVENT_POOL, POOL, check_sums
from tests.core.dataset.builders import TASK, build, cut, plan

START = datetime(2026, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=9)
SALT = b"salt"
LABELS: Mapping[str, list[str]] = {"benign": ["good"], "malicious": ["bad"]}
SETTINGS = ContextSettings.model_validate(
    {
        "keys": ["host", ["host", "message"]],
        "windows": ["1h", "1d"],
        "figures": ["count", "new", "since_last", {"distinct": {"of": "message"}}],
    }
)


def events() -> list[Incident]:
    """Six days of three hosts: one rule fires all the time, others now and then."""
    found = []
    for n in range(240):
        message = "the rule that fires all day" if n % 4 else f"rule number {n // 16}"
        fields = {"message": message, "host": f"host{n % 3}"}
        given = ("good" if n % 5 else "bad") if n % 3 == 0 else None
        verdicts = (Verdict(given, at=START + timedelta(minutes=40 * n)),) if given else ()
        found.append(Incident(f"e{n:03}", fields, verdicts, START + timedelta(minutes=36 * n)))
    return found


def made(folder: Path, incidents: list[Incident]) -> Snapshot:
    return build(cut(incidents, 50), folder, plan(fields=("message", "host"), events=True))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return made(tmp_path_factory.mktemp("some"), events())


def drawn_of(snapshot: Snapshot, **settings: object) -> DrawnEvents:
    asked = UnlabelledSettings.model_validate({"window": "all", **settings})
    return draw_events(snapshot, asked, render, SALT, LATER)


def resolved(snapshot: Snapshot) -> Resolution:
    return resolve(snapshot, LABELS, VerdictSettings())


def render(one: Incident) -> Inputs:
    return read_inputs(one, TASK)


def figures_of(snapshot: Snapshot, others: frozenset[str] = frozenset()) -> dict[str, Inputs]:
    context = ContextPlan(SETTINGS, SALT, LATER, "benign")
    found = replay_snapshot(context, snapshot, resolved(snapshot), others)
    return {uid: named_figures(SETTINGS.inputs, values) for uid, values in found.values.items()}


def pool_of(snapshot: Snapshot, split: Split, judged: frozenset[str] = frozenset()) -> Pool:
    drawn = drawn_of(snapshot)
    known = figures_of(snapshot, drawn.uids)
    return read_event_pool(
        snapshot, split, drawn, render, known.__getitem__, judged=lambda uids: judged & set(uids)
    )


class TestDrawEvents:
    def test_takes_what_no_one_judged(self, snapshot: Snapshot) -> None:
        found = drawn_of(snapshot)
        check_sums("the draw", found.counts, [EVENT_POOL])
        assert found.uids == {one.uid for one in events() if not one.verdicts}

    def test_takes_each_content_before_a_second(self, snapshot: Snapshot) -> None:
        by_uid = {one.uid: one.fields["message"] for one in events()}
        unjudged = {one.fields["message"] for one in events() if not one.verdicts}
        found = drawn_of(snapshot, max=len(unjudged))
        assert Counter(by_uid[uid] for uid in found.uids) == dict.fromkeys(unjudged, 1)
        check_sums("the draw", found.counts, [EVENT_POOL])
        again = drawn_of(snapshot, max=len(unjudged) + 20)
        assert found.uids < again.uids

    def test_window_ends_with_the_newest_event(self, snapshot: Snapshot) -> None:
        found = drawn_of(snapshot, window="1d")
        newest = max(one.at for one in events() if one.at)
        since = newest - timedelta(days=1)
        recent = {e.uid for e in events() if not e.verdicts and e.at and e.at >= since}
        assert found.uids == recent
        assert found.counts["outside_window"] == 160 - len(recent)

    def test_data_set_without_open_events_gives_none(self, tmp_path: Path) -> None:
        judged = [one for one in events() if one.verdicts]
        found = drawn_of(made(tmp_path, judged))
        assert (found.uids, found.counts["unjudged"]) == (frozenset(), 0)


class TestEventPool:
    def test_figures_are_those_of_labelled_events(self, snapshot: Snapshot, tmp_path: Path) -> None:
        """To the bit what each row would read, had an analyst judged it."""
        rows = pool_of(snapshot, Split([], [], [])).rows
        everyone = [replace(e, verdicts=e.verdicts or (Verdict("good"),)) for e in events()]
        whole = made(tmp_path, everyone)
        known = figures_of(whole)
        examples = build_examples(whole, resolved(whole), render, known.__getitem__)
        labelled = {example.uid: example for example in examples}
        assert len(rows) == 160
        for row in rows:
            assert row.example.inputs == labelled[row.example.uid].inputs
            assert row.example.digest == labelled[row.example.uid].digest
            assert (row.example.label, row.example.weight) == ("", 0.0)

    def test_leaves_out_copies_and_judged_ones(self, snapshot: Snapshot) -> None:
        rows = pool_of(snapshot, Split([], [], [])).rows
        twin, group = rows[0].example, ("host7",)
        same = Example("t", twin.inputs, "benign")
        held = Example("d", {"text": "x"}, "benign", groups=group)
        found = pool_of(snapshot, Split([same], [held], []), frozenset({rows[1].example.uid}))
        check_sums("the pool", found.counts, [POOL])
        assert (found.counts["judged_since"], found.counts["like_a_labelled_one"]) == (1, 1)
        assert len(found.rows) == len(rows) - 2

    def test_groups_of_test_are_left_out(self, tmp_path: Path) -> None:
        grouped = plan(fields=("message", "host"), group="host", events=True)
        whole = build(cut(events(), 50), tmp_path, grouped)
        groups = next(each for b in whole.batches(["groups"]) for each in b["groups"].to_pylist())
        held = Example("d", {"text": "x"}, "benign", groups=tuple(groups))
        found = pool_of(whole, Split([], [], [held]))
        assert {row.incident.fields["host"] for row in found.rows} == {"host1", "host2"}
        assert found.counts["held_out"] == drawn_of(whole).counts["pool"] - len(found.rows)
