"""Rules that the Splunk connector, the Splunk app and the SOAR app share to the letter.

`sftsec package splunk|soar` copies this folder into each app, as it is. So it imports only the
standard library, its own modules by relative imports, and runs on Python 3.9, which Splunk has.
"""

from .detection_event import DetectionRecord, detection_event, detection_id
from .errors import AppError, ResponseError, one_line
from .event_rules import (
    DETECTION_TYPE,
    IDENTITY_FIELDS,
    RECORD_EXPRESSION,
    UID_EXPRESSION,
    FieldValue,
    event_fields,
    event_time,
    finding_name,
    first,
    incident_uid,
    is_metadata,
    is_private,
    page_rules,
    plain_name,
)
from .http_response import HttpResponse, problem_detail, repeat_while_busy, splunkd_messages
from .score_response import EventScore, read_scores
from .verdict_rules import (
    CAPABILITY,
    MAX_EVENT_BYTES,
    MAX_REASON_LENGTH,
    QUEUE,
    VERDICTS,
    NewVerdict,
    document_key,
    event_json,
    is_same_verdict,
    offered_verdicts,
    queue_key,
    retracted_keys,
    retraction_document,
    standing_verdict,
    standing_verdicts,
    verdict_document,
)

__all__ = [
    "CAPABILITY",
    "DETECTION_TYPE",
    "IDENTITY_FIELDS",
    "MAX_EVENT_BYTES",
    "MAX_REASON_LENGTH",
    "QUEUE",
    "RECORD_EXPRESSION",
    "UID_EXPRESSION",
    "VERDICTS",
    "AppError",
    "DetectionRecord",
    "EventScore",
    "FieldValue",
    "HttpResponse",
    "NewVerdict",
    "ResponseError",
    "detection_event",
    "detection_id",
    "document_key",
    "event_fields",
    "event_json",
    "event_time",
    "finding_name",
    "first",
    "incident_uid",
    "is_metadata",
    "is_private",
    "is_same_verdict",
    "offered_verdicts",
    "one_line",
    "page_rules",
    "plain_name",
    "problem_detail",
    "queue_key",
    "read_scores",
    "repeat_while_busy",
    "retracted_keys",
    "retraction_document",
    "splunkd_messages",
    "standing_verdict",
    "standing_verdicts",
    "verdict_document",
]
