"""Response of `POST /v1/explain`; its request is that of `POST /v1/score`.

POST /v1/explain
{"task": "mail", "events": [{"id": "7", "fields": {"message": "verify your account"}}]}

{"task": "mail", "model": {...}, "threshold": 0.5,
 "results": [{"id": "7", "action": "alert", "label": "malicious", ...,
              "explanation": {"label": "malicious", "against": "benign", "method": "exact",
                              "text": "because of `verify`, `account`",
                              "attributions": [{"input": "message", "words": "verify",
                                                "contribution": 1.4, "span": [0, 6]}, ...],
                              "neighbours": [], "flip": ["verify"], "flipped": "benign"},
              "fields": {"message": "verify your account"}}],
 "counts": {"events": 1, "scored": 1, "failed": 0}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sftsec_core.api.domain import Explanation
from sftsec_core.server.schemas import EventCounts, EventResult, ModelInfo


@dataclass(frozen=True, slots=True)
class ExplainedResult(EventResult):
    """The result of one event, with why.

    Attributes:
        explanation: contributions in natural log-odds; spans are of `fields`. None with an error,
            and where the explainer fails on this event. Neighbours are named to those who may read
            the task.
        fields: what the model read, as the task's steps left it: redacted.
    """

    explanation: Explanation | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, result: EventResult, explanation: Explanation | None, read: Mapping[str, Any]
    ) -> ExplainedResult:
        """Add why to a result."""
        own = {each.name: getattr(result, each.name) for each in fields(EventResult)}
        return cls(**own, explanation=explanation, fields=read)


@dataclass(frozen=True, slots=True)
class ExplainResponse:
    """The response to a batch; the results are in the order of its events."""

    task: str
    model: ModelInfo
    threshold: float
    results: list[ExplainedResult]
    counts: EventCounts
