"""TLS, users and roles on an OpenSearch that has all three."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_core.packages.opensearch import build_opensearch_package
from sftsec_core.sdk.errors import AccessError
from sftsec_core.testing import make_label_requests
from sftsec_core.testing.incidents import make_detections
from sftsec_opensearch.privileges import CLUSTER
from sftsec_search.connector import SearchConnector
from tests.connectors.opensearch.users import User
from tests.connectors.search.sites import Site, pages, uids


def printed_role(connector: SearchConnector) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(connector.check()[-1].partition(": ")[2])
    return found


class TestMissing:
    def test_names_each_right_and_the_role(self, site: Site, index: str, user: User) -> None:
        user.may()
        problems = list(site.connect(index, setup=False, **user.login).check())
        assert set(problems) > {
            "no right to monitor the cluster",
            f"no right to read {index}",
            f"no right to write to {site.stream}",
            f"no right to write to verdicts-{site.token}",
            f"no right to write to requests-{site.token}",
        }
        assert problems[-1].startswith("this role grants what is needed: {")

    def test_leaves_nothing_in_the_cluster(self, site: Site, index: str, user: User) -> None:
        """It tries to write; what it sends is refused whatever the mapping is."""
        connector = site.connect(index, setup=False, **user.login)
        user.may()
        user.may(printed_role(connector))
        targets = [site.stream, f"verdicts-{site.token}", f"requests-{site.token}"]
        before = [site.documents(target) for target in targets]
        assert list(connector.check()) == []
        assert [site.documents(target) for target in targets] == before


class TestRole:
    def test_is_enough_for_all_calls(self, site: Site, index: str, user: User) -> None:
        user.may()
        connector = site.connect(index, setup=False, **user.login)
        user.may(printed_role(connector))
        assert list(connector.check()) == []
        labelled = uids(pages(connector, PullWindow(labelled=True)))
        fresh = uids(pages(connector, PullWindow(labelled=False)))
        assert len(labelled) + len(fresh) == 10
        detections = make_detections(3)
        assert len(connector.push(detections).written) == 3
        assert len(connector.push(detections).duplicates) == 3
        assert connector.request_labels(make_label_requests(fresh[:2])) == 2
        assert connector.add_verdicts([(fresh[0], Verdict("spam", "ann"))]) == 1
        assert fresh[0] in uids(pages(connector, PullWindow(labelled=True)))
        assert connector.request_labels(make_label_requests(fresh[:2])) == 0

    def test_grants_patterns_and_several_names(self, site: Site, index: str, user: User) -> None:
        user.may()
        connector = site.connect(f"{index},{index[:-1]}*", setup=False, **user.login)
        user.may(printed_role(connector))
        assert list(connector.check()) == []
        assert len(uids(pages(connector))) == 10

    @pytest.mark.parametrize("permission", CLUSTER)
    def test_grants_nothing_that_could_be_omitted(
        self, site: Site, index: str, user: User, permission: str
    ) -> None:
        user.may()
        connector = site.connect(index, setup=False, **user.login)
        role = printed_role(connector)
        user.may(role | {"cluster_permissions": [each for each in CLUSTER if each != permission]})
        assert printed_role(connector) == role

    def test_without_settings_has_all_read_again(self, site: Site, index: str, user: User) -> None:
        user.may()
        connector = site.connect(index, setup=False, **user.login)
        role = printed_role(connector)
        user.may(role)
        assert "whole" not in connector.describe_reading()[0]
        assert all(part.pages(None) for part in connector.parts(PullWindow(labelled=True)))
        role["index_permissions"][0]["allowed_actions"].remove("indices:monitor/settings/get")
        user.may(role)
        assert list(connector.check()) == []
        assert "each build reads it whole" in connector.describe_reading()[0]
        parts = list(connector.parts(PullWindow(labelled=True)))
        read = [page for part in parts for page in part.pages(None)]
        found = [each.uid for page in read for each in page.incidents]
        assert sorted(found) == sorted(uids(pages(connector, PullWindow(labelled=True))))
        assert not any(part.holds(part.proof()) for part in parts)


class TestRefusedCall:
    def test_of_a_pull_points_to_check(self, site: Site, index: str, user: User) -> None:
        user.may()
        with pytest.raises(
            AccessError, match=r"privilege is missing.*sftsec connector check"
        ) as error:
            pages(site.connect(index, setup=False, **user.login))
        assert "\n" not in str(error.value)

    def test_of_a_push_writes_nothing(self, site: Site, index: str, user: User) -> None:
        user.may()
        connector = site.connect(index, setup=False, **user.login)
        role = printed_role(connector)
        role["index_permissions"][1]["allowed_actions"].remove("write")
        user.may(role)
        detections = make_detections(3, model_digest="1" * 64)
        with pytest.raises(AccessError, match="sftsec connector check"):
            connector.push(detections)
        there = {hit["_id"] for hit in site.documents(site.stream)}
        assert there.isdisjoint(each.uid for each in detections)

    def test_of_setup_is_one_line(self, site: Site, index: str, user: User) -> None:
        user.may()
        with pytest.raises(AccessError, match="privilege is missing"):
            site.connect(index, setup=False, **user.login).setup()


class TestPackagedRole:
    def test_lets_analysts_judge_and_no_more(self, site: Site, index: str, user: User) -> None:
        """What `sftsec package opensearch` has for analysts, with the site's own names."""
        queue = site.name("requests")
        connector = site.connect(index, requests_index=queue)
        [detection] = connector.push(make_detections(1, model_digest="2" * 64)).written
        uid = f"{index}/{next(iter(site.documents(index)))['_id']}"
        connector.request_labels(make_label_requests([uid]))
        text = build_opensearch_package().files["roles/sftsec_analyst.json"].decode()
        user.may(
            json.loads(
                text.replace("sftsec-verdicts", f"verdicts-{site.token}").replace(
                    "sftsec-needs-label", queue
                )
            )
        )
        server = replace(
            site.server,
            username=user.login["username"],
            password=os.environ[user.login["password"].removeprefix("env:")],
        )
        for name in (site.stream, queue, f"verdicts-{site.token}"):
            assert server.call("POST", f"/{name}/_search", {"size": 1})[0] == 200
        place, _, document = uid.partition("/")
        verdict = {
            "@timestamp": "2026-01-05T08:00:00Z",
            "alert": {"index": place, "id": document},
            "verdict": "spam",
            "analyst": "ann",
        }
        log = f"/verdicts-{site.token}"
        status, given = server.call("POST", f"{log}/_doc?refresh=true", verdict)
        assert status == 201
        deletion = json.dumps({"delete": {"_id": given["_id"]}}) + "\n"
        [item] = server.call("POST", f"{log}/_bulk", deletion)[1]["items"]
        assert item["delete"]["status"] == 403
        assert uid in uids(pages(connector, PullWindow(labelled=True)))
        assert connector.request_labels([]) == 0
        assert site.documents(queue) == [], "judged by a tool: taken off"
        for method, path, body in (
            ("POST", f"/{site.stream}/_doc", {"@timestamp": "2026-01-05T08:00:00Z"}),
            ("POST", f"/{queue}/_doc", verdict),
            ("DELETE", log, None),
            ("DELETE", f"{log}/_doc/{given['_id']}", None),
            ("POST", f"/{index}/_search", {"size": 1}),
        ):
            assert server.call(method, path, body)[0] == 403, path
        assert detection in {hit["_id"] for hit in site.documents(site.stream)}
