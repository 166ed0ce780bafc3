"""The fields of a detection as a document: one table for mappings, documentation and tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Field(NamedTuple):
    """One field: its dotted name, its type in a mapping, and what it says."""

    name: str
    type: str
    description: str


DETECTION_FIELDS: tuple[Field, ...] = (
    Field("@timestamp", "date", "When the detection was raised."),
    Field("message", "text", "Task and label in one line; the alert's name."),
    Field("ecs.version", "keyword", "The version of the Elastic Common Schema."),
    Field("data_stream.type", "keyword", "logs"),
    Field("data_stream.dataset", "keyword", "sftsec.detections"),
    Field("data_stream.namespace", "keyword", "The site's part of the data stream's name."),
    Field("event.kind", "keyword", "alert: raised outside of the SIEM."),
    Field("event.module", "keyword", "sftsec"),
    Field("event.dataset", "keyword", "sftsec.detections"),
    Field("event.provider", "keyword", "sftsec"),
    Field("event.category", "keyword", "The event's own, or else intrusion_detection."),
    Field("event.id", "keyword", "The detection's uid."),
    Field("event.severity", "long", "21 low, 47 medium, 73 high, 99 critical."),
    Field("event.risk_score", "float", "The probability times 100."),
    Field("event.created", "date", "When the detection was raised."),
    Field("event.ingested", "date", "When it reached the cluster."),
    Field("event.reason", "text", "The explanation, when an explainer gave one."),
    Field("rule.name", "keyword", "sftsec and the task's name."),
    Field("rule.ruleset", "keyword", "sftsec"),
    Field("rule.category", "keyword", "The label."),
    Field("rule.version", "keyword", "The beginning of the model's digest."),
    Field("threat.framework", "keyword", "MITRE ATT&CK, where the label is a technique."),
    Field("threat.technique.id", "keyword", "The technique."),
    Field("threat.technique.subtechnique.id", "keyword", "The sub-technique."),
    Field("sftsec.task", "keyword", "The task that the model answers."),
    Field("sftsec.label", "keyword", "The most probable class that is not benign."),
    Field("sftsec.labels", "keyword", "Every class that is not ruled out, the label too."),
    Field("sftsec.prediction_probability", "float", "Calibrated, 0 to 1."),
    Field("sftsec.threshold", "float", "What the probability had to reach."),
    Field("sftsec.explanation", "text", "The explanation, when an explainer gave one."),
    Field("sftsec.contributions.input", "keyword", "The field that a piece of the event is of."),
    Field("sftsec.contributions.words", "keyword", "The piece, as a person reads it."),
    Field("sftsec.contributions.contribution", "float", "Log-odds; above 0 for the label."),
    Field("sftsec.contributions.start", "long", "Its first character in the field's value."),
    Field("sftsec.contributions.end", "long", "One past its last character."),
    Field("sftsec.detection.uid", "keyword", "Names the detection; also the document's _id."),
    Field("sftsec.seal", "keyword", "HMAC of sftsec by the site's secret: proves it is ours."),
    Field("sftsec.incident.uid", "keyword", "Names the source event: index and _id."),
    Field("sftsec.model.name", "keyword", "The model's name in the registry."),
    Field("sftsec.model.digest", "keyword", "SHA-256 over the model's files."),
    Field("sftsec.top_classes.label", "keyword", "The most probable classes, best first."),
    Field("sftsec.top_classes.probability", "float", "Their probabilities."),
    Field("sftsec.source.index", "keyword", "The concrete index of the source event."),
    Field("sftsec.source.id", "keyword", "The _id of the source event."),
    Field("sftsec.source.timestamp", "date", "The source event's own time."),
    Field("sftsec.source.fields", "object", "What the model read, kept but not indexed."),
)


AUDIT_FIELDS: tuple[Field, ...] = (
    Field("@timestamp", "date", "When it was done."),
    Field("message", "text", "Who did what to what, in one line."),
    Field("ecs.version", "keyword", "The version of the Elastic Common Schema."),
    Field("data_stream.type", "keyword", "logs"),
    Field("data_stream.dataset", "keyword", "sftsec.audit"),
    Field("data_stream.namespace", "keyword", "The site's part of the data stream's name."),
    Field("event.kind", "keyword", "event"),
    Field("event.module", "keyword", "sftsec"),
    Field("event.dataset", "keyword", "sftsec.audit"),
    Field("event.action", "keyword", "Noun and verb, such as alias.moved."),
    Field("event.id", "keyword", "Names the entry; also the document's _id."),
    Field("event.sequence", "long", "The entry's number in the log; counts without a gap."),
    Field("event.hash", "keyword", "SHA-256 over the entry before it and this one."),
    Field("event.ingested", "date", "When it reached the cluster."),
    Field("user.name", "keyword", "Who did it."),
    Field("sftsec.task", "keyword", "The task that it concerns."),
    Field("sftsec.run.id", "keyword", "The run that it was part of."),
    Field("sftsec.model.digest", "keyword", "The model that it concerns."),
    Field("sftsec.audit.log", "keyword", "The hash of the log's first entry; names the log."),
    Field("sftsec.audit.target", "keyword", "What it was done to."),
    Field("sftsec.audit.details", "object", "Figures and reasons; never a secret."),
)


def mapping_of(fields: Iterable[Field]) -> dict[str, Any]:
    """The properties of a mapping; an `object` is kept as it is and not indexed."""
    properties: dict[str, Any] = {}
    for field in fields:
        *parents, last = field.name.split(".")
        level = properties
        for name in parents:
            level = level.setdefault(name, {}).setdefault("properties", {})
        if field.type == "object":
            level[last] = {"type": "object", "enabled": False}
        else:
            level[last] = {"type": field.type}
    return properties
