"""Analysts are asked through Kibana's tags, and no longer asked once they answered."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.testing import make_label_requests
from sftsec_elastic.config import NEEDS_LABEL
from sftsec_elastic.errors import KibanaError
from tests.connectors.elastic.alerts import AlertSite, alert, closed, make_alerts
from tests.connectors.search.sites import own_site

AT = "2026-01-05T08:00:00Z"


def uid(site: AlertSite, name: str) -> str:
    return f"{site.index}/{name}"


class TestLabelRequest:
    def test_tags_an_alert_until_it_is_judged(self, site: AlertSite) -> None:
        site.plant(a=alert(AT, "x", **{"kibana.alert.workflow_tags": ["vip"]}), b=alert(AT, "y"))
        connector = site.connect()
        assert connector.request_labels(make_label_requests([uid(site, "a"), uid(site, "b")])) == 2
        assert site.tags("a") == ["vip", NEEDS_LABEL]
        site.kibana.close(site.space, ["a"], "true_positive")
        assert connector.request_labels(make_label_requests([])) == 0
        assert site.tags("a") == ["vip"]
        assert site.tags("b") == [NEEDS_LABEL]

    def test_leaves_judged_alerts_and_other_events_out(self, site: AlertSite) -> None:
        site.plant(a=alert(AT, "x", **closed("true_positive")), b=alert(AT, "y"))
        wanted = [uid(site, "a"), uid(site, "b"), "some-index/c"]
        assert site.connect().request_labels(make_label_requests(wanted)) == 1
        assert site.tags("a") == []

    def test_is_set_in_every_space(self, site: AlertSite) -> None:
        with own_site("elastic", site.site.server) as other:
            beside = AlertSite(other, site.kibana, make_alerts(other))
            site.plant(a=alert(AT, "x"))
            beside.plant(b=alert(AT, "y"))
            indices = [f".alerts-security.alerts-{each.space}" for each in (site, beside)]
            sources = [{"kind": "alerts", "index": each} for each in indices]
            wanted = make_label_requests([uid(site, "a"), uid(beside, "b")])
            connector = site.connect(sources=sources)
            assert connector.request_labels(wanted) == 2
            assert site.tags("a") == beside.tags("b") == [NEEDS_LABEL]
            site.kibana.requests.clear()
            assert list(connector.check()) == []
            asked = {each.space for each in (site, beside)}
            assert {each.split("/")[2] for each in site.kibana.requests} == asked

    def test_is_not_a_verdict(self, site: AlertSite) -> None:
        site.plant(a=alert(AT, "x"))
        site.connect().request_labels(make_label_requests([uid(site, "a")]))
        assert site.pull(labelled=True) == []
        assert site.names(site.pull(labelled=False)) == ["a"]


class TestKibana:
    def test_is_retried_while_it_is_busy(self, site: AlertSite) -> None:
        site.plant(a=alert(AT, "x"))
        site.kibana.failing[:] = [429, 503]
        assert site.connect().request_labels(make_label_requests([uid(site, "a")])) == 1
        assert site.tags("a") == [NEEDS_LABEL]

    def test_that_stays_away_is_an_error(self, site: AlertSite) -> None:
        site.plant(a=alert(AT, "x"))
        connector = site.connect(kibana_url="http://127.0.0.1:9", retry_timeout="1s")
        with pytest.raises(ConnectorUnavailableError, match=r"Kibana at \S+ does not answer"):
            connector.request_labels(make_label_requests([uid(site, "a")]))

    def test_names_the_right_that_is_missing(self, site: AlertSite) -> None:
        site.plant(a=alert(AT, "x"))
        site.kibana.failing[:] = [403]
        with pytest.raises(KibanaError, match="Security: All"):
            site.connect().request_labels(make_label_requests([uid(site, "a")]))

    def test_names_the_setting_that_is_missing(self, site: AlertSite) -> None:
        with pytest.raises(KibanaError, match="kibana_url"):
            site.connect(kibana_url=None).request_labels(make_label_requests([uid(site, "a")]))

    def test_accepts_the_clusters_api_key(
        self, site: AlertSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.plant(a=alert(AT, "x"))
        key = site.site.call("POST", "/_security/api_key", {"name": site.space})
        monkeypatch.setenv("SFTSEC_TEST_KEY", key["encoded"])
        login = {"api_key": "env:SFTSEC_TEST_KEY", "username": None, "password": None}
        connector = site.connect(**login)
        assert list(connector.check()) == []
        assert connector.request_labels(make_label_requests([uid(site, "a")])) == 1
