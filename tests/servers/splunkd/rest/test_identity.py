"""Users and roles: what roles grant, also by way of others, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.rest.identity import capabilities_of
from tests.servers.splunkd.state import Splunkd

_USERS = "/services/authentication/users"
_ROLES = "/services/authorization/roles"


def content(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer["entry"][0]["content"]
    return found


class TestUser:
    def test_logs_in_until_it_is_deleted(self, splunk: Splunkd, caller: Caller) -> None:
        form = {"name": "Ann", "password": "secret12", "roles": ["user", "power"]}
        status, made = caller.call("POST", _USERS, {**form, "output_mode": "json"})
        assert status == 201
        shown = content(made)
        assert (made["entry"][0]["name"], shown["roles"]) == ("ann", ["user", "power"])
        assert shown["password"] == "********"
        ann = Caller(splunk)
        ann.login("ann", "secret12")
        assert caller.call("POST", f"{_USERS}/ann", {"password": "secret13"})[0] == 200
        ann.login("ann", "secret13")
        assert ann.call("GET", "/services/messages")[0] == 200
        assert caller.call("DELETE", f"{_USERS}/ann")[0] == 200
        assert ann.call("GET", "/services/messages")[0] == 401

    @pytest.mark.parametrize(
        ("form", "told"),
        [
            ({"name": "ann", "roles": "user"}, "required arguments are missing: password"),
            ({"name": "ann", "password": "secret12"}, "User must have at least one role"),
            (
                {"name": "ann", "password": "secret12", "roles": ["user", "none"]},
                "Role=none does not exist",
            ),
        ],
    )
    def test_needs_a_password_and_a_role(
        self, splunk: Splunkd, caller: Caller, form: dict[str, Any], told: str
    ) -> None:
        status, text = caller.call("POST", _USERS, form)
        assert status == 400
        assert told in text
        assert "ann" not in splunk.passwords

    def test_is_told_who_it_is(self, splunk: Splunkd) -> None:
        splunk.add_user("ann", "secret12", ["power"])
        ann = Caller(splunk)
        ann.login("ann", "secret12")
        _, answer = ann.call("GET", "/services/authentication/current-context?output_mode=json")
        assert (content(answer)["username"], content(answer)["roles"]) == ("ann", ["power"])


class TestRole:
    def test_grants_what_it_imports(self, splunk: Splunkd, caller: Caller) -> None:
        for name, imported, capability in (
            ("Base", [], "search"),
            ("middle", ["base"], "rest_properties_get"),
            ("top", ["middle", "top"], "schedule_search"),
        ):
            form = {"name": name, "imported_roles": imported, "capabilities": capability}
            assert caller.call("POST", _ROLES, form)[0] == 201
        splunk.add_user("ann", "secret12", ["top"])
        granted = {"search", "rest_properties_get", "schedule_search"}
        assert capabilities_of(splunk, "ann") == granted
        _, answer = caller.call("GET", f"{_ROLES}/top?output_mode=json")
        assert content(answer)["capabilities"] == ["schedule_search"]
        assert set(content(answer)["imported_capabilities"]) == granted

    def test_limits_the_indexes_of_searches(self, splunk: Splunkd) -> None:
        splunk.add_index("mail")
        splunk.add_role("mails", srchIndexesAllowed=["m*"], srchIndexesDefault=["mail"])
        splunk.add_user("ann", "secret12", ["mails"])
        assert splunk.searchable("ann") == (["main", "mail"], ["mail"])
        allowed, _ = splunk.searchable("admin")
        assert {"_internal", "mail", "risk"} <= set(allowed)
        splunk.add_user("bob", "secret12", ["user"])
        assert "_internal" not in splunk.searchable("bob")[0]
