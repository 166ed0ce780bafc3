"""The verdicts of the Splunk app through splunkd's REST API, with a token."""

from __future__ import annotations

import json
from typing import Any

from .https_client import HttpsClient, ServerAddress
from .portable import (
    CAPABILITY,
    VERDICTS,
    AppError,
    HttpResponse,
    ResponseError,
    offered_verdicts,
    splunkd_messages,
)

Document = dict[str, Any]
_APP = "sftsec"
_NAMESPACE = f"/servicesNS/nobody/{_APP}"
_COLLECTION = f"{_NAMESPACE}/storage/collections/data/{VERDICTS}"
_CONTEXT = "/services/authentication/current-context"
_CONFLICT = 409
_HINTS = {
    401: "the token is refused: check the asset",
    403: "the token's user may not do this: give it the role sftsec_analyst",
    404: "is the app sftsec installed on this search head?",
}


class SplunkVerdicts:
    """The collection on a search head that has the app sftsec; a context manager."""

    def __init__(self, address: ServerAddress) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            AppError: when the address cannot be used.
        """
        self._http = HttpsClient(address)

    def __enter__(self) -> SplunkVerdicts:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.__exit__()

    def check_capability(self) -> None:
        """Check that the token's user may label.

        Raises:
            AppError: when it lacks the capability.
        """
        if CAPABILITY not in (self._entry(_CONTEXT).get("capabilities") or []):
            raise AppError(
                f"the Splunk token's user may not label: give it the role sftsec_analyst "
                f"({CAPABILITY})"
            )

    def values(self) -> list[str]:
        """The verdicts that analysts are offered."""
        settings = self._entry(f"{_NAMESPACE}/configs/conf-sftsec/labelling")
        return offered_verdicts(str(settings.get("verdicts") or ""))

    def find(self, uid: str) -> list[Document]:
        """The documents of an incident, retractions too."""
        query = {"query": json.dumps({"incident_uid": uid})}
        found = _json(self._http.request("GET", _COLLECTION, params=query))
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise AppError("splunkd answered the collection sftsec_verdicts with no documents")
        return found

    def add(self, document: Document) -> bool:
        """Add a document under its key; False when one is there.

        The existing one is never replaced: what an analyst stored does not change.
        """
        response = self._http.request("POST", _COLLECTION, document)
        if response.status == _CONFLICT:
            return False
        _json(response)
        return True

    def _entry(self, path: str) -> Document:
        found = _json(self._http.request("GET", path, params={"output_mode": "json"}))
        try:
            content = found["entry"][0]["content"]
        except (KeyError, IndexError, TypeError):
            content = None
        if not isinstance(content, dict):
            raise AppError(f"splunkd answered {path} with no entry: check the asset's address")
        return content


def _json(response: HttpResponse) -> Any:  # noqa: ANN401 - JSON
    if response.status // 100 != 2:
        hint = _HINTS.get(response.status, "")
        cause = "; ".join(filter(None, (hint, splunkd_messages(response))))
        raise ResponseError(
            f"splunkd answered {response.status}: {cause or 'no reason given'}", response.status
        )
    found = response.json()
    if found is None:
        raise AppError("splunkd did not answer with JSON: check the asset's address")
    return found
