"""Template, pipelines and queries in a real engine, as far as OpenSearch knows their types.

The stripped Elasticsearch of our tests has neither scripts nor these field types; OpenSearch has
both, and all but one under the same name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sftsec_core.api.domain import Detection
from sftsec_core.sdk.window import utc_now
from sftsec_search.detections import document_of
from tests.connectors.elastic.alerts import MAPPINGS as ALERT_MAPPINGS
from tests.connectors.elastic.alerts import alert, closed
from tests.packaging.elastic.parts import (
    STREAMS,
    Json,
    as_lucene,
    charts,
    columns_with_fields,
    fields_of,
    layer_of,
    opened,
    queries_of,
    saved_objects,
    text_of,
    view_of,
    yaml_of,
)
from tests.servers.engines.server import SearchServer, own_names

_TYPES = {"flattened": "flat_object"}
CHARTS = dict(charts())
RULE = next(iter(saved_objects("security_rule").values()))["attributes"]


@dataclass(frozen=True)
class Installed:
    """The package's streams in a real engine, under names of the test's own."""

    server: SearchServer
    token: str

    def name(self, stream: str) -> str:
        """The data stream, or the index of alerts."""
        return f"logs-sftsec.{stream}-{self.token}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that must succeed."""
        status, answer = self.server.call(method, path, body)
        assert status < 300, (method, path, status, answer)
        return answer

    def send(self, stream: str, document: Mapping[str, Any]) -> Json:
        """Write a document through the stream's pipeline and return it as it is kept."""
        made = self.call("POST", f"/{self.name(stream)}/_doc?refresh=true", document)
        kept = self.call("GET", f"/{made['_index']}/_doc/{made['_id']}")
        source: Json = kept["_source"]
        return source

    def found(self, stream: str, query: str) -> list[Json]:
        """The documents that a query in KQL matches."""
        body = {"query": {"query_string": {"query": as_lucene(query)}}, "size": 100}
        hits = self.call("POST", f"/{self.name(stream)}/_search", body)["hits"]["hits"]
        return [hit["_source"] for hit in hits]


def mapping(stream: str, namespace: str) -> Json:
    """The mapping that Fleet makes of a stream's fields, with OpenSearch's names for the types."""
    # Elastic learns a constant from the first document; OpenSearch wants to be told.
    constants = {"type": "logs", "dataset": f"sftsec.{stream}", "namespace": namespace}
    properties: Json = {}
    for name, field in fields_of(stream).items():
        *parents, last = name.split(".")
        level = properties
        for parent in parents:
            level = level.setdefault(parent, {}).setdefault("properties", {})
        level[last] = {"type": _TYPES.get(field["type"], field["type"])}
        if field["type"] == "constant_keyword":
            level[last]["value"] = field.get("value", constants.get(last))
        if "enabled" in field:
            level[last]["enabled"] = field["enabled"]
    return {"properties": properties}


@pytest.fixture
def installed(ingesting_opensearch: SearchServer) -> Iterator[Installed]:
    """Both streams, their pipelines, and an index of alerts; gone afterwards."""
    with own_names(ingesting_opensearch) as fresh:
        here = Installed(ingesting_opensearch, fresh("package"))
        pipelines = {stream: f"{here.name(stream)}-pipeline" for stream in STREAMS}
        for stream, pipeline in pipelines.items():
            path = f"data_stream/{stream}/elasticsearch/ingest_pipeline/default.yml"
            here.call("PUT", f"/_ingest/pipeline/{pipeline}", yaml_of(path))
            body = {
                "index_patterns": [here.name(stream)],
                "data_stream": {},
                "priority": 300,
                "template": {
                    "settings": {"default_pipeline": pipeline, "number_of_replicas": 0},
                    "mappings": mapping(stream, here.token),
                },
            }
            here.call("PUT", f"/_index_template/{here.name(stream)}", body)
            here.call("PUT", f"/_data_stream/{here.name(stream)}")
        here.call("PUT", f"/{here.name('alerts')}", {"mappings": ALERT_MAPPINGS})
        yield here
    for pipeline in pipelines.values():
        ingesting_opensearch.call("DELETE", f"/_ingest/pipeline/{pipeline}")


