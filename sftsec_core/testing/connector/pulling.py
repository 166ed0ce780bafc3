"""What a pull brings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from sftsec_core.api.domain import Incident, PullWindow
from sftsec_core.testing.connector.planted import (
    LABELLED,
    UNLABELLED,
    Planted,
    connected,
    incidents,
    pull,
    uids,
)
from sftsec_core.testing.connector.planting import GROUP, LONG, detections_for
from sftsec_core.testing.connector.platform import Platform
from sftsec_core.testing.incidents import START


class PullChecks:
    """Incidents: which, with what fields, verdicts and times, and in pages of what size."""

    def test_pull_brings_every_incident_once(self, planted: Planted) -> None:
        """Nothing is left out and no uid comes twice, although texts and times are equal."""
        assert Counter(uids(planted.pages)) == Counter(list(planted.incidents))

    def test_pull_brings_the_fields_unchanged(self, planted: Planted) -> None:
        """Each planted field comes back under its dotted name with its whole value."""
        for got in planted.pulled:
            given = planted.incidents[got.uid].fields
            assert {name: got.fields.get(name) for name in given} == dict(given), got.uid

    def test_pull_brings_long_texts_whole(self, planted: Planted) -> None:
        """What a model reads is cut in one place, where it is counted, and not here."""
        uid = list(planted.incidents)[LONG]
        [got] = [each for each in planted.pulled if each.uid == uid]
        assert len(str(got.fields["message"])) == planted.platform.longest_text

    def test_fields_are_flat_json(self, planted: Planted) -> None:
        """Names are strings, values are what JSON has; an object is flattened to dotted names."""
        for got in planted.pulled:
            assert all(isinstance(name, str) for name in got.fields), got.uid
            assert not any(isinstance(value, Mapping) for value in got.fields.values()), got.uid
            text = json.dumps(dict(got.fields), allow_nan=False)
            assert json.loads(text) == dict(got.fields), f"{got.uid}: not the same after JSON"

    def test_fields_named_by_the_window_are_there(self, planted: Planted) -> None:
        """The caller names every field that it reads: of inputs, `keep` and `group`."""
        window = PullWindow(fields=("message", GROUP))
        for got in incidents(pull(planted.platform, window)):
            given = planted.incidents[got.uid].fields
            for name in window.fields:
                assert got.fields.get(name) == given[name], f"{got.uid}: {name}"

    def test_no_field_gives_the_verdict_away(self, planted: Planted) -> None:
        """Else a model learns to read the answer: its value, its analyst or its presence."""
        labelled = {n for i in planted.pulled if i.verdicts for n in i.fields}
        unlabelled = {n for i in planted.pulled if not i.verdicts for n in i.fields}
        assert labelled <= unlabelled, "fields that only labelled incidents have"
        for got in planted.pulled:
            said = [part for v in got.verdicts for part in (v.value, v.analyst) if part]
            said += [str(v.analyst) for v in planted.incidents[got.uid].verdicts]
            found = [text for text in _texts(got.fields) for part in said if part in text]
            assert found == [], got.uid

    def test_verdicts_are_complete_and_oldest_first(self, planted: Planted) -> None:
        """Each verdict, in the platform's own values, with who gave it."""
        for got in planted.pulled:
            given = planted.incidents[got.uid].verdicts
            assert [v.value for v in got.verdicts] == [v.value for v in given], got.uid
            assert [v.analyst for v in got.verdicts] == [v.analyst for v in given], got.uid

    def test_verdicts_have_aware_times(self, planted: Planted) -> None:
        """The latest verdict of an analyst counts, so the times must be comparable."""
        for got in planted.pulled:
            given = planted.incidents[got.uid].verdicts
            for verdict, planned in zip(got.verdicts, given, strict=True):
                assert verdict.at is not None, f"{got.uid}: a verdict without a time"
                assert verdict.at.tzinfo is not None, f"{got.uid}: a verdict with a naive time"
                if planted.platform.keeps_verdict_times:
                    assert verdict.at == planned.at, got.uid

    def test_incidents_have_aware_times(self, planted: Planted) -> None:
        """The event's own time, not that of its arrival."""
        for got in planted.pulled:
            assert got.at is not None, f"{got.uid}: an incident without its time"
            assert got.at.tzinfo is not None, f"{got.uid}: an incident with a naive time"
            assert got.at == planted.incidents[got.uid].at, got.uid

    def test_two_pulls_bring_the_same_order(self, planted: Planted) -> None:
        """A cursor is worth nothing where the order moves."""
        assert uids(pull(planted.platform)) == uids(planted.pages)

    def test_pages_are_bounded(self, planted: Planted) -> None:
        """Memory is bounded by the page, whatever the platform holds."""
        sizes = [len(page.incidents) + len(page.rejected) for page in planted.pages]
        assert max(sizes) <= planted.platform.page_size
        assert len(sizes) > 2, "options() must configure pages of page_size records"

    def test_labelled_window_brings_labelled_incidents(self, planted: Planted) -> None:
        """Training asks for these."""
        assert set(uids(pull(planted.platform, LABELLED))) == planted.where(labelled=True)

    def test_unlabelled_window_brings_unlabelled_incidents(self, planted: Planted) -> None:
        """Scoring asks for these."""
        assert set(uids(pull(planted.platform, UNLABELLED))) == planted.where(labelled=False)

    def test_window_bounds_the_time(self, planted: Planted) -> None:
        """`since` is inside the window, `until` outside."""
        since, until = START + timedelta(minutes=1), START + timedelta(minutes=3)
        planned = planted.incidents.items()
        want = {uid for uid, each in planned if each.at is not None and since <= each.at < until}
        assert set(uids(pull(planted.platform, PullWindow(since=since, until=until)))) == want

    def test_empty_platform_ends_a_pull_quietly(self, fresh: Platform) -> None:
        """A SIEM on its first day is no error."""
        fresh.fill([])
        assert uids(pull(fresh)) == []

    def test_pull_may_be_left_half_way(self, planted: Planted) -> None:
        """A run that ends early closes the connector all the same."""
        with connected(planted.platform) as connector:
            assert next(iter(connector.pull(PullWindow()))).incidents

    def test_damaged_record_is_rejected_and_the_pull_goes_on(self, fresh: Platform) -> None:
        """It is named by place and reason; the reason does not quote the content."""
        planted = Planted(fresh)
        content = fresh.spoil()
        pages = pull(fresh)
        rejected = [rejection for page in pages for rejection in page.rejected]
        assert len(rejected) == 1, "rejections of one damaged record"
        assert rejected[0].where
        assert rejected[0].reason
        assert content not in f"{rejected[0].where} {rejected[0].reason}"
        assert set(uids(pages)) == set(planted.incidents)

    def test_own_detections_are_not_pulled(self, planted: Planted) -> None:
        """Else a detection is scored, and causes the next one."""
        platform = planted.platform
        some = [each for each in planted.incidents.values() if not each.verdicts][:5]
        detections = detections_for(platform, some, model="a")
        with connected(platform) as connector:
            connector.push(detections)
        assert {each.uid for each in detections} <= {each.uid for each in platform.pushed()}
        assert set(uids(pull(platform, UNLABELLED))) == planted.where(labelled=False)
        assert set(uids(pull(platform, LABELLED))) == planted.where(labelled=True)


def _texts(value: object) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def same(got: Incident, planted: Incident) -> bool:
    """Whether an incident is the planted one: its time, and each planted field."""
    return got.at == planted.at and all(
        got.fields.get(name) == value for name, value in planted.fields.items()
    )
