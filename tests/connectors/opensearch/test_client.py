"""A field of the site's own that makes the order whole, instead of `_id`."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest

from sftsec_core.sdk.errors import AccessError, TlsError
from sftsec_core.testing.incidents import START
from tests.connectors.search.sites import Site, ids, pages
from tests.servers.engines.certificates import make_certificates

MAPPINGS = {"properties": {"@timestamp": {"type": "date"}, "id": {"type": "keyword"}}}


class TestTieBreaker:
    def test_may_be_any_unique_keyword(self, site: Site) -> None:
        index = site.name("wazuh")
        site.make_index(index, MAPPINGS)
        at = START.isoformat()
        planted = {f"d{n:02d}": {"@timestamp": at, "id": f"{99 - n}"} for n in range(30)}
        site.plant(index, planted)
        connector = site.connect(index, page_size=7, tie_breaker="id")
        assert sorted(ids(pages(connector))) == sorted(planted)
        assert list(connector.check()) == []

    def test_that_documents_lack_is_named(self, site: Site) -> None:
        """Before 3.x the engine loses those that have the same place in the order."""
        index = site.name("wazuh")
        site.make_index(index, MAPPINGS)
        site.plant(index, {"a": {"@timestamp": START.isoformat(), "id": "1"}})
        site.plant(index, {"b": {"@timestamp": START.isoformat()}})
        [problem] = site.connect(index, tie_breaker="id").check()
        assert problem.endswith("have no 'id' and may be skipped: leave `tie_breaker` at _id")


class TestCredentials:
    def test_refuse_a_wrong_password_at_once(
        self,
        site: Site,
        index: str,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        monkeypatch.setenv("SFTSEC_TEST_WRONG", "not-the-password")
        connector = site.connect(index, setup=False, password="env:SFTSEC_TEST_WRONG")
        for call in (connector.check, lambda: pages(connector), lambda: connector.push([])):
            with pytest.raises(AccessError, match=r"401.*credentials are not accepted") as error:
                call()
            trace = "".join(traceback.format_exception(error.value))
            assert "not-the-password" not in trace + caplog.text


class TestTls:
    def test_refuses_another_authority(self, site: Site, index: str, tmp_path: Path) -> None:
        make_certificates(tmp_path)
        connector = site.connect(index, setup=False, ca_file=str(tmp_path / "ca.pem"))
        for call in (connector.check, lambda: pages(connector), lambda: connector.push([])):
            with pytest.raises(
                TlsError, match="set ca_file to the authority that signed it"
            ) as error:
                call()
            assert "\n" not in str(error.value)

    def test_trusts_the_systems_authorities_by_default(
        self, site: Site, index: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(TlsError, match="certificate cannot be verified"):
            site.connect(index, setup=False, ca_file=None).check()
        monkeypatch.setenv("SSL_CERT_FILE", str(site.server.ca_file))
        assert list(site.connect(index, setup=False, ca_file=None).check()) == []

    def test_refuses_a_certificate_of_another_name(self, site: Site, index: str) -> None:
        """The certificate names 127.0.0.1; 127.1 is the same address by another name."""
        url = site.server.url.replace("127.0.0.1", "127.1")
        with pytest.raises(TlsError, match="certificate cannot be verified"):
            site.connect(index, setup=False, url=url).check()
