"""splunkd's REST API with a token: the words that are offered, the verdicts that are there."""

from __future__ import annotations

import json
from typing import Any

from .errors import AnswerError, AppError, one_line
from .server import Answer, Place, Server

Document = dict[str, Any]
CAPABILITY = "sftsec_label"
_APP = "sftsec"
_OWN = f"/servicesNS/nobody/{_APP}"
_VERDICTS = f"{_OWN}/storage/collections/data/sftsec_verdicts"
_CONTEXT = "/services/authentication/current-context"
_CONFLICT = 409
_ADVICE = {
    401: "the token is refused: look at the asset",
    403: "the token's user may not do this: give it the role sftsec_analyst",
    404: "is the app sftsec installed on this search head?",
}


class Splunkd:
    """The management port of a search head that has the app sftsec; a context manager."""

    def __init__(self, place: Place) -> None:
        """Get ready.

        Raises:
            AppError: when the place cannot be used.
        """
        self._server = Server(place)

    def __enter__(self) -> Splunkd:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def check_capability(self) -> None:
        """Refuse a token whose user may not judge.

        Raises:
            AppError: when it lacks the capability.
        """
        if CAPABILITY not in (self._entry(_CONTEXT).get("capabilities") or []):
            raise AppError(
                f"the Splunk token's user may not label: give it the role sftsec_analyst "
                f"({CAPABILITY})"
            )

    def words(self) -> list[str]:
        """The verdicts that analysts are offered."""
        offered = str(self._entry(f"{_OWN}/configs/conf-sftsec/labelling").get("verdicts") or "")
        return [word.strip() for word in offered.split(",") if word.strip()]

    def verdicts(self, uid: str) -> list[Document]:
        """The documents of an incident, retractions too."""
        found = self._json(
            self._server.call("GET", _VERDICTS, params={"query": json.dumps({"incident_uid": uid})})
        )
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise AppError("splunkd answered the collection sftsec_verdicts with no documents")
        return found

    def add(self, document: Document) -> bool:
        """Add a document under its key; False when one is there.

        It is never written over: what analysts said is not changed.
        """
        answer = self._server.call("POST", _VERDICTS, document)
        if answer.status == _CONFLICT:
            return False
        self._json(answer)
        return True

    def _entry(self, path: str) -> Document:
        found = self._json(self._server.call("GET", path, params={"output_mode": "json"}))
        try:
            content = found["entry"][0]["content"]
        except (KeyError, IndexError, TypeError):
            content = None
        if not isinstance(content, dict):
            raise AppError(f"splunkd answered {path} with no entry: look at the asset's address")
        return content

    def _json(self, answer: Answer) -> Any:  # noqa: ANN401 - JSON
        found = answer.json()
        if answer.status // 100 != 2:
            said = "; ".join(filter(None, (_ADVICE.get(answer.status, ""), _said(found))))
            raise AnswerError(
                f"splunkd answered {answer.status}: {said or 'no reason given'}", answer.status
            )
        if found is None:
            raise AppError("splunkd did not answer with JSON: look at the asset's address")
        return found


def _said(found: object) -> str:
    messages = found.get("messages") if isinstance(found, dict) else None
    if not isinstance(messages, list):
        return ""
    return one_line(
        "; ".join(str(each.get("text", "")) for each in messages if isinstance(each, dict))
    )
