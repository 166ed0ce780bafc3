"""The double as a server: its certificate and its version."""

from __future__ import annotations

from urllib.error import URLError

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.server import start_splunkd


class TestServer:
    def test_is_trusted_by_its_own_authority(self) -> None:
        with start_splunkd() as splunk:
            caller = Caller(splunk)
            caller.login()
            status, answer = caller.call("GET", "/services/server/info?output_mode=json")
            assert status == 200
            assert answer["entry"][0]["content"]["version"] == "9.4.1"
            splunk.ca_file = None
            with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
                caller.call("GET", "/services/server/info")

    def test_may_be_of_version_10(self) -> None:
        with start_splunkd(tls=False, version="10.0.0") as splunk:
            caller = Caller(splunk)
            caller.login()
            _, answer = caller.call("GET", "/services/server/info?output_mode=json")
            assert answer["entry"][0]["content"]["version"] == "10.0.0"
            path = "/services/properties/limits/kvstore/max_documents_per_batch_save"
            assert caller.call("GET", path) == (200, 10000)
