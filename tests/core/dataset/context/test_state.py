"""Figures of the events before an event, from a state that grows with the stream."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from sftsec_core.api.domain import Incident
from sftsec_core.api.settings.context import ContextSettings
from sftsec_core.dataset.context.key_state import BUCKETS
from sftsec_core.dataset.context.state import ContextState, Value
from tests.core.dataset.context.streams import SETTINGS, alert, events, plan, stream


def figures(
    incidents: Sequence[Incident], settings: ContextSettings = SETTINGS
) -> dict[str, dict[str, Value]]:
    """Each incident's figures by their names."""
    state = plan(settings).state()
    return {
        event.uid: dict(zip(settings.inputs, state.add(event), strict=True))
        for event in events(incidents, settings)
    }


def expected(one: Incident, earlier: Sequence[Incident], window: timedelta) -> dict[str, Value]:
    """The figures of a rule in a window, counted one by one."""
    bucket = window / BUCKETS
    zero = one.at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=10)  # type: ignore[union-attr]
    same = [each for each in earlier if each.fields["rule.name"] == one.fields["rule.name"]]
    first = (one.at - zero) // bucket - BUCKETS  # type: ignore[operator]
    inside = [each for each in same if (each.at - zero) // bucket > first]  # type: ignore[operator]
    exact = [each for each in same if each.at > one.at - window]  # type: ignore[operator]
    amounts = [each.fields["amount"] for each in inside if each.fields["amount"] is not None]
    return {
        "count": float(len(inside)),
        "distinct.host.name": float(len({each.fields["host.name"] for each in exact})),
        "sum.amount": math.fsum(amounts),
        "mean.amount": statistics.fmean(amounts) if amounts else None,
    }


class TestContextState:
    def test_figures_are_those_counted_one_by_one(self) -> None:
        incidents = sorted(stream(400), key=lambda one: (one.at, one.uid))
        found = figures(incidents)
        for number, one in enumerate(incidents):
            for name, window in (("1h", timedelta(hours=1)), ("24h", timedelta(days=1))):
                for figure, value in expected(one, incidents[:number], window).items():
                    ours = found[one.uid][f"context.rule.name.{name}.{figure}"]
                    assert ours == (value if value is None else pytest.approx(value))

    def test_an_event_is_none_of_its_own(self) -> None:
        found = figures([alert("a", 5, amount=3), alert("b", 5, amount=5)])
        assert found["a"]["context.rule.name.1h.count"] == 0
        assert found["a"]["context.rule.name.new"] == 1
        assert found["a"]["context.rule.name.since_last"] is None
        assert found["b"]["context.rule.name.1h.count"] == 1
        assert found["b"]["context.rule.name.1h.sum.amount"] == 3
        assert (found["b"]["context.rule.name.new"], found["b"]["context.hour"]) == (0, 5 / 60)

    def test_shuffling_the_future_changes_no_figure(self) -> None:
        incidents = sorted(stream(300), key=lambda one: (one.at, one.uid))
        past, future = incidents[:150], incidents[150:]
        other = [alert(f"x{n}", 4 * 1440 + n, amount=9) for n in range(50)]
        Random(2).shuffle(future)  # noqa: S311 - test data, not a secret
        before = figures(incidents)
        for changed in ([*future, *past], past, [*past, *other]):
            after = figures(changed)
            assert all(after[one.uid] == before[one.uid] for one in past)

    def test_a_stream_equals_its_replay_exactly(self) -> None:
        ordered = events(stream(600))
        state = plan().state()
        whole = [state.add(event) for event in ordered]
        kept: dict[bytes, bytes] = {}
        paged: list[tuple[Value, ...]] = []
        for start in range(0, len(ordered), 37):
            part = plan().state(bound=False)
            page = ordered[start : start + 37]
            part.load({key: kept[key] for event in page for key in event.keys if key in kept})
            paged += [part.add(event) for event in page]
            kept |= {key: raw for key, _, raw in part.packed()}
        assert paged == whole
        assert kept == {key: raw for key, _, raw in state.packed()}

    def test_packs_cold_keys_without_a_difference(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ordered = events(stream(300))
        one, other = plan().state(), plan().state()
        whole = [one.add(event) for event in ordered]
        monkeypatch.setattr("sftsec_core.dataset.context.state._HOT", 3)
        assert [other.add(event) for event in ordered] == whole

    def test_a_late_event_reads_nothing_newer(self) -> None:
        state = plan().state()
        first, late = events([alert("a", 10), alert("b", 600)]), events([alert("c", 300)])
        for event in first:
            state.add(event)
        found = dict(zip(SETTINGS.inputs, state.add(late[0]), strict=True))
        assert found["context.rule.name.24h.count"] == 1
        assert found["context.rule.name.1h.count"] == 0
        assert (state.counts.added, state.counts.late) == (3, 1)

    def test_a_future_event_does_not_count(self) -> None:
        state = plan().state()
        for event in events([alert("a", 0), alert("b", 60 * 24 * 365), alert("c", 5)]):
            state.add(event)
        assert (state.counts.added, state.counts.ahead) == (2, 1)
        found = state.read(events([alert("d", 6)])[0])
        assert dict(zip(SETTINGS.inputs, found, strict=True))["context.rule.name.1h.count"] == 2

    def test_a_key_is_new_after_its_memory(self) -> None:
        found = figures([alert("a", 0), alert("b", 2 * 1440 + 1)])
        assert found["b"]["context.rule.name.new"] == 1
        assert found["b"]["context.rule.name.since_first"] is None

    def test_forgets_the_longest_unseen_beyond_its_bound(self) -> None:
        settings = SETTINGS.model_copy(
            update={"max_keys": 1000, "keys": ("rule.name",), "sequence": None}
        )
        state: ContextState = plan(settings).state()
        for event in events([alert(f"e{n}", n / 60, rule=f"r{n}") for n in range(1500)], settings):
            state.add(event)
        assert (len(state), state.counts.evicted) == (1000, 500)
        gone, known = events([alert("x", 30, rule="r0"), alert("y", 30, rule="r1499")], settings)
        new = settings.inputs.index("context.rule.name.new")
        assert (state.read(gone)[new], state.read(known)[new]) == (1.0, 0.0)

    def test_deviation_is_in_standard_deviations(self) -> None:
        incidents = [alert(f"e{n}", n, amount=amount) for n, amount in enumerate((10, 20, 10, 20))]
        found = figures([*incidents, alert("z", 9, amount=30)])
        assert found["z"]["context.rule.name.1h.deviation.amount"] == pytest.approx(3.0)
        assert found["e1"]["context.rule.name.1h.deviation.amount"] is None


def line_of(one: Incident) -> str:
    said = " ".join(str(one.fields.get(name) or "") for name in ("rule.name", "note"))
    return " ".join(said.split())[:10]


class TestSequence:
    def test_has_the_last_of_strictly_earlier_times(self) -> None:
        incidents = stream(400, days=0.3)  # minutes are shared
        found = figures(incidents)
        for one in incidents:
            host = [
                each for each in incidents if each.fields["host.name"] == one.fields["host.name"]
            ]
            lines = sorted((each.at, line_of(each)) for each in host if each.at < one.at)  # type: ignore[operator]
            assert found[one.uid]["context.sequence"] == tuple(line for _, line in lines[-3:])

    def test_order_of_one_time_does_not_matter(self) -> None:
        ordered = events(stream(400, days=0.05))
        one, other = plan().state(), plan().state()
        expected = {event.uid: one.add(event)[-1] for event in ordered}
        turned = sorted(ordered, key=lambda event: (event.at, -int(event.uid[1:])))
        assert {event.uid: other.add(event)[-1] for event in turned} == expected

    def test_is_missing_without_its_key(self) -> None:
        nobody = Incident("c", {"rule.name": "scan"}, at=alert("c", 9).at)
        found = figures([alert("a", 0), nobody])
        assert found["a"]["context.sequence"] == ()
        assert found["c"]["context.sequence"] is None

    def test_counts_the_characters_that_it_cuts(self) -> None:
        state = plan().state()
        for event in events([alert("a", 0, rule="twelve chars"), alert("b", 1, rule="short")]):
            state.add(event)
        assert state.counts.cut == 2

    def test_stays_bounded_where_all_have_one_time(self) -> None:
        state = plan().state()
        sizes = set()
        for event in events([alert(f"e{n}", n // 50, rule=f"rule {n}") for n in range(200)]):
            state.add(event)
            sizes.add(len(next(raw for key, _, raw in state.packed() if key == event.keys[-1])))
        assert max(sizes) <= 16 + 2 * 3 + 2 * 3 * (10 + 10)
