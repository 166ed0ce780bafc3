"""When triggers fire."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from sftsec_core.schedules.triggers import Triggers
from tests.core.schedules.given import HOUR, START, GivenFacts, begun, local, schedule

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def fires(
    facts: GivenFacts | None = None, *, until: datetime | None = None, **said: Any
) -> list[datetime]:
    triggers = Triggers(schedule(**said), begun(), facts or GivenFacts())
    found = triggers.occurrences(until or START + timedelta(days=365))
    return [each.at for each in islice(found, 1000)]


def on_the_wall(cron: str, zone: str, day: str) -> list[str]:
    """Wall times with their offsets on which a cron trigger fires, from midnight for a day."""
    begin = local(f"{day}T00:00", zone) - timedelta(seconds=1)
    said = schedule(when={"cron": cron}, timezone=zone)
    until = local(f"{day}T23:59", zone)
    found = Triggers(said, begun(begin), GivenFacts()).occurrences(until)
    return [f"{each.at.astimezone(ZoneInfo(zone)):%H:%M%z}" for each in found]


class TestClockChange:
    """APScheduler's rule: a skipped time comes an hour later, a repeated one twice."""

    @pytest.mark.parametrize(
        ("cron", "zone", "day", "expected"),
        [
            ("30 2 * * *", BERLIN, "2026-03-29", ["03:30+0200"]),
            ("30 2 * * *", BERLIN, "2026-10-25", ["02:30+0200", "02:30+0100"]),
            ("30 2 * * *", NEW_YORK, "2026-03-08", ["03:30-0400"]),
            ("30 1 * * *", NEW_YORK, "2026-11-01", ["01:30-0400", "01:30-0500"]),
            ("0 4 * * *", BERLIN, "2026-03-29", ["04:00+0200"]),
            ("0 4 * * *", BERLIN, "2026-10-25", ["04:00+0100"]),
            ("0 4 * * *", NEW_YORK, "2026-03-08", ["04:00-0400"]),
            ("0 4 * * *", NEW_YORK, "2026-11-01", ["04:00-0500"]),
        ],
    )
    def test_moves_a_daily_time(self, cron: str, zone: str, day: str, expected: list[str]) -> None:
        assert on_the_wall(cron, zone, day) == expected

    @pytest.mark.parametrize(
        ("zone", "day", "hours"),
        [
            (BERLIN, "2026-03-29", 23),
            (BERLIN, "2026-10-25", 25),
            (NEW_YORK, "2026-03-08", 23),
            (NEW_YORK, "2026-11-01", 25),
        ],
    )
    def test_leaves_every_hour_its_own(self, zone: str, day: str, hours: int) -> None:
        found = on_the_wall("0 * * * *", zone, day)
        assert len(set(found)) == len(found) == hours


class TestCoolDown:
    WHEN: ClassVar = {"drift_above": 1.0}
    RUN = (START, START + HOUR)

    def measured(self, *hours: float) -> GivenFacts:
        found = [(START + n * HOUR, 2.0) for n in hours]
        return GivenFacts(run=self.RUN, measured={"input_drift": found})

    def test_holds_conditions_back(self) -> None:
        facts = self.measured(2)
        assert fires(facts, when=self.WHEN) == [START + 2 * HOUR]
        assert fires(facts, when=self.WHEN, cool_down="6h") == [START + 7 * HOUR]
        assert fires(facts, when=self.WHEN, cool_down="6h", until=START + 6 * HOUR) == []

    def test_delays_none_that_come_later(self) -> None:
        assert fires(self.measured(9), when=self.WHEN, cool_down="6h") == [START + 9 * HOUR]

    def test_leaves_clocks_alone(self) -> None:
        when = {"any": [{"interval": "3h"}, self.WHEN]}
        found = fires(self.measured(2), when=when, cool_down="5h", until=START + 6 * HOUR)
        assert found == [START + 3 * HOUR, START + 6 * HOUR]

    def test_is_said_to_be_the_reason(self) -> None:
        said = schedule(when=self.WHEN, cool_down="6h")
        (line,) = Triggers(said, begun(), self.measured(2)).missing()
        assert line == "input_drift 2 is above 1; it cools down until 2026-06-01 07:00 UTC"


class TestTimes:
    def test_intervals_count_from_the_beginning(self) -> None:
        found = fires(when={"interval": "6h"}, until=START + 24 * HOUR)
        assert found == [START + n * HOUR for n in (6, 12, 18, 24)]

    def test_intervals_ignore_changed_clocks(self) -> None:
        found = fires(when={"interval": "1d"}, timezone=BERLIN)
        assert {b - a for a, b in pairwise(found)} == {timedelta(days=1)}

    def test_one_moment_of_two_triggers_counts_once(self) -> None:
        when = {"any": [{"cron": "0 2 * * *"}, {"cron": "0 */2 * * *"}]}
        assert fires(when=when, until=START + 5 * HOUR) == [START + 2 * HOUR, START + 4 * HOUR]


