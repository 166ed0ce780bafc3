"""Tables of files and collections: what they show, and what is written to them."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.lookups import Table
from tests.servers.splunkd.spl.rows import Row
from tests.servers.splunkd.state import Splunkd

APP = "search"


def table(splunk: Splunkd, name: str) -> Table:
    found = splunk.lookups.table(name, "nobody", APP)
    assert found is not None
    return found


def shown(made: Table) -> list[dict[str, object]]:
    return [dict(each.values) for each in made.rows()]


@pytest.fixture
def things(splunk: Splunkd) -> Table:
    """A lookup of two columns over a collection."""
    splunk.add_collection(APP, "kept", **{"field.n": "number", "field.on": "bool"})
    splunk.add_lookup(
        APP, "things", external_type="kvstore", collection="kept", fields_list="_key, n,on,tags"
    )
    return table(splunk, "things")


class TestCollection:
    def test_shows_the_columns_of_the_definition(self, splunk: Splunkd, things: Table) -> None:
        document = {"_key": "a", "n": 7, "on": True, "tags": ["x", 1], "other": "hidden"}
        splunk.collections[APP, "kept"].save("nobody", [document, {"_key": "b", "on": False}])
        assert shown(things) == [
            {"_key": "a", "n": 7, "on": "true", "tags": ["x", "1"]},
            {"_key": "b", "on": "false"},
        ]

    def test_is_replaced_unless_appended_or_keyed(self, splunk: Splunkd, things: Table) -> None:
        def keys() -> list[str]:
            return [str(each["_key"]) for each in splunk.kv(APP, "kept")]

        assert things.write(
            [Row({"_key": "a", "n": 1, "other": "x"})], append=False, key_field=None
        )
        assert things.write([Row({"_key": "b", "n": 2})], append=True, key_field=None) == 1
        assert keys() == ["a", "b"]
        assert things.write([Row({"id": "a", "n": 3})], append=False, key_field="id") == 1
        assert [each["n"] for each in splunk.kv(APP, "kept")] == [3, 2]
        assert "other" not in splunk.kv(APP, "kept")[0]
        things.write([Row({"_key": "c"})], append=False, key_field=None)
        assert keys() == ["c"]


class TestFile:
    def test_is_found_by_name_or_definition(self, splunk: Splunkd) -> None:
        splunk.lookups.files["people.csv"] = [{"user": "ann"}]
        splunk.add_lookup(APP, "people", filename="people.csv", max_matches="2")
        splunk.add_lookup(APP, "lost", filename="lost.csv")
        splunk.add_lookup(APP, "gone", external_type="kvstore", collection="gone")
        assert shown(table(splunk, "people.csv")) == [{"user": "ann"}]
        assert (table(splunk, "people").most, table(splunk, "people.csv").most) == (2, 1000)
        for name in ("lost", "gone", "none", "none.csv"):
            assert splunk.lookups.table(name, "nobody", APP) is None

    def test_keeps_text_without_internal_columns(self, splunk: Splunkd) -> None:
        splunk.lookups.files["people.csv"] = [{"user": "ann"}]
        people = table(splunk, "people.csv")
        people.write([Row({"user": "bob", "n": 7, "_time": 1})], append=True, key_field=None)
        assert splunk.lookups.files["people.csv"] == [{"user": "ann"}, {"user": "bob", "n": "7"}]
        people.write([Row({"user": "eve"})], append=False, key_field=None)
        assert splunk.lookups.files["people.csv"] == [{"user": "eve"}]
