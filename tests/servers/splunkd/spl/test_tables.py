"""Lookups on the KV store."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.state import Splunkd


@pytest.fixture
def splunk(indexed: Splunkd) -> Splunkd:
    return indexed


class TestLookups:
    def test_are_written_joined_and_read(self, splunk: Splunkd) -> None:
        splunk.add_collection("search", "people", **{"field.age": "number"})
        splunk.add_lookup("search", "people_lookup", external_type="kvstore", collection="people",
                          fields_list="_key, user, age")  # fmt: skip
        made = '| makeresults | eval user="ann", age=30 | outputlookup people_lookup key_field=user'
        splunk.search(made)
        assert splunk.kv("search", "people") == [
            {"_key": "ann", "_user": "nobody", "user": "ann", "age": 30}
        ]
        found = splunk.search(
            "search user=* | stats count by user | lookup people_lookup user OUTPUT age"
        )
        assert found == [{"user": "ann", "count": "3", "age": "30"}, {"user": "bob", "count": "2"}]
        assert splunk.search("| inputlookup people_lookup where age>29 | table user") == [
            {"user": "ann"}
        ]