def sample(stream: str, installed: Installed) -> Json:
    """The sample event, for the test's own namespace."""
    document: Json = json.loads(text_of(f"data_stream/{stream}/sample_event.json"))
    document["data_stream"]["namespace"] = installed.token
    return document


def changed(document: Json, path: str, value: object) -> Json:
    """The document with one field changed, or left out for None."""
    *parents, last = path.split(".")
    level = document
    for name in parents:
        level = level[name]
    if value is None:
        del level[last]
    else:
        level[last] = value
    return document


def plant_alerts(installed: Installed, alerts: list[Json]) -> None:
    """Write alerts, open and otherwise as said."""
    for said in alerts:
        document = alert("2026-01-05T10:00:00Z", "phishing: malicious", **said)
        installed.call("POST", f"/{installed.name('alerts')}/_doc?refresh=true", document)


def aggregation(column: Json) -> Json:
    """The aggregation that Lens makes of a column."""
    field = {"field": column["sourceField"]}
    match column["operationType"]:
        case "terms":
            return {"terms": {**field, "size": column["params"]["size"]}}
        case "date_histogram":
            return {"date_histogram": {**field, "calendar_interval": "1d"}}
        case "median":
            return {"percentiles": {**field, "percents": [50]}}
        case "percentile":
            return {"percentiles": {**field, "percents": [column["params"]["percentile"]]}}
        case "min" | "max" as operation:
            return {operation: field}
    raise AssertionError(column["operationType"])


class TestPipeline:
    @pytest.mark.parametrize("stream", STREAMS)
    def test_keeps_the_sample_and_notes_when(self, stream: str, installed: Installed) -> None:
        document = sample(stream, installed)
        kept = installed.send(stream, document)
        assert kept["event"].pop("ingested") > document["event"].pop("ingested")
        assert kept == document

    def test_takes_what_the_connector_writes(self, installed: Installed) -> None:
        detection = Detection(
            uid="u1",
            incident_uid="logs-x/1",
            task="attack-technique",
            model_digest="3c" * 32,
            label="T1059.001",
            probability=0.62,
            threshold=0.5,
            top_classes=(("T1059.001", 0.62), ("T1003", 0.2)),
            # The pipeline uses this field of the event's too, which is no complaint.
            fields={"process.command_line": "powershell", "error.message": "access denied"},
        )
        kept = installed.send(
            "detections", document_of(detection, namespace=installed.token, now=utc_now())
        )
        assert "tags" not in kept
        assert kept["event"]["kind"] == "alert"
        assert kept["error"]["message"] == "access denied"
        assert len(installed.found("detections", RULE["query"])) == 1

    @pytest.mark.parametrize(
        ("path", "value", "complaint"),
        [
            ("sftsec.detection.uid", None, "sftsec.detection.uid is missing"),
            ("sftsec.model.digest", "", "sftsec.model.digest is missing"),
            ("sftsec.prediction_probability", 1.2, "not a number from 0 to 1"),
            ("sftsec.prediction_probability", None, "not a number from 0 to 1"),
            ("event.kind", "event", "event.kind is not alert"),
            ("event.severity", 50, "event.severity is not"),
            ("event.risk_score", 970, "not a number from 0 to 100"),
            ("message", None, "message is missing"),
            ("event", None, "event.kind is not alert"),
        ],
    )
    def test_marks_an_invalid_detection_without_alert(
        self, path: str, value: object, complaint: str, installed: Installed
    ) -> None:
        kept = installed.send("detections", changed(sample("detections", installed), path, value))
        assert kept["tags"] == ["sftsec_invalid"]
        assert any(complaint in each for each in kept["error"]["message"])
        assert kept["event"]["kind"] == "pipeline_error"
        assert installed.found("detections", RULE["query"]) == []
        assert len(installed.found("detections", "tags: sftsec_invalid")) == 1

    def test_names_all_errors_beside_earlier_ones(self, installed: Installed) -> None:
        document = sample("detections", installed)
        document["error"] = {"message": "access denied"}
        document["tags"] = ["mine"]
        del document["sftsec"]["model"], document["message"]
        kept = installed.send("detections", document)
        assert len(kept["error"]["message"]) == 3
        assert kept["error"]["message"][-1] == "access denied"
        assert kept["tags"] == ["mine", "sftsec_invalid"]

    def test_keeps_a_document_that_breaks_it(
        self,
        installed: Installed,
    ) -> None:
        document = sample("detections", installed)
        document["sftsec"]["detection"] = "a text where an object belongs"
        path = "data_stream/detections/elasticsearch/ingest_pipeline/default.yml"
        body = {"pipeline": yaml_of(path), "docs": [{"_source": document}]}
        (result,) = installed.call("POST", "/_ingest/pipeline/_simulate", body)["docs"]
        kept = result["doc"]["_source"]
        assert kept["event"]["kind"] == "pipeline_error"
        assert kept["tags"] == ["sftsec_invalid"]
        assert "script_check" in str(kept["error"]["message"])

    @pytest.mark.parametrize("path", ["event.action", "user", "sftsec.audit.target"])
    def test_marks_an_incomplete_audit_entry(self, path: str, installed: Installed) -> None:
        kept = installed.send("audit", changed(sample("audit", installed), path, None))
        assert kept["tags"] == ["sftsec_invalid"]


