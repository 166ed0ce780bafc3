"""The scoring service, `sftsec serve`: events in, results out, in their order."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftsec_app.errors import LinkError, ServiceError, one_line
from sftsec_app.link import Answer, Link
from sftsec_app.settings import ServiceSettings
from sftsec_app.tls import service_context

Fields = Mapping[str, Any]
_BUSY = (429, 503)
_TRIES = 3
_LONGEST_WAIT_S = 5
_ADVICE = {
    401: "the token is refused: set it anew on the set-up page",
    403: "the token may not be used for this",
    404: "no such task, or no sftsec service at this address",
}


@dataclass(frozen=True)
class Result:
    """What became of one event.

    Attributes:
        label: what was decided; "" with an error.
        probability: of being an attack, 0 to 1.
        detection: whether `sftsec score` would raise it.
        reason: why, in words, where there is more to say.
        error: why it could not be scored; "" when it was.
        model: the digest of the model that answered.
        threshold: what the probability had to reach.
    """

    label: str = ""
    probability: float = 0.0
    detection: bool = False
    reason: str = ""
    error: str = ""
    model: str = ""
    threshold: float = 0.0


class Service:
    """The service as the settings name it."""

    def __init__(self, settings: ServiceSettings) -> None:
        """Get ready; nobody is asked yet.

        Raises:
            AppError: when its authority's file cannot be used.
        """
        secure = settings.url.startswith("https://")
        self._link = Link(
            settings.url,
            service_context(settings.ca_file) if secure else None,
            timeout_s=settings.timeout_s,
            headers={
                "Authorization": f"Bearer {settings.token}",
                "Content-Type": "application/json",
            },
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()

    def score(self, task: str, events: Sequence[Fields]) -> list[Result]:
        """Score a batch; one that is too large for the service is split.

        Args:
            task: of sftsec.yaml.
            events: the fields of each.

        Raises:
            ServiceError: when it was not scored.
        """
        try:
            return self._score(task, events)
        except ServiceError as error:
            if not error.too_large:
                raise
            if len(events) == 1:
                return [Result(error=str(error))]
        middle = len(events) // 2
        return [*self.score(task, events[:middle]), *self.score(task, events[middle:])]

    def _score(self, task: str, events: Sequence[Fields]) -> list[Result]:
        asked = {"task": task, "events": [{"id": n, "fields": e} for n, e in enumerate(events)]}
        answer = self._patiently(json.dumps(asked).encode())
        if answer.status != 200:
            raise _problem(answer)
        return _results(answer.body, len(events))

    def _patiently(self, body: bytes) -> Answer:
        """Ask again while it says that it is busy; a few times."""
        for left in range(_TRIES - 1, -1, -1):
            try:
                answer = self._link.call("POST", "/v1/score", body)
            except LinkError as error:
                raise ServiceError(str(error)) from error
            if answer.status not in _BUSY or not left:
                break
            asked = answer.headers.get("retry-after", "1")
            time.sleep(min(int(asked) if asked.isdigit() else 1, _LONGEST_WAIT_S))
        return answer


def _problem(answer: Answer) -> ServiceError:
    try:
        detail = one_line(json.loads(answer.body)["detail"])
    except (ValueError, KeyError, TypeError):
        detail = ""
    advice = _ADVICE.get(answer.status, "")
    said = "; ".join(filter(None, (advice, detail))) or "it gave no reason"
    return ServiceError(
        f"the scoring service answered {answer.status}: {said}",
        lasting=answer.status in _ADVICE,
        too_large=answer.status == 413,
    )


def _results(body: bytes, wanted: int) -> list[Result]:
    """Check an answer whole before anything of it is believed."""
    try:
        answer = json.loads(body)
        model, threshold = str(answer["model"]["digest"]), float(answer["threshold"])
        found = answer["results"]
        results = [_result(each, model, threshold) for each in found]
        complete = [each["id"] for each in found] == list(range(wanted))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        complete = False
    if not complete:
        raise ServiceError(
            "the scoring service's answer is none of `sftsec serve`: look at the address"
        )
    return results


def _result(found: dict[str, Any], model: str, threshold: float) -> Result:
    if found.get("error") is not None:
        return Result(error=one_line(found["error"]), model=model)
    share = float(found["probability"])
    if not 0 <= share <= 1 or not isinstance(found["label"], str):
        raise ValueError("no label with a probability")
    reason = one_line(found.get("reason") or "", 1000)
    detection = found.get("detection") is True
    return Result(found["label"], share, detection, reason, "", model, threshold)
