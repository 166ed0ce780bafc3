"""The credential store."""

from __future__ import annotations

from tests.servers.splunkd.caller import Caller


class TestPasswords:
    def test_a_name_with_a_slash_is_found(self, caller: Caller) -> None:
        form = {"name": "us/er", "realm": "re:alm", "password": "s3cret", "output_mode": "json"}
        _, made = caller.call("POST", "/servicesNS/nobody/search/storage/passwords", form)
        entry = made["entry"][0]
        assert entry["name"] == r"re\:alm:us/er:"
        _, found = caller.call("GET", f"{entry['links']['alternate']}?output_mode=json")
        assert found["entry"][0]["content"]["clear_password"] == "s3cret"
