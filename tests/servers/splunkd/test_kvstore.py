"""Documents of a collection: their types, their queries, and their order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.kvstore import Collection, compile_query, shaped

DOCUMENT = {"n": 2, "s": "b", "on": True, "tags": ["x", "y"], "deep": {"n": 3}, "a.b": "dotted"}


class TestCollection:
    def test_values_become_the_configured_types(self) -> None:
        config = {"field.n": "number", "field.on": "bool", "field.s": "string"}
        things = Collection(config)
        things.insert("nobody", {"_key": "a", "n": "2.5", "on": "0", "s": [1], "other": "7"})
        assert things.get("nobody", "a") == {
            "_key": "a", "_user": "nobody", "n": 2.5, "on": False, "s": "[1]", "other": "7",
        }  # fmt: skip

    def test_enforced_types_reject_a_whole_batch(self) -> None:
        things = Collection({"field.n": "number", "enforceTypes": "true"})
        with pytest.raises(RestError, match="field 'n' is not of the type number"):
            things.save("nobody", [{"_key": "a", "n": 1}, {"_key": "b", "n": "many"}])
        assert things.all() == []

    def test_users_have_keys_of_their_own(self) -> None:
        things = Collection({})
        for user in ("ann", "bob"):
            things.insert(user, {"_key": "a"})
        assert len(things.all()) == 2
        assert things.delete("ann") == 1
        with pytest.raises(RestError, match="Could not find object"):
            things.get("ann", "a")


class TestQuery:
    @pytest.mark.parametrize(
        "query",
        [
            {}, {"n": 2}, {"tags": "x"}, {"deep.n": {"$gte": 3}}, {"a.b": "dotted"},
            {"s": {"$regex": "^b"}}, {"n": {"$ne": 3}}, {"missing": None}, {"$not": {"n": 3}},
            {"n": {"$not": {"$gt": 2}}}, {"on": True},
        ],
    )  # fmt: skip
    def test_matches_a_fitting_document(self, query: dict[str, Any]) -> None:
        assert compile_query(query)(DOCUMENT)

    @pytest.mark.parametrize(
        "query", [{"n": "2"}, {"n": {"$gt": "1"}}, {"s": {"$lt": 5}}, {"on": {"$gt": 0}}]
    )
    def test_values_of_another_kind_do_not_compare(self, query: dict[str, Any]) -> None:
        assert not compile_query(query)(DOCUMENT)

    @pytest.mark.parametrize("query", [{"n": {"$in": [1]}}, {"$nor": []}, [], "n"])
    def test_an_unknown_operator_or_shape_is_refused(self, query: Any) -> None:
        with pytest.raises(RestError, match="JSON in the request is invalid"):
            compile_query(query)


class TestShaped:
    DOCUMENTS = (
        {"_key": "a", "n": 2},
        {"_key": "b"},
        {"_key": "c", "n": 10},
        {"_key": "d", "n": "x"},
    )

    @pytest.mark.parametrize(
        ("sort", "keys"), [("", "abcd"), ("n", "bacd"), ("n:-1", "dcab"), ("_key:-1", "dcba")]
    )
    def test_sorts_numbers_before_text(self, sort: str, keys: str) -> None:
        found = shaped([*self.DOCUMENTS], sort=sort, fields="", skip=0, limit=0)
        assert "".join(each["_key"] for each in found) == keys

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [("n", {"_key": "c", "n": 10}), ("n,_key:0", {"n": 10}), ("n:0", {"_key": "c"})],
    )
    def test_pages_and_keeps_fields(self, fields: str, expected: dict[str, Any]) -> None:
        assert shaped([*self.DOCUMENTS], sort="", fields=fields, skip=2, limit=1) == [expected]
