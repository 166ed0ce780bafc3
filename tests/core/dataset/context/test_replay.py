"""Incidents in any order, replayed in the order of time, with what was known of verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sftsec_core.api.domain import Incident
from sftsec_core.dataset.context.replay import named_figures, replay
from tests.core.dataset.context.streams import SETTINGS, START, alert, plan, stream


def shares(
    incidents: list[Incident], verdicts: Mapping[str, tuple[datetime | None, bool]], uid: str
) -> tuple[object, object]:
    found = dict(zip(SETTINGS.inputs, replay(plan(), incidents, verdicts).values[uid], strict=True))
    return found["context.rule.name.24h.verdicts"], found["context.rule.name.24h.attacks"]


class TestReplay:
    def test_result_does_not_depend_on_the_order(self) -> None:
        incidents = stream(200)
        one = replay(plan(), incidents, {})
        other = replay(plan(), sorted(incidents, key=lambda each: each.uid), {})
        assert one.values == other.values
        assert len(one.values) == 200

    def test_counts_incidents_that_no_one_wants(self) -> None:
        found = replay(plan(), [alert("a", 0), alert("b", 1)], {}, {"b"}.__contains__)
        assert list(found.values) == ["b"]
        assert (
            dict(zip(SETTINGS.inputs, found.values["b"], strict=True))["context.rule.name.1h.count"]
            == 1
        )

    def test_a_verdict_counts_after_its_delay(self) -> None:
        incidents = [alert("a", 0), alert("b", 179), alert("c", 181)]
        verdicts = {"a": (START + timedelta(hours=1), True)}
        assert shares(incidents, verdicts, "b") == (0, None)
        assert shares(incidents, verdicts, "c") == (1, 1)

    def test_one_without_a_time_is_its_events(self) -> None:
        incidents = [alert("a", 0), alert("b", 119), alert("c", 121)]
        verdicts = {"a": (None, False), "b": (None, True), "c": (None, True)}
        assert shares(incidents, verdicts, "b") == (0, None)
        assert shares(incidents, verdicts, "c") == (1, 0)

    def test_no_time_means_no_figures(self) -> None:
        untimed = Incident("u", {"rule.name": "scan"})
        found = replay(plan(), [untimed, alert("a", 0)], {})
        assert (found.untimed, set(found.values)) == (1, {"a"})
        assert named_figures(SETTINGS.inputs, found.values.get("u")) == {}
