"""API keys, fingerprints and the address of Kibana: what the configuration refuses."""

from __future__ import annotations

import pytest

from sftsec_elastic.config import ElasticConfig
from tests.connectors.search.configs import (
    HTTPS,
    LOGIN,
    SECRET,
    elastic,
    refusal,
)


class TestFingerprint:
    @pytest.mark.parametrize("given", ["a" * 64, "A" * 64, ":".join(["aA"] * 32)])
    def test_is_a_sha256_in_any_form(self, given: str) -> None:
        config = ElasticConfig(url=HTTPS, fingerprint=given)
        assert config.fingerprint == "a" * 64

    @pytest.mark.parametrize("given", ["a" * 40, "g" * 64, "", "a" * 65, "sha256:" + "a" * 64])
    def test_that_is_none_is_refused(self, given: str) -> None:
        assert "64 hex digits" in refusal(elastic, fingerprint=given)

    def test_excludes_a_ca_file(self) -> None:
        said = refusal(elastic, fingerprint="a" * 64, ca_file="/etc/ca.pem")
        assert "give ca_file or fingerprint, not both" in said


class TestAddress:
    @pytest.mark.parametrize("where", ["url", "kibana_url"])
    def test_sends_no_api_key_in_the_clear(self, where: str) -> None:
        said = refusal(
            elastic, api_key="env:SFTSEC_TEST_KEY", **{where: "http://siem.example:5601"}
        )
        assert "use https" in said

    def test_of_kibana_with_a_password_is_refused(self) -> None:
        said = refusal(elastic, kibana_url=f"https://ann:{SECRET}@kibana.example")
        assert "leave user and password out of the address" in said
        assert SECRET not in said


class TestLogin:
    def test_refuses_a_literal_api_key(self) -> None:
        said = refusal(elastic, api_key=SECRET)
        assert "write a reference to a secret" in said
        assert SECRET not in said

    def test_allows_one_way_only(self) -> None:
        said = refusal(elastic, api_key="env:SFTSEC_TEST_KEY", **LOGIN)
        assert "give api_key, or username and password, not both" in said


class TestCases:
    def test_need_the_address_of_kibana(self) -> None:
        assert "set kibana_url" in refusal(elastic, cases={})
        assert "tag" in refusal(elastic, kibana_url=HTTPS, cases={"tag": {}})

    def test_know_the_words_of_closing_reasons(self) -> None:
        config = ElasticConfig(url=HTTPS, kibana_url=HTTPS, cases={})
        assert config.cases is not None
        assert set(config.cases.words) == {"true_positive", "false_positive", "benign_positive"}
