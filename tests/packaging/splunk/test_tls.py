"""Whom the commands trust: the service by its authority, splunkd by that of server.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.server.endpoint import Endpoint
from tests.core.server.site import TOKEN, Client, Site, running
from tests.packaging.splunk.bench import Bench
from tests.packaging.splunk.scored import (
    ASKED,
    ATTACK,
    errors,
    rows,
    unscored,
)
from tests.servers.splunkd.pythons import SPLUNK_PYTHONS


class TestService:
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


class TestSplunkd:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_gets_no_session_when_untrusted(
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

    def test_has_the_authority_of_server_conf(
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

    def test_without_an_authority_is_named(self, bench: Bench) -> None:
        (bench.home / "etc/auth/cacert.pem").unlink()
        run = bench.run("sftsecscore", [rows(ATTACK)], *ASKED)
        assert "sslRootCAPath of server.conf" in errors(run.messages)[0]
        assert run.stderr == ""
