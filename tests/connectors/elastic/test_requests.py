"""Analysts are asked through Kibana's tags, and no longer asked once they answered."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.testing import make_label_requests
from sftsec_elastic.config import NEEDS_LABEL
from sftsec_elastic.errors import KibanaError
from tests.connectors.elastic.alerts import AlertSite, alert, closed

AT = "2026-01-05T08:00:00Z"


def uid(site: AlertSite, name: str) -> str:
    return f"{site.index}/{name}"


def test_an_alert_is_tagged_and_the_tag_goes_when_it_is_judged(site: AlertSite) -> None:
    site.plant(a=alert(AT, "x", **{"kibana.alert.workflow_tags": ["vip"]}), b=alert(AT, "y"))
    connector = site.connect()
    assert connector.request_labels(make_label_requests([uid(site, "a"), uid(site, "b")])) == 2
    assert site.tags("a") == ["vip", NEEDS_LABEL]
    site.kibana.close(site.space, ["a"], "true_positive")
    assert connector.request_labels(make_label_requests([])) == 0
    assert site.tags("a") == ["vip"]
    assert site.tags("b") == [NEEDS_LABEL]


def test_what_was_judged_or_is_no_alert_is_not_asked_for(site: AlertSite) -> None:
    site.plant(a=alert(AT, "x", **closed("true_positive")), b=alert(AT, "y"))
    wanted = [uid(site, "a"), uid(site, "b"), "some-index/c"]
    assert site.connect().request_labels(make_label_requests(wanted)) == 1
    assert site.tags("a") == []


def test_a_request_is_no_verdict(site: AlertSite) -> None:
    site.plant(a=alert(AT, "x"))
    site.connect().request_labels(make_label_requests([uid(site, "a")]))
    assert site.pull(labelled=True) == []
    assert site.names(site.pull(labelled=False)) == ["a"]


def test_kibana_is_asked_again_while_it_is_busy(site: AlertSite) -> None:
    site.plant(a=alert(AT, "x"))
    site.kibana.failing[:] = [429, 503]
    assert site.connect().request_labels(make_label_requests([uid(site, "a")])) == 1
    assert site.tags("a") == [NEEDS_LABEL]


def test_a_kibana_that_stays_away_is_said(site: AlertSite) -> None:
    site.plant(a=alert(AT, "x"))
    connector = site.connect(kibana_url="http://127.0.0.1:9", retry_timeout="1s")
    with pytest.raises(ConnectorUnavailableError, match="Kibana does not answer"):
        connector.request_labels(make_label_requests([uid(site, "a")]))


def test_kibana_without_a_right_says_which(site: AlertSite) -> None:
    site.plant(a=alert(AT, "x"))
    site.kibana.failing[:] = [403]
    with pytest.raises(KibanaError, match="Security: All"):
        site.connect().request_labels(make_label_requests([uid(site, "a")]))


def test_without_kibana_it_says_what_to_set(site: AlertSite) -> None:
    with pytest.raises(KibanaError, match="kibana_url"):
        site.connect(kibana_url=None).request_labels(make_label_requests([uid(site, "a")]))


def test_an_api_key_serves_kibana_too(site: AlertSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.plant(a=alert(AT, "x"))
    key = site.site.call("POST", "/_security/api_key", {"name": site.space})
    monkeypatch.setenv("SFTSEC_TEST_KEY", key["encoded"])
    login = {"api_key": "env:SFTSEC_TEST_KEY", "username": None, "password": None}
    connector = site.connect(**login)
    assert list(connector.check()) == []
    assert connector.request_labels(make_label_requests([uid(site, "a")])) == 1
