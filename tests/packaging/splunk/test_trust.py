"""Whom the commands trust: the service, splunkd, and who may read the token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sftsec_core.server.endpoint import Endpoint
from tests.core.server.site import TOKEN, Client, Site, running
from tests.packaging.splunk.bench import OWN, Bench
from tests.packaging.splunk.scored import (
    ASKED,
    ATTACK,
    answering,
    errors,
    rows,
    unscored,
)
from tests.servers.splunkd.pythons import SPLUNK_PYTHONS


class TestService:
    def test_rows_pass_when_the_token_is_refused(
        self, bench: Bench, service: Client, certificates: Path
    ) -> None:
        wrong = "a-token-that-nobody-knows"
        bench.set_service(service.url, certificates / "ca.pem", wrong)
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert unscored(run.records)
        (told,) = errors(run.messages)
        assert "401: the token is refused: set another one on the set-up page" in told
        assert wrong not in json.dumps(run.messages) + run.stderr

    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_needs_a_trusted_certificate(self, bench: Bench, service: Client, version: str) -> None:
        bench.version = version
        assert bench.splunk.ca_file is not None
        bench.set_service(service.url, bench.splunk.ca_file, TOKEN)  # another authority
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert unscored(run.records)
        assert "is not trusted" in errors(run.messages)[0]

    def test_its_name_is_verified(self, bench: Bench, site: Site, certificates: Path) -> None:
        pem = {"certificate": certificates / "node.pem", "key": certificates / "node.key"}
        elsewhere = site.settings(**pem, host="127.0.0.2")  # the certificate names 127.0.0.1
        with running(Endpoint(site.context, elsewhere)) as client:
            bench.set_service(client.url, certificates / "ca.pem", TOKEN)
            run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert unscored(run.records)
        assert "is not trusted" in errors(run.messages)[0]

    def test_the_token_follows_no_redirect(self, bench: Bench) -> None:
        with answering(lambda _body: 307) as (url, bodies):
            bench.set_service(url, token=TOKEN)
            run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert len(bodies) == 1
        assert "the scoring service answered 307" in errors(run.messages)[0]

    @pytest.mark.parametrize(
        "url",
        ["http://siem.example:8765", "https://user:pw@siem.example", "siem:8765", "https://h:x"],
    )
    def test_the_token_goes_to_safe_addresses_alone(self, bench: Bench, url: str) -> None:
        bench.set_service(url, token=TOKEN)
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert "address must be https://host:port" in errors(run.messages)[0]


class TestToken:
    def test_without_one_nothing_is_sent(self, bench: Bench) -> None:
        bench.set_service("https://siem.example:8765")
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert run.records == []
        assert "the service's token is not set, or hidden from you" in errors(run.messages)[0]

    def test_reading_it_needs_a_role(self, scoring_bench: Bench) -> None:
        key = scoring_bench.session("bob")
        # The double lets everybody read secrets; the second request is the one for the token.
        scoring_bench.splunk.faults.statuses = [None, 403]  # type: ignore[list-item]
        run = scoring_bench.run("sftsecscore", [rows(ATTACK)], *ASKED, session_key=key)
        assert run.records == []
        assert "role sftsec_admin (capability list_storage_passwords)" in errors(run.messages)[0]

    def test_an_ended_session_is_told_apart(self, scoring_bench: Bench) -> None:
        key = scoring_bench.session("root")
        scoring_bench.splunk.expire_sessions()
        run = scoring_bench.run("sftsecscore", [rows(ATTACK)], *ASKED, session_key=key)
        assert "splunkd refused" in errors(run.messages)[0]
        assert "(401)" in errors(run.messages)[0]
        assert key not in errors(run.messages)[0] + run.stderr

    def test_is_in_the_credential_store_alone(self, scoring_bench: Bench) -> None:
        status, answer = scoring_bench.caller().call(
            "GET", f"{OWN}/configs/conf-sftsec/service?output_mode=json"
        )
        assert status == 200
        assert TOKEN not in json.dumps(answer)


class TestSplunkd:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_an_untrusted_one_gets_no_session(
        self, bench: Bench, certificates: Path, version: str
    ) -> None:
        bench.version = version
        key = bench.session("root")
        (bench.home / "etc/auth/cacert.pem").write_bytes((certificates / "ca.pem").read_bytes())
        before = len(bench.splunk.requests)
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED, session_key=key)
        assert "is not trusted" in errors(run.messages)[0]
        asked = [each for each in bench.splunk.requests[before:] if "conf-sftsec" in each]
        assert asked == []

    def test_server_conf_names_the_authority(
        self, scoring_bench: Bench, certificates: Path
    ) -> None:
        home = scoring_bench.home
        (home / "etc/auth/cacert.pem").rename(home / "own.pem")
        (home / "etc/auth/cacert.pem").write_bytes((certificates / "ca.pem").read_bytes())
        local = home / "etc/system/local"
        local.mkdir(parents=True)
        (local / "server.conf").write_text(
            "[general]\nsslRootCAPath = no\n"
            "[sslConfig]\n# a = b\nsslRootCAPath = $SPLUNK_HOME/own.pem\n"
        )
        run = scoring_bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert run.messages == []

    def test_a_missing_authority_is_named(self, bench: Bench) -> None:
        (bench.home / "etc/auth/cacert.pem").unlink()
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert "sslRootCAPath of server.conf" in errors(run.messages)[0]
        assert run.stderr == ""
