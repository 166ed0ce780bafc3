"""Requests to the scoring service, `sftsec serve`: events in, scores out, in the same order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sftsec_app.errors import NoResponseError, ScoringError
from sftsec_app.http_connection import HttpConnection
from sftsec_app.portable import (
    EventScore,
    HttpResponse,
    problem_detail,
    read_scores,
    repeat_while_busy,
)
from sftsec_app.settings import ServiceSettings
from sftsec_app.tls import service_context

Fields = Mapping[str, Any]
_HINTS = {
    401: "the token is refused: set another one on the set-up page",
    403: "the token may not be used for this",
    404: "no such task, or no sftsec service at this address",
}


class ScoringClient:
    """The service that the settings name."""

    def __init__(self, settings: ServiceSettings) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            AppError: when the file of the certificate authority cannot be used.
        """
        secure = settings.url.startswith("https://")
        self._http = HttpConnection(
            settings.url,
            service_context(settings.ca_file) if secure else None,
            timeout_s=settings.timeout_s,
            headers={
                "Authorization": f"Bearer {settings.token}",
                "Content-Type": "application/json",
            },
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def score(self, task: str, events: Sequence[Fields]) -> list[EventScore]:
        """Score a batch; one that is too large for the service is split.

        Args:
            task: of sftsec.yaml.
            events: the fields of each.

        Raises:
            ScoringError: when it was not scored.
        """
        try:
            return self._score(task, events)
        except ScoringError as error:
            if not error.too_large:
                raise
            if len(events) == 1:
                return [EventScore(error=str(error))]
        middle = len(events) // 2
        return [*self.score(task, events[:middle]), *self.score(task, events[middle:])]

    def _score(self, task: str, events: Sequence[Fields]) -> list[EventScore]:
        batch = {"task": task, "events": [{"id": n, "fields": e} for n, e in enumerate(events)]}
        body = json.dumps(batch).encode()
        try:
            response = repeat_while_busy(lambda: self._http.request("POST", "/v1/score", body))
        except NoResponseError as error:
            raise ScoringError(str(error)) from error
        if response.status != 200:
            raise _status_error(response)
        try:
            return read_scores(response.json(), len(events))
        except ValueError:
            raise ScoringError(
                "the scoring service's answer is none of `sftsec serve`: check the address"
            ) from None


def _status_error(response: HttpResponse) -> ScoringError:
    hint = _HINTS.get(response.status, "")
    cause = "; ".join(filter(None, (hint, problem_detail(response)))) or "it gave no reason"
    return ScoringError(
        f"the scoring service answered {response.status}: {cause}",
        permanent=response.status in _HINTS,
        too_large=response.status == 413,
    )
