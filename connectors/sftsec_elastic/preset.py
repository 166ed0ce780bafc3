"""The task that `sftsec init --connector elastic` writes: alerts of every rule type."""

from __future__ import annotations

from sftsec_core.api.contracts import TaskPreset

KEPT = ("host.name", "user.name", "event.category")  # what an analyst looks for on an alert

# By rule type: each leaves its text in other fields, and those that are there are joined.
_EVENT = (
    "process.command_line",
    "process.parent.command_line",
    "process.executable",
    "powershell.file.script_block_text",
    "file.path",
    "registry.path",
    "registry.data.strings",
    "url.full",
    "url.original",
    "dns.question.name",
    "user_agent.original",
    "http.request.body.content",
    "email.subject",
    "message",
)
_INDICATOR_MATCH = ("threat.enrichments.matched.atomic",)
_NEW_TERMS = ("kibana.alert.new_terms",)
_THRESHOLD = ("kibana.alert.threshold_result.terms.value",)
_ESQL = ("Esql",)
_MACHINE_LEARNING = (
    "job_id",
    "function_description",
    "by_field_value",
    "over_field_value",
    "partition_field_value",
)
_COMMENTS = {
    _EVENT: "query and EQL rules, and all that copy an event; of a sequence, its events' values",
    _INDICATOR_MATCH: "indicator match: the value that matched",
    _NEW_TERMS: "new terms: the new values",
    _THRESHOLD: "threshold: the values that were counted",
    _ESQL: "ES|QL: the columns Esql.* that the query makes, such as Esql.process_name_values",
    _MACHINE_LEARNING: "machine learning: the job and what was anomalous",
}

ALERTS = TaskPreset(
    name="elastic-alerts",
    summary="Is a security alert worth an analyst's time? Reads alerts of every rule type.",
    body={
        "text": [name for fields in _COMMENTS for name in fields],
        "text_fallback": ["kibana.alert.reason"],
        "labels": {
            "benign": ["false_positive", "benign_positive"],
            "malicious": ["true_positive"],
        },
        "benign": "benign",
        "keep": [*KEPT, "kibana.alert.rule.name"],
    },
    text_comments={fields[0]: comment for fields, comment in _COMMENTS.items()},
)