class TestVerdicts:
    def test_fire_when_their_number_is_complete(self) -> None:
        facts = GivenFacts(verdicts=[START + n * HOUR for n in range(1, 8)])
        assert fires(facts, when={"new_verdicts": 5}) == [START + 5 * HOUR]
        assert fires(facts, when={"new_verdicts": 8}) == []

    def test_count_from_the_last_runs_end(self) -> None:
        facts = GivenFacts(verdicts=[START + n * HOUR for n in range(1, 8)])
        facts.run = (START, START + 2 * HOUR)
        assert fires(facts, when={"new_verdicts": 5}) == [START + 7 * HOUR]

    def test_older_than_the_schedule_count_too(self) -> None:
        facts = GivenFacts(verdicts=[START - n * HOUR for n in range(1, 8)])
        assert fires(facts, when={"new_verdicts": 5}) == [START - 3 * HOUR]


class TestFigures:
    def figures(self, *values: float) -> GivenFacts:
        found = [(START + n * HOUR, value) for n, value in enumerate(values)]
        names = ("input_drift", "live_precision", "live_recall")
        return GivenFacts(measured=dict.fromkeys(names, found))

    def test_fire_when_the_bound_was_crossed(self) -> None:
        when = {"drift_above": 0.2}
        assert fires(self.figures(0.1, 0.3, 0.25), when=when) == [START + HOUR]
        assert fires(self.figures(0.3, 0.2), when=when) == []
        assert fires(self.figures(0.3, 0.1, 0.4), when=when) == [START + 2 * HOUR]

    @pytest.mark.parametrize("key", ["live_precision_below", "live_recall_below"])
    def test_by_verdicts_fire_below(self, key: str) -> None:
        when = {key: 0.8}
        assert fires(self.figures(0.9, 0.7), when=when) == [START + HOUR]
        assert fires(self.figures(0.9, 0.8), when=when) == []

    def test_of_another_name_do_not_count(self) -> None:
        when = {"drift_above": 0.2, "figure": "score_drift"}
        assert fires(self.figures(0.3), when=when) == []

    def test_measured_before_the_last_run_are_stale(self) -> None:
        facts = self.figures(0.3, 0.3, 0.3)
        facts.run = (START, START + HOUR)
        assert fires(facts, when={"drift_above": 0.2}) == [START + 2 * HOUR]


BOTH = {"all": [{"cron": "0 2 * * *"}, {"new_verdicts": 3}]}


class TestAll:
    def test_waits_for_the_time_after(self) -> None:
        facts = GivenFacts(verdicts=[START + n * HOUR for n in (1, 2, 3)])
        assert fires(facts, when=BOTH, until=START + 27 * HOUR) == [START + 26 * HOUR]

    def test_takes_a_condition_of_the_same_moment(self) -> None:
        facts = GivenFacts(verdicts=[START + 2 * HOUR] * 3)
        assert fires(facts, when=BOTH, until=START + 3 * HOUR) == [START + 2 * HOUR]

    def test_without_a_time_takes_the_last(self) -> None:
        facts = GivenFacts(verdicts=[START + HOUR] * 3)
        facts.measured["input_drift"] = [(START + 4 * HOUR, 0.5)]
        when = {"all": [{"drift_above": 0.2}, {"new_verdicts": 3}]}
        assert fires(facts, when=when) == [START + 4 * HOUR]


AFTER = {"run": "retrain", "when": "promoted"}


class TestAfter:
    def test_fires_once_a_promotion(self) -> None:
        facts = GivenFacts(ends=[("retrain", "promoted", START + HOUR)])
        assert fires(facts, run="score", after=AFTER) == [START + HOUR]
        facts.run = (START + 2 * HOUR, START + 3 * HOUR)
        assert fires(facts, run="score", after=AFTER) == []

    def test_a_run_begun_before_has_missed_it(self) -> None:
        facts = GivenFacts(ends=[("retrain", "promoted", START + HOUR)])
        facts.run = (START, START + 2 * HOUR)
        assert fires(facts, run="score", after=AFTER) == [START + HOUR]

    def test_holds_back_the_times_before(self) -> None:
        facts = GivenFacts(ends=[("retrain", "promoted", START + 3 * HOUR)])
        found = fires(
            facts, run="score", after=AFTER, when={"interval": "2h"}, until=START + 6 * HOUR
        )
        assert found == [START + 4 * HOUR, START + 6 * HOUR]


class TestMissing:
    @pytest.mark.parametrize(
        ("said", "line"),
        [
            ({"when": {"new_verdicts": 5}}, "2 of 5 new verdicts are there"),
            ({"when": {"drift_above": 0.2}}, "input_drift is 0.1, not above 0.2"),
            ({"when": {"live_precision_below": 0.8}}, "live_precision was not measured"),
            ({"when": {"live_recall_below": 0.8}}, "live_recall was not measured"),
            ({"after": {"run": "drift"}}, "no drift of phishing has succeeded"),
        ],
    )
    def test_says_what_it_waits_for(self, said: dict[str, Any], line: str) -> None:
        facts = GivenFacts(verdicts=[START, START], measured={"input_drift": [(START, 0.1)]})
        (found,) = Triggers(schedule(**said), begun(), facts).missing()
        assert found.startswith(line)
