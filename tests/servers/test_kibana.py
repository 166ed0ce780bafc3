"""The double of Kibana, in front of a real Elasticsearch."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.engines.server import SearchServer, own_names
from tests.servers.kibana import Kibana, start_kibana

__all__ = ["elasticsearch_server"]
_STATUS, _TAGS = "/api/detection_engine/signals/status", "/api/detection_engine/signals/tags"
_HEADERS = {"kbn-xsrf": "true", "elastic-api-version": "2023-10-31"}


@pytest.fixture
def space(elasticsearch_server: SearchServer) -> Iterator[str]:
    """A space of the test's own, with the alerts a and b."""
    with own_names(elasticsearch_server) as fresh:
        name = fresh(".alerts-security.alerts-own")
        for key in ("a", "b"):
            alert = {"kibana.alert.workflow_status": "open"}
            elasticsearch_server.call("PUT", f"/{name}/_doc/{key}?refresh=true", alert)
        yield name.removeprefix(".alerts-security.alerts-")


@pytest.fixture
def kibana(elasticsearch_server: SearchServer) -> Iterator[Kibana]:
    with start_kibana(elasticsearch_server) as double:
        yield double


def call(kibana: Kibana, path: str, body: Any, **changes: str | None) -> tuple[int, Any]:
    """Send a request as the engine's admin; a change of None leaves a header out."""
    user = f"{kibana.engine.username}:{kibana.engine.password}"
    basic = f"Basic {base64.b64encode(user.encode()).decode()}"
    headers = {"Authorization": basic, "Content-Type": "application/json", **_HEADERS}
    given = {name.replace("_", "-"): value for name, value in changes.items()}
    sent = {name: value for name, value in {**headers, **given}.items() if value is not None}
    request = Request(kibana.url + path, json.dumps(body).encode(), sent)  # noqa: S310 - loopback
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())


def alert(kibana: Kibana, space: str, key: str) -> dict[str, Any]:
    status, found = kibana.engine.call("GET", f"/.alerts-security.alerts-{space}/_doc/{key}")
    assert status == 200
    source: dict[str, Any] = found["_source"]
    return source


class TestAlerts:
    def test_keep_a_reason_until_they_reopen(self, kibana: Kibana, space: str) -> None:
        close = {"signal_ids": ["a"], "status": "closed", "reason": "false_positive"}
        assert call(kibana, f"/s/{space}{_STATUS}", close) == (200, {"updated": 1})
        closed = alert(kibana, space, "a")
        assert closed["kibana.alert.workflow_status"] == "closed"
        assert closed["kibana.alert.workflow_reason"] == "false_positive"
        call(kibana, f"/s/{space}{_STATUS}", {"signal_ids": ["a"], "status": "open"})
        assert "kibana.alert.workflow_reason" not in alert(kibana, space, "a")
        assert alert(kibana, space, "b")["kibana.alert.workflow_status"] == "open"

    def test_tags_are_added_once_and_removed(self, kibana: Kibana, space: str) -> None:
        for add, remove, expected in (
            (["x", "y"], [], ["x", "y"]),
            (["y", "z"], ["x"], ["y", "z"]),
        ):
            tags = {"tags_to_add": add, "tags_to_remove": remove}
            body = {"ids": ["a"], "tags": tags}
            assert call(kibana, f"/s/{space}{_TAGS}", body) == (200, {"updated": 1})
            assert alert(kibana, space, "a")["kibana.alert.workflow_tags"] == expected


class TestAccess:
    @pytest.mark.parametrize(
        ("header", "status"),
        [("kbn_xsrf", 400), ("elastic_api_version", 400), ("Authorization", 401)],
    )
    def test_a_missing_header_is_refused(self, kibana: Kibana, header: str, status: int) -> None:
        missing: dict[str, str | None] = {header: None}
        assert call(kibana, _STATUS, {}, **missing)[0] == status

    def test_unknown_paths_and_faults_are_answered(self, kibana: Kibana, space: str) -> None:
        kibana.failing = [503]
        assert call(kibana, "/api/nothing", {})[0] == 503
        assert call(kibana, "/api/nothing", {})[0] == 404
        assert kibana.requests == ["POST /api/nothing"] * 2


class TestPromote:
    def test_makes_one_alert_of_each_detection(self, kibana: Kibana, space: str) -> None:
        with own_names(kibana.engine) as fresh:
            index = fresh("detections")
            document = {"event": {"kind": "alert"}, "message": "phishing"}
            kibana.engine.call("PUT", f"/{index}/_doc/d1?refresh=true", document)
            assert kibana.promote(space, index) == ["of-d1"]
            assert kibana.promote(space, index) == []
        made = alert(kibana, space, "of-d1")
        assert (made["message"], made["event"]["kind"]) == ("phishing", "signal")
        assert made["kibana.alert.ancestors"][0]["id"] == "d1"
