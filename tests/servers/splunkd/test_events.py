"""The fields that a search finds in an event, and the order of events."""

from __future__ import annotations

import json

import pytest

from tests.servers.splunkd.events import Between, EventStore, Fields, Origin


def extracted(raw: str, **indexed: str | list[str]) -> Fields:
    return EventStore().add(raw, time=0, origin=Origin(), now=0, indexed=indexed).extracted


class TestFields:
    def test_of_json_have_dotted_names(self) -> None:
        event = {"a": {"b": 1, "c": [1.5, {"d": True}, {"d": None}]}, "e": "ü"}
        assert extracted(f"  {json.dumps(event)}") == {
            "a.b": "1",
            "a.c{}": "1.5",
            "a.c{}.d": ["true", "null"],
            "e": "ü",
        }

    @pytest.mark.parametrize(
        ("raw", "fields"),
        [
            (
                'src=10.0.0.1, user="joe \\"j\\" x" n=7;',
                {"src": "10.0.0.1", "user": 'joe "j" x', "n": "7"},
            ),
            ("a.b=1 c-d=2 a.b=3", {"a_b": "1", "c_d": "2"}),
            ('{"broken": user=ann', {"user": "ann"}),
            ("no pair = here", {}),
        ],
    )
    def test_of_text_are_its_pairs(self, raw: str, fields: Fields) -> None:
        assert extracted(raw) == fields

    def test_that_are_indexed_win(self) -> None:
        assert extracted("a=1 b=2", a=["x", "y"]) == {"a": ["x", "y"], "b": "2"}


class TestOrder:
    def test_is_newest_first_within_bounds(self) -> None:
        store = EventStore()
        for number, (index, time) in enumerate(
            [("one", 1.0), ("one", 2.0), ("two", 2.0), ("one", 3.0), ("three", 2.0)]
        ):
            store.add(str(number), time=time, origin=Origin(index), now=9)
        found = store.newest_first(["one", "two"], Between(1, 3))
        assert [each.raw for each in found] == ["2", "1", "0"]
        assert [each.raw for each in store.of("one")] == ["0", "1", "3"]
        assert store.of("none") == []
