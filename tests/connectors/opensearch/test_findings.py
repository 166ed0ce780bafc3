"""Findings of Security Analytics come with the documents that they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from sftsec_core.api.domain import Incident, PullWindow, Verdict
from sftsec_core.sdk.errors import AccessError
from sftsec_core.testing.incidents import make_detections
from sftsec_opensearch.config import OpenSearchConfig
from sftsec_opensearch.connector import OpenSearchConnector
from sftsec_search.connector import SearchConnector
from tests.connectors.opensearch.users import User
from tests.connectors.search.sites import Site, incidents, pages

AT = 1767600000123
KEYWORD = {"type": "keyword"}
# The parts of the plugin's own mapping that are read.
FINDINGS: Mapping[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "id": KEYWORD,
        "index": KEYWORD,
        "monitor_id": KEYWORD,
        "monitor_name": KEYWORD,
        "timestamp": {"type": "long"},
        "related_doc_ids": {"type": "text", "fields": {"keyword": KEYWORD}},
        "correlated_doc_ids": {"type": "text"},
        "queries": {
            "type": "nested",
            "properties": {
                "id": KEYWORD,
                "name": KEYWORD,
                "fields": {"type": "text"},
                "query": {"type": "text"},
                "tags": {"type": "text"},
                "query_field_names": KEYWORD,
            },
        },
    },
}
RULE = {
    "id": "r1",
    "name": "Encoded PowerShell",
    "fields": [],
    "query": "CommandLine: *-enc*",
    "tags": ["high", "windows", "attack.execution", "attack.t1059.001"],
    "query_field_names": ["CommandLine"],
}


def finding(index: str, *ids: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "f",
        "index": index,
        "related_doc_ids": list(ids),
        "correlated_doc_ids": [],
        "monitor_id": "m1",
        "monitor_name": "windows detector",
        "queries": [RULE],
        "timestamp": AT,
        **changes,
    }


@pytest.fixture(scope="module")
def logs(site: Site) -> str:
    """An index of events; findings are added by each test."""
    name = site.name("winlog")
    site.make_index(name, {"properties": {"CommandLine": KEYWORD}})
    events: dict[str, dict[str, Any]] = {
        "a": {"CommandLine": "powershell -enc AAAA", "timestamp": "2026", "host": {"name": "ws1"}},
        "b": {"CommandLine": "powershell -enc BBBB", "tags": ["x"], "host.name": "ws1"},
        "big": {"CommandLine": "x" * 20_000},
    }
    site.plant(name, events)
    return name


def connect(site: Site, found: Mapping[str, Any], **options: Any) -> tuple[str, SearchConnector]:
    """Plant findings as the plugin names them: a hidden index behind an alias."""
    alias = f".opensearch-sap-{site.name('windows')}-findings"
    body = {
        "settings": {"hidden": True, "number_of_replicas": 0},
        "mappings": FINDINGS,
        "aliases": {alias: {"is_write_index": True, "is_hidden": True}},
    }
    index = f"{alias}-2026.01.05-1"
    site.call("PUT", f"/{index}", body)
    site.plant(index, found)
    return index, site.connect(sources=[{"kind": "findings", "index": f"{alias}*"}], **options)


def read(
    connector: SearchConnector, window: PullWindow | None = None
) -> tuple[dict[str, Incident], dict[str, str]]:
    found = pages(connector, window or PullWindow(labelled=False))
    rejected = {
        each.where.partition("/")[2]: each.reason for page in found for each in page.rejected
    }
    return {each.uid.partition("/")[2]: each for each in incidents(found)}, rejected


class TestFinding:
    def test_has_fields_of_document_and_rule(self, site: Site, logs: str) -> None:
        index, connector = connect(site, {"one": finding(logs, "a")})
        found, rejected = read(connector)
        assert rejected == {}
        assert found["one"].uid == f"{index}/one"
        assert found["one"].at == datetime(2026, 1, 5, 8, 0, 0, 123000, tzinfo=UTC)
        assert found["one"].fields == {
            "CommandLine": "powershell -enc AAAA",
            "host.name": "ws1",
            "timestamp": AT,
            "finding.id": "f",
            "finding.detector": "windows detector",
            "finding.index": logs,
            "finding.rule.id": ["r1"],
            "finding.rule.name": "Encoded PowerShell",
            "finding.tags": RULE["tags"],
            "finding.level": "high",
            "finding.technique.id": ["T1059.001"],
        }
        assert list(connector.check()) == []

    def test_of_several_documents_has_all(self, site: Site, logs: str) -> None:
        _, connector = connect(site, {"two": finding(logs, "a", "b|other", "gone")})
        window = PullWindow(labelled=False, fields=("CommandLine", "host.name", "finding.level"))
        found, _ = read(connector, window)
        assert found["two"].fields == {
            "CommandLine": "powershell -enc AAAA\npowershell -enc BBBB",
            "host.name": "ws1",
            "finding.level": "high",
        }

    def test_without_its_documents_is_rejected(self, site: Site, logs: str) -> None:
        broken = {
            "gone": finding(logs, "gone"),
            "index": finding(f"{logs}-deleted", "a"),
            "none": finding(logs),
            "large": finding(logs, "big"),
            "bare": finding(logs, "a", queries=None, monitor_name=None, id=None),
        }
        _, connector = connect(site, broken, max_page_bytes=8192)
        found, rejected = read(connector)
        assert found.keys() == {"bare"}
        gone = "the documents that the finding is about are not there (any more)"
        assert rejected == {
            **dict.fromkeys(("gone", "index", "none"), gone),
            "large": "the documents that the finding is about are larger than max_page_bytes",
        }


class TestVerdict:
    def test_on_a_finding_is_joined(self, site: Site, logs: str) -> None:
        index, connector = connect(site, {"one": finding(logs, "a"), "two": finding(logs, "b")})
        connector.add_verdicts([(f"{index}/one", Verdict("true_positive", "ann"))])
        judged, _ = read(connector, PullWindow(labelled=True, fields=("CommandLine",)))
        assert {name: dict(each.fields) for name, each in judged.items()} == {
            "one": {"CommandLine": "powershell -enc AAAA"}
        }
        assert read(connector)[0].keys() == {"two"}

    def test_on_a_detection_reaches_the_finding(self, site: Site, logs: str) -> None:
        index, connector = connect(site, {"one": finding(logs, "a"), "two": finding(logs, "b")})
        [made] = make_detections(1)
        connector.push([replace(made, uid="d" * 64, incident_uid=f"{index}/two")])
        site.call("POST", f"/{site.stream}/_refresh")
        [stored] = [hit for hit in site.documents(site.stream) if hit["_id"] == "d" * 64]
        connector.add_verdicts([(f"{stored['_index']}/{stored['_id']}", Verdict("fp", "ann"))])
        judged, _ = read(connector, PullWindow(labelled=True, fields=("CommandLine",)))
        assert judged["two"].fields == {"CommandLine": "powershell -enc BBBB"}
        assert [each.value for each in judged["two"].verdicts] == ["fp"]


class TestRights:
    def test_include_the_documents_indices(self, site: Site, logs: str, user: User) -> None:
        index, _ = connect(site, {"one": finding(logs, "a")})
        sources = [{"kind": "findings", "index": index}]
        connector = site.connect(setup=False, sources=sources, **user.login)
        user.may(
            {
                "cluster_permissions": ["cluster_monitor"],
                "index_permissions": [{"index_patterns": [index], "allowed_actions": ["read"]}],
            }
        )
        problems = list(connector.check())
        assert f"no right to read {logs}" in problems
        assert f'"{logs}"' in problems[-1]
        with pytest.raises(AccessError, match="privilege is missing"):
            read(connector)


class TestSource:
    def test_is_an_index_without_kind(self) -> None:
        given = {"url": "http://localhost:9200", "sources": [{"index": "a"}, {"kind": "findings"}]}
        config = OpenSearchConfig.model_validate(given)
        assert [each.kind for each in config.sources] == ["index", "findings"]
        assert config.sources[1].index == ".opensearch-sap-*-findings*"
        assert OpenSearchConnector(config).indices()

    def test_of_another_kind_is_refused(self) -> None:
        given = {"url": "http://localhost:9200", "sources": [{"kind": "finding"}]}
        with pytest.raises(ValidationError, match="`kind` is 'index' or 'findings'"):
            OpenSearchConfig.model_validate(given)
