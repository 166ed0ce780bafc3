"""Pieces of SPL, tried by the searches that they make."""

from __future__ import annotations

import pytest

from sftsec_splunk.identity import EventNames, key_of
from sftsec_splunk.order import Order
from sftsec_splunk.spl import among, field_clause, indexes_of, keyed, lookup_rows, whole
from tests.connectors.splunk.pulls import AT
from tests.connectors.splunk.sites import Site

KEYED = keyed("search index=mail", EventNames("uid"), Order.EVENT_TIME)
ODD = 'odd "uid" | `x` \\ ü'


class TestKey:
    def test_is_the_same_in_both_languages(self, site: Site) -> None:
        for number, uid in enumerate(("plain", ODD)):
            site.index("mail", AT + number + 0.9996, uid=uid)
        rows = site.splunk.search(f"{KEYED} | table sftsec_uid sftsec_key sftsec_ms")
        found = {row["sftsec_uid"]: (row["sftsec_key"], int(row["sftsec_ms"])) for row in rows}
        assert found == {
            "plain": (key_of("plain"), int(AT * 1000) + 999),
            ODD: (key_of(ODD), int(AT * 1000) + 1999),
        }

    def test_selects_its_row_alone(self, site: Site) -> None:
        for number, uid in enumerate(("plain", ODD, "other")):
            site.index("mail", AT + number, uid=uid)
        chosen = among(map(key_of, (ODD, "other", "missing")))
        rows = site.splunk.search(f"{KEYED} | where {chosen} | table sftsec_uid")
        assert sorted(row["sftsec_uid"] for row in rows) == sorted([ODD, "other"])


class TestLookupRows:
    @pytest.mark.parametrize("wanted", [["plain"], [ODD], ["plain", ODD, "missing"]])
    def test_find_any_value(self, site: Site, wanted: list[str]) -> None:
        site.splunk.lookups.files["told.csv"] = [
            {"uid": uid, "n": str(n)} for n, uid in enumerate(("plain", ODD, "other"))
        ]
        rows = site.splunk.search(lookup_rows("told.csv", "uid", wanted))
        assert [row["uid"] for row in rows] == [uid for uid in wanted if uid != "missing"]

    def test_never_hold_an_odd_value(self) -> None:
        assert "odd" not in lookup_rows("told.csv", "uid", ["plain", ODD])


class TestFieldClause:
    def test_names_each_field_once(self) -> None:
        assert field_clause(["src", "to{}", "src"]) == '| fields _time, "src" "to{}"'

    @pytest.mark.parametrize("names", [[], ["src", 'x" | delete'], ["1st"]])
    def test_keeps_all_fields_otherwise(self, names: list[str]) -> None:
        assert field_clause(names) == "| fields *"


class TestIndexes:
    @pytest.mark.parametrize(
        ("search", "named"),
        [
            ("index=mail sourcetype=a", ("mail",)),
            ('search (index="two words" OR INDEX = b) NOT index=c', ("two words", "b")),
            ('index IN (a, "b", c*) | search index=late', ("a", "b")),
            ("| tstats count where index=mail by _time", ("mail",)),
            ("index=* my.index=x index!=y subindex=z", ()),
            ("`mails` | stats count by index", ()),
        ],
    )
    def test_are_those_of_the_first_command(self, search: str, named: tuple[str, ...]) -> None:
        assert indexes_of(search) == named


class TestWhole:
    @pytest.mark.parametrize(
        ("given", "made"),
        [
            (" index=mail ", "search index=mail"),
            ("search index=mail", "search index=mail"),
            ("searching index=mail", "search searching index=mail"),
            (" | inputlookup told.csv", "| inputlookup told.csv"),
        ],
    )
    def test_begins_with_a_command(self, given: str, made: str) -> None:
        assert whole(given) == made
