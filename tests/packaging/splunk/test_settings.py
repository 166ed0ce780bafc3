"""The settings of the service: where they are kept, and which are refused."""

from __future__ import annotations

import json

import pytest

from tests.core.server.site import TOKEN
from tests.packaging.splunk.bench import OWN, Bench
from tests.packaging.splunk.scored import (
    ASKED,
    ATTACK,
    errors,
    rows,
)


class TestService:
    def test_that_is_missing_names_the_setup(self, bench: Bench) -> None:
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert errors(run.messages) == [
            "sftsec: no scoring service is set: open the sftsec app's set-up page"
        ]

    def test_with_a_wrong_number_is_named(self, bench: Bench) -> None:
        bench.set_service("https://siem.example:8765", token=TOKEN, batch="many")
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert "batch in sftsec.conf must be a number from 1 to 10000" in errors(run.messages)[0]


class TestToken:
    @pytest.mark.parametrize(
        "url",
        ["http://siem.example:8765", "https://user:pw@siem.example", "siem:8765", "https://h:x"],
    )
    def test_goes_to_safe_addresses_alone(self, bench: Bench, url: str) -> None:
        bench.set_service(url, token=TOKEN)
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert "address must be https://host:port" in errors(run.messages)[0]

    def test_that_is_missing_sends_nothing(self, bench: Bench) -> None:
        bench.set_service("https://siem.example:8765")
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert run.records == []
        assert "the service's token is not set, or hidden from you" in errors(run.messages)[0]

    def test_is_read_with_a_role(self, scoring_bench: Bench) -> None:
        key = scoring_bench.session("bob")
        # The double lets everybody read secrets; the second request is the one for the token.
        scoring_bench.splunk.faults.statuses = [None, 403]  # type: ignore[list-item]
        run = scoring_bench.run("sftsecscore", [rows(ATTACK)], *ASKED, session_key=key)
        assert run.records == []
        assert "role sftsec_admin (capability list_storage_passwords)" in errors(run.messages)[0]

    def test_is_in_the_credential_store_alone(self, scoring_bench: Bench) -> None:
        status, answer = scoring_bench.caller().call(
            "GET", f"{OWN}/configs/conf-sftsec/service?output_mode=json"
        )
        assert status == 200
        assert TOKEN not in json.dumps(answer)
