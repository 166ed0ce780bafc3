"""Configuration files by `properties`: their stanzas and single values."""

from __future__ import annotations

from tests.servers.splunkd.caller import Caller

_PROPERTIES = "/servicesNS/nobody/search/properties"


def names(caller: Caller, path: str) -> list[str]:
    status, answer = caller.call("GET", f"{path}?output_mode=json&count=0")
    assert status == 200
    return [each["name"] for each in answer["entry"]]


class TestProperties:
    def test_are_made_file_by_file(self, caller: Caller) -> None:
        assert "mine" not in names(caller, _PROPERTIES)
        assert caller.call("POST", _PROPERTIES, {"__conf": "mine"})[0] == 201
        assert "mine" in names(caller, _PROPERTIES)
        assert caller.call("POST", f"{_PROPERTIES}/mine", {"__stanza": "one"})[0] == 201
        assert names(caller, f"{_PROPERTIES}/mine") == ["one"]
        assert caller.call("POST", f"{_PROPERTIES}/mine/one", {"a": "1", "b": "x y"})[0] == 200
        assert caller.call("POST", f"{_PROPERTIES}/mine/one/b", {"value": "z"})[0] == 200
        _, answer = caller.call("GET", f"{_PROPERTIES}/mine/one?output_mode=json")
        values = {each["name"]: each["content"]["$text"] for each in answer["entry"]}
        assert values == {"disabled": "0", "a": "1", "b": "z"}

    def test_give_a_single_value_bare(self, caller: Caller) -> None:
        limit = "/services/properties/limits/kvstore/of_the_test"
        stanza = "/services/properties/limits/kvstore"
        assert caller.call("GET", limit)[0] == 404
        assert caller.call("POST", stanza, {"of_the_test": "7"})[0] == 200
        assert caller.call("GET", limit) == (200, 7)

    def test_that_are_missing_are_404(self, caller: Caller) -> None:
        for path in ("nothing", "limits/nothing", "limits/kvstore/nothing"):
            status, text = caller.call("GET", f"{_PROPERTIES}/{path}")
            assert status == 404
            assert "nothing" in text
        status, text = caller.call("POST", _PROPERTIES, {})
        assert status == 400
        assert "required arguments are missing: __conf" in text
