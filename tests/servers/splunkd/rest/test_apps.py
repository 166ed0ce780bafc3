"""Apps: made, removed with all that is in them, and refused."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd

_APPS = "/services/apps/local"


class TestApp:
    def test_is_removed_with_its_objects(self, splunk: Splunkd, caller: Caller) -> None:
        form = {"name": "mine", "label": "My app", "visible": "0", "output_mode": "json"}
        status, made = caller.call("POST", _APPS, form)
        assert status == 201
        content = made["entry"][0]["content"]
        assert (content["label"], content["visible"], content["version"]) == (
            "My app", False, "1.0.0",
        )  # fmt: skip
        macro = {"name": "m", "definition": "x"}
        path = "/servicesNS/nobody/mine/configs/conf-macros"
        assert caller.call("POST", path, macro)[0] == 201
        assert caller.call("DELETE", f"{_APPS}/mine")[0] == 200
        assert splunk.entities.find("configs/conf-macros", "-", "-", "m") is None
        assert caller.call("GET", path)[0] == 404
        [message] = caller.call("GET", "/services/messages?output_mode=json")[1]["entry"]
        assert message["name"] == "restart_required"

    @pytest.mark.parametrize(
        ("form", "told"),
        [
            ({"name": "a b"}, "contains invalid characters"),
            ({"name": "app.spl", "filename": "1"}, "failed to extract app"),
        ],
    )
    def test_that_is_invalid_is_refused(
        self, caller: Caller, form: dict[str, str], told: str
    ) -> None:
        status, text = caller.call("POST", _APPS, form)
        assert status == 400
        assert told in text

    def test_takes_a_capability(self, splunk: Splunkd) -> None:
        splunk.add_user("ann", "secret12")
        ann = Caller(splunk)
        ann.login("ann", "secret12")
        assert ann.call("POST", _APPS, {"name": "mine"})[0] == 403

    def test_gives_the_address_of_its_package(self, splunk: Splunkd, caller: Caller) -> None:
        _, answer = caller.call("GET", f"{_APPS}/search/package?output_mode=json")
        content = answer["entry"][0]["content"]
        assert content["url"] == f"{splunk.url}/static/app-packages/search.spl"
