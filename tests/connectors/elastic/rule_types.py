"""Alerts of each type of Kibana's detection rules, as Kibana 8 and 9 write them.

Alert fields are flat and dotted, the event's own nested. What a rule's type leaves out is left out
here: only alerts that copy one event have that event's text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Alerts = dict[str, dict[str, Any]]
AT = "2026-01-05T08:00:00.000Z"
HOST = {"host": {"name": "srv-1", "id": "h-1"}, "user": {"name": "ann"}}


def query(name: str, text: str, at: str = AT) -> Alerts:
    """A KQL query: the whole event."""
    event = {**HOST, "process": {"name": "cmd.exe", "command_line": text}}
    return {name: {**_alert(at, "query", "Suspicious command"), **event}}


def new_terms(name: str, text: str, at: str = AT) -> Alerts:
    """A value that was not seen before: the whole event, and the value."""
    terms = {"kibana.alert.new_terms": ["svc-backup"], **HOST, "process": {"command_line": text}}
    return {name: {**_alert(at, "new_terms", "First use of a tool"), **terms}}


def indicator_match(name: str, text: str, at: str = AT) -> Alerts:
    """The whole event, with what matched it among the enrichments."""
    matched = {"atomic": text, "field": "url.full", "type": "indicator_match_rule"}
    enrichment = {"indicator": {"type": "url", "provider": "feed"}, "matched": matched}
    fields = {**HOST, "threat": {"enrichments": [enrichment]}}
    return {name: {**_alert(at, "threat_match", "Known bad URL"), **fields}}


def sequence(name: str, text: str, at: str = AT) -> Alerts:
    """An EQL sequence: the alert has what both events share, the building blocks the rest."""
    group = {"kibana.alert.group.id": f"group of {name}", **HOST}
    blocks = {}
    for index, part in enumerate((f"start {text}", f"then {text}")):
        event = {"process": {"command_line": part}, "event": {"kind": "signal", "action": "exec"}}
        block = {"kibana.alert.building_block_type": "default", "kibana.alert.group.index": index}
        common = _alert(at, "eql", "Download, then run")
        blocks[f"{name}-block-{1 - index}"] = {**common, **group, **block, **event}
    return {name: {**_alert(at, "eql", "Download, then run"), **group}, **blocks}


def threshold(name: str, text: str, at: str = AT) -> Alerts:
    """A count of events: the values by which they were grouped, and no event."""
    result = {
        "terms": [{"field": "user_agent.original", "value": text}],
        "cardinality": [],
        "count": 912,
        "from": "2026-01-05T07:00:00.000Z",
    }
    fields = {"kibana.alert.threshold_result": result, "host": {"name": "srv-1"}}
    return {name: {**_alert(at, "threshold", "Many requests"), **fields}}


def esql(name: str, text: str, at: str = AT) -> Alerts:
    """The columns of an aggregating query."""
    columns = {
        "Esql.process_command_line_values": [text, "whoami"],
        "Esql.event_count": 12,
        "host": {"name": "srv-1"},
    }
    return {name: {**_alert(at, "esql", "Burst of commands"), **columns}}


def machine_learning(name: str, text: str, at: str = AT) -> Alerts:
    """A record of an anomaly-detection job."""
    values = ["srv-1"]
    record = {
        "job_id": "v3_rare_process_by_host_windows",
        "result_type": "record",
        "record_score": 91.4,
        "function_description": "rare",
        "by_field_name": "process.name",
        "by_field_value": text,
        "influencers": [
            {"influencer_field_name": "host.name", "influencer_field_values": values},
        ],
        "host": {"name": values},
    }
    return {name: {**_alert(at, "machine_learning", "Unusual process"), **record}}


def summary_only(name: str, text: str, at: str = AT) -> Alerts:
    """An ES|QL query with columns of its own names: nothing but Kibana's own summary is text."""
    reason = {"kibana.alert.reason": f"event by ann on srv-1 created high alert {text}."}
    columns = {"failures": 40, "host": {"name": "srv-1"}}
    return {name: {**_alert(at, "esql", "Odd counts"), **columns, **reason}}


RULE_TYPES: Mapping[str, Callable[[str, str, str], Alerts]] = {
    "query": query,
    "new_terms": new_terms,
    "threat_match": indicator_match,
    "eql": sequence,
    "threshold": threshold,
    "esql": esql,
    "machine_learning": machine_learning,
    "summary_only": summary_only,
}


def _alert(at: str, kind: str, rule: str) -> dict[str, Any]:
    return {
        "@timestamp": at,
        "event": {"kind": "signal"},
        "kibana.alert.uuid": "u",
        "kibana.alert.rule.type": kind,
        "kibana.alert.rule.name": rule,
        "kibana.alert.rule.rule_type_id": f"siem.{kind}Rule",
        "kibana.alert.reason": f"event on srv-1 created medium alert {rule}.",
        "kibana.alert.severity": "medium",
        "kibana.alert.risk_score": 47,
        "kibana.alert.workflow_status": "open",
        "kibana.alert.workflow_tags": [],
        "kibana.alert.workflow_assignee_ids": [],
    }
