"""Privileges on a real Elasticsearch: which are missing, and that the printed role is enough."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_core.sdk.errors import AccessError
from sftsec_core.testing import make_label_requests
from sftsec_core.testing.incidents import make_detections
from sftsec_search.connector import SearchConnector
from tests.connectors.elastic.access import NO_RIGHTS, Login, connect
from tests.connectors.elastic.alerts import AlertSite
from tests.connectors.search.sites import pages, uids


def printed_role(connector: SearchConnector) -> dict[str, Any]:
    lines = [each for each in connector.check() if each.startswith("this role grants")]
    found: dict[str, Any] = json.loads(lines[0].partition(": ")[2])
    return found


class TestMissing:
    def test_names_each_privilege_and_the_role(
        self, secured: AlertSite, index: str, key: Callable[[Any], Login]
    ) -> None:
        problems = list(connect(secured, index, kibana_url=None, **key(NO_RIGHTS)).check())
        written = "auto_configure, create_doc, read, view_index_metadata"
        assert set(problems) > {
            "no privilege monitor on the cluster",
            f"no privilege read, view_index_metadata on .alerts-security.alerts-{secured.space}",
            f"no privilege read, view_index_metadata on {index}",
            f"no privilege {written} on {secured.site.stream}",
            f"no privilege {written} on verdicts-{secured.space}",
        }
        assert problems[-1].startswith("this role grants what is needed: {")


class TestRole:
    def test_is_enough_for_all_calls(
        self, secured: AlertSite, index: str, key: Callable[[Any], Login]
    ) -> None:
        role = printed_role(connect(secured, index, **key(NO_RIGHTS)))
        connector = connect(secured, index, **key(role))
        assert list(connector.check()) == []
        labelled = uids(pages(connector, PullWindow(labelled=True)))
        fresh = uids(pages(connector, PullWindow(labelled=False)))
        assert len(labelled) + len(fresh) == 12
        detections = make_detections(3)
        assert len(connector.push(detections).written) == 3
        assert len(connector.push(detections).duplicates) == 3
        assert connector.request_labels(make_label_requests([f"{secured.index}/b"])) == 1
        event = next(uid for uid in fresh if uid.startswith(index))
        assert connector.add_verdicts([(event, Verdict("spam", "ann"))]) == 1
        assert event in uids(pages(connector, PullWindow(labelled=True)))

    @pytest.mark.parametrize("part", ["cluster", "indices"])
    def test_grants_nothing_that_could_be_omitted(
        self, secured: AlertSite, index: str, key: Callable[[Any], Login], part: str
    ) -> None:
        role = printed_role(connect(secured, index, **key(NO_RIGHTS)))
        assert printed_role(connect(secured, index, **key(role | {part: role[part][1:]}))) == role


class TestNames:
    def test_of_analysts_take_a_privilege(
        self, secured: AlertSite, index: str, key: Callable[[Any], Login]
    ) -> None:
        role = printed_role(connect(secured, index, **key(NO_RIGHTS)))
        lines = connect(secured, index, **key(role)).describe_reading()
        assert "cluster privilege read_security" in lines[-1]
        more = {**role, "cluster": [*role["cluster"], "read_security"]}
        assert list(connect(secured, index, **key(more)).describe_reading()) == list(lines[:-1])


class TestRefusedCall:
    def test_of_a_pull_points_to_check(
        self, secured: AlertSite, index: str, key: Callable[[Any], Login]
    ) -> None:
        with pytest.raises(
            AccessError, match=r"privilege is missing.*sftsec connector check"
        ) as error:
            pages(connect(secured, index, **key(NO_RIGHTS)))
        assert "\n" not in str(error.value)

    def test_of_a_push_writes_nothing(
        self, secured: AlertSite, index: str, key: Callable[[Any], Login]
    ) -> None:
        role = printed_role(connect(secured, index, **key(NO_RIGHTS)))
        for each in role["indices"]:
            each["privileges"] = ["read", "view_index_metadata"]
        detections = make_detections(3, model_digest="1" * 64)
        with pytest.raises(AccessError, match="sftsec connector check"):
            connect(secured, index, **key(role)).push(detections)
        there = {hit["_id"] for hit in secured.site.documents(secured.site.stream)}
        assert there.isdisjoint(each.uid for each in detections)

    def test_of_setup_is_one_line(self, secured: AlertSite, key: Callable[[Any], Login]) -> None:
        with pytest.raises(AccessError, match="privilege is missing"):
            connect(secured, **key(NO_RIGHTS)).setup()


class TestRemoteCluster:
    @pytest.fixture
    def near(self, secured: AlertSite, index: str) -> Iterator[str]:
        """The index by way of a remote cluster, which is the engine itself."""
        site = secured.site
        nodes = site.call("GET", "/_nodes/_local/transport")["nodes"].values()
        seeds = [each["transport_address"] for each in nodes]
        name = f"cluster.remote.{secured.space}.seeds"
        site.call("PUT", "/_cluster/settings", {"persistent": {name: seeds}})
        yield f"{secured.space}:{index}"
        site.call("PUT", "/_cluster/settings", {"persistent": {name: None}})

    def test_that_refuses_is_named(
        self, secured: AlertSite, near: str, key: Callable[[Any], Login]
    ) -> None:
        sources = [{"kind": "index", "index": near}]
        connector = connect(secured, **key(NO_RIGHTS), sources=sources)
        *others, line = connector.check()
        assert line.startswith(f"the source {near!r} cannot be opened (the role takes `read`")
        assert not any(near in each for each in others)
        with pytest.raises(AccessError, match="privilege is missing"):
            pages(connector)
        with pytest.raises(AccessError, match=r"refuses: a privilege is missing.*caused by sec"):
            connector._client.search({"size": 1}, near)

    def test_that_allows_reading_is_no_problem(
        self, secured: AlertSite, index: str, near: str, key: Callable[[Any], Login]
    ) -> None:
        role = printed_role(connect(secured, index, **key(NO_RIGHTS)))
        sources = [{"kind": "index", "index": near}]
        connector = connect(secured, **key(role), sources=sources)
        assert list(connector.check()) == []
        assert len(uids(pages(connector))) == 10
