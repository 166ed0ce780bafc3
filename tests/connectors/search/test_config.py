"""What a configuration may say, what it may not, and that no secret is ever repeated."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from sftsec_core.api.errors import ConfigError, ConnectorError
from sftsec_core.testing.incidents import make_detections
from sftsec_elastic.config import ElasticConfig
from sftsec_elastic.connector import ElasticConnector
from sftsec_opensearch.config import OpenSearchConfig
from sftsec_opensearch.connector import OpenSearchConnector
from sftsec_search.connector import SearchConnector
from tests.connectors.search.configs import (
    HTTPS,
    LOGIN,
    SECRET,
    Options,
    elastic,
    opensearch,
    refusal,
)
from tests.connectors.search.sites import Site, own_site, pages
from tests.servers.engines.server import SearchServer

both = pytest.mark.parametrize("config", [elastic, opensearch])


def everything_said(connector: SearchConnector, caplog: pytest.LogCaptureFixture) -> str:
    """What a failing connector says, in errors, their traces, its own words and the log."""
    caplog.set_level(logging.DEBUG)
    said = [repr(connector), str(vars(connector))]
    for call in (
        connector.check,
        connector.setup,
        lambda: pages(connector),
        lambda: connector.push(make_detections(2)),
        lambda: connector.add_verdicts([]),
    ):
        try:
            call()
        except ConnectorError as error:
            said += [str(error), repr(error), *traceback.format_exception(error)]
    assert len(said) > 5, "nothing failed"
    return "\n".join([*said, caplog.text])


def logged_in(site: Site, monkeypatch: pytest.MonkeyPatch, **options: Any) -> SearchConnector:
    monkeypatch.setenv("SFTSEC_TEST_SECRET", SECRET)
    login = {"username": "ann", "password": "env:SFTSEC_TEST_SECRET"}
    return site.connect("mail", setup=False, **login | options)


class TestAddress:
    @both
    @pytest.mark.parametrize("url", ["http://siem.example:9200", "http://10.0.0.1:9200"])
    def test_sends_no_credentials_in_the_clear(
        self, config: Callable[[Options], BaseModel], url: str
    ) -> None:
        assert "use https" in refusal(config, url=url, **LOGIN)
        assert "use https" in refusal(config, url=[HTTPS, url], **LOGIN)

    @both
    @pytest.mark.parametrize(
        "url", ["http://localhost:9200", "http://127.0.0.1:9200", "http://[::1]"]
    )
    def test_of_this_machine_may_be_http(
        self, config: Callable[[Options], BaseModel], url: str
    ) -> None:
        assert config({"url": url, **LOGIN})

    @both
    def test_without_credentials_may_be_http(self, config: Callable[[Options], BaseModel]) -> None:
        assert config({"url": "http://siem.example:9200"})

    @both
    @pytest.mark.parametrize(
        "url", [f"https://ann:{SECRET}@siem.example", f"https://{SECRET}@siem.example"]
    )
    def test_with_a_password_is_refused(
        self, config: Callable[[Options], BaseModel], url: str
    ) -> None:
        for given in (url, [HTTPS, url]):
            said = refusal(config, url=given)
            assert "leave user and password out of the address" in said
            assert SECRET not in said

    @both
    @pytest.mark.parametrize("url", ["siem.example:9200", "ftp://siem.example", "https://", "", []])
    def test_that_is_none_is_refused(
        self, config: Callable[[Options], BaseModel], url: Any
    ) -> None:
        assert "url" in refusal(config, url=url)


class TestLogin:
    @both
    def test_refuses_a_literal_password(
        self,
        config: Callable[[Options], BaseModel],
    ) -> None:
        said = refusal(config, username="ann", password=SECRET)
        assert "write a reference to a secret" in said
        assert SECRET not in said

    @both
    @pytest.mark.parametrize(
        "half", [{"username": "ann"}, {"password": "env:SFTSEC_TEST_PASSWORD"}]
    )
    def test_needs_user_and_password_together(
        self, config: Callable[[Options], BaseModel], half: Options
    ) -> None:
        assert "username and password go together" in refusal(config, **half)

    def test_names_where_a_secret_is_missing(
        self,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv("SFTSEC_TEST_PASSWORD", raising=False)
        monkeypatch.delenv("SFTSEC_TEST_KEY", raising=False)
        with pytest.raises(ConfigError, match="env:SFTSEC_TEST_PASSWORD is not set"):
            OpenSearchConnector(
                OpenSearchConfig.model_validate(
                    {"url": HTTPS, "sources": [{"index": "x"}], **LOGIN}
                )
            )
        with pytest.raises(ConfigError, match="env:SFTSEC_TEST_KEY is not set"):
            ElasticConnector(
                ElasticConfig.model_validate({"url": HTTPS, "api_key": "env:SFTSEC_TEST_KEY"})
            )


class TestKeys:
    @both
    @pytest.mark.parametrize("key", ["pasword", "verify_certs", "ssl_no_verify"])
    def test_that_are_unknown_are_refused(
        self, config: Callable[[Options], BaseModel], key: str
    ) -> None:
        assert key in refusal(config, **{key: False})

    @both
    def test_of_a_source_are_checked_too(self, config: Callable[[Options], BaseModel]) -> None:
        said = refusal(config, sources=[{"kind": "index", "index": "mail", "lable": "verdict"}])
        assert "lable" in said

    @both
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("page_size", 0),
            ("page_size", 10_001),
            ("bulk_size", 0),
            ("max_page_bytes", 10),
            ("max_depth", 0),
            ("namespace", "Upper"),
            ("namespace", "with-dash"),
            ("namespace", "a/b"),
            ("verdicts_index", "a,b"),
            ("verdicts_index", "wild*"),
            ("timeout", "soon"),
            ("sources", []),
        ],
    )
    def test_out_of_bounds_are_refused(
        self, config: Callable[[Options], BaseModel], key: str, value: Any
    ) -> None:
        assert key in refusal(config, **{key: value})


class TestSecrets:
    def test_stay_out_of_connection_errors(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        connector = logged_in(
            site, monkeypatch, url="http://127.0.0.1:9", ca_file=None, retry_timeout="0s"
        )
        said = everything_said(connector, caplog)
        assert "does not answer" in said
        assert SECRET not in said

    @pytest.mark.parametrize("kind", ["password", "api_key"])
    def test_stay_out_of_access_errors(
        self,
        elasticsearch_server: SearchServer,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        kind: str,
    ) -> None:
        """Of OpenSearch: it stands in the tests of access, since this one lets everybody in."""
        key = {"api_key": "env:SFTSEC_TEST_SECRET", "username": None, "password": None}
        with own_site("elastic", elasticsearch_server) as site:
            connector = logged_in(site, monkeypatch, **(key if kind == "api_key" else {}))
            said = everything_said(connector, caplog)
        assert "the credentials are not accepted" in said
        assert SECRET not in said

    def test_and_documents_stay_out_of_logs(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        index = site.name("mail")
        site.make_index(index)
        site.plant(index, {"a": {"@timestamp": "2026-01-05T08:00:00Z", "message": SECRET}})
        connector = site.connect(index)
        assert len(pages(connector)) == 1
        connector.push(make_detections(3))
        assert SECRET not in caplog.text
        assert make_detections(1)[0].fields["message"] not in caplog.text