class TestSearch:
    def test_finds_what_it_is_for(self, installed: Installed) -> None:
        installed.send("audit", sample("audit", installed))
        asked = {"kibana.alert.workflow_tags": ["sftsec:needs-label"]}
        plant_alerts(installed, [asked, {}, {**asked, **closed("true_positive")}])
        for path, view in (("needs-label", "alerts"), ("model-changes", "audit")):
            saved = opened(saved_objects("search")[f"kibana/search/sftsec-{path}.json"])
            source = saved["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]
            assert len(installed.found(view, source["query"]["query"])) == 1


class TestChart:
    def test_of_precision_counts_the_judged_only(self, installed: Installed) -> None:
        tag = "kibana.alert.workflow_tags"
        plant_alerts(
            installed,
            [
                closed("true_positive"),
                {tag: ["sftsec:true-positive", "other"]},
                closed("benign_positive"),
                closed("false_positive"),
                {tag: ["False Positive"]},
                closed("duplicate"),
                closed(None),
                {},
            ],
        )
        chart = next(c for name, c in CHARTS.items() if name.endswith("Precision by task"))
        columns = layer_of(chart)["columns"]
        part, whole = (columns[f"show0X{n}"]["filter"]["query"] for n in range(2))
        assert len(installed.found("alerts", part)) == 2
        assert len(installed.found("alerts", whole)) == 5
        by_analyst = next(c for name, c in CHARTS.items() if name.endswith("Verdicts by analyst"))
        counted = {
            each["label"]: len(installed.found("alerts", each["input"]["query"]))
            for each in layer_of(by_analyst)["columns"]["by1"]["params"]["filters"]
        }
        assert counted == {
            "True positive": 2,
            "Benign positive": 1,
            "False positive": 2,
            "Closed without a verdict": 2,
        }

    @pytest.mark.parametrize("name", CHARTS)
    def test_asks_what_the_engine_can_answer(self, name: str, installed: Installed) -> None:
        chart, view = CHARTS[name], view_of(CHARTS[name])
        if view == "alerts":
            plant_alerts(installed, [{}])
        else:
            installed.send(view, sample(view, installed))
        for query in queries_of(chart):
            installed.found(view, query)
        columns = columns_with_fields(chart)
        asked = {column_id: aggregation(column) for column_id, column in columns.items()}
        body = {"size": 0, "aggs": asked} if asked else {"size": 0}
        answer = installed.call("POST", f"/{installed.name(view)}/_search", body)
        assert answer["_shards"]["failed"] == 0
        assert set(answer.get("aggregations", {})) == set(asked)
