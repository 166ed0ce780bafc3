"""Which part of splunkd answers which path."""

from __future__ import annotations

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.server import start_splunkd

_FINDINGS = "/servicesNS/nobody/missioncontrol/public/v2/findings"


class TestPath:
    @pytest.mark.parametrize(
        ("path", "told"),
        [
            ("/servicesNS/nobody/none/saved/searches", "Application does not exist: none"),
            ("/servicesNS/eve/search/saved/searches", "User does not exist: eve"),
            ("/services/nothing/here", "Not Found"),
        ],
    )
    def test_that_leads_nowhere_is_404(self, caller: Caller, path: str, told: str) -> None:
        status, text = caller.call("GET", path)
        assert status == 404
        assert told in text

    def test_of_version_2_is_the_same(self, caller: Caller) -> None:
        _, made = caller.call(
            "POST", "/services/search/v2/jobs", {"search": "| makeresults", "output_mode": "json"}
        )
        for version in ("", "v2/"):
            path = f"/services/search/{version}jobs/{made['sid']}"
            assert caller.call("GET", f"{path}/results?output_mode=json")[0] == 200

    @pytest.mark.parametrize(("es", "status"), [(7, 404), (8, 200)])
    def test_of_findings_needs_security_8(self, es: int, status: int) -> None:
        with start_splunkd(tls=False, es=es) as splunk:
            caller = Caller(splunk)
            caller.login()
            assert caller.call("GET", _FINDINGS)[0] == status
