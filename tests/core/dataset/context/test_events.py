"""An incident as the state sees it."""

from __future__ import annotations

from sftsec_core.api.domain import Incident
from sftsec_core.dataset.context.events import ContextReader
from tests.core.dataset.context.streams import SALT, SETTINGS, alert, events


class TestContextReader:
    def test_names_no_host_in_what_it_keeps(self) -> None:
        (event,) = events([alert("a", 1, host="crown-jewels", amount="12.5")])
        assert b"crown" not in b"".join(key for key in event.keys if key)
        assert event.numbers == (12.5,)

    def test_hashes_differ_by_salt_key_and_site(self) -> None:
        one = alert("a", 1, rule="x", host="x", site="x")
        apart = SETTINGS.model_copy(update={"within": "site"})
        readers = (
            ContextReader(SETTINGS, SALT),
            ContextReader(SETTINGS, b"other"),
            ContextReader(apart, SALT),
        )
        found = [reader(one) for reader in readers]
        keys = {key for event in found if event for key in event.keys}
        assert len(keys) == 9

    def test_leaves_out_keys_that_lack_a_field(self) -> None:
        (event,) = events([alert("a", 1, host="")])
        assert [key is None for key in event.keys] == [False, True, True]
        assert event.values == (None,)

    def test_takes_no_incident_without_a_time(self) -> None:
        assert ContextReader(SETTINGS, SALT)(Incident("a", {"rule.name": "x"})) is None

    def test_orders_events_of_one_time_by_uid(self) -> None:
        found = events([alert("b", 1), alert("a", 1), alert("c", 0)])
        assert [event.uid for event in found] == ["c", "a", "b"]

    def test_ignores_numbers_whose_squares_overflow(self) -> None:
        found = events([alert("a", 1, amount=1e200), alert("b", 2, amount="nan")])
        assert [event.numbers for event in found] == [(None,), (None,)]
