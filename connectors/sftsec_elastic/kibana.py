"""Kibana's API for tags on alerts: how analysts are asked for a label."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.sdk.errors import RequestError, TlsError
from sftsec_core.sdk.http import HttpClient
from sftsec_elastic.errors import KibanaError

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_elastic.config import ElasticConfig

_TAGS = "/api/detection_engine/signals/tags"
_PRIVILEGES = "/api/detection_engine/privileges"
_CASES = "/api/cases/"
_AT_ONCE = 500
_MOST_BYTES = 8 << 20
_BUSY = frozenset({429, 502, 503, 504})
_PUBLIC_API = "2023-10-31"  # the version of Kibana's public API that we speak


class Kibana:
    """A Kibana, spoken to with the connector's own credentials."""

    def __init__(self, config: ElasticConfig, url: str, retry: RetryPolicy) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            ConfigError: when a secret is missing.
            TlsError: when `ca_file` cannot be read.
        """
        self._http = HttpClient(
            "Kibana",
            # A fingerprint is of Elasticsearch's certificate and says nothing of Kibana's.
            ca_file=config.ca_file,
            timeout_s=config.timeout.total_seconds(),
            max_bytes=_MOST_BYTES,
        )
        self._url = url
        self._space = config.space
        self._retry = retry
        self._headers = {
            "kbn-xsrf": "true",
            "elastic-api-version": _PUBLIC_API,
            "content-type": "application/json",
            "accept": "application/json",
            **_authorization(config),
        }

    def tag(
        self,
        ids: Sequence[str],
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        space: str | None = None,
    ) -> None:
        """Put tags on alerts, or remove them; repeating it changes nothing.

        Args:
            ids: of the alerts.
            add: tags to put on them.
            remove: tags to take off them.
            space: whose alerts they are; None for the configured one.

        Raises:
            KibanaError: when it refuses.
            ConnectorUnavailableError: when it does not answer up to the bound.
        """
        tags = {"tags_to_add": list(add), "tags_to_remove": list(remove)}
        for start in range(0, len(ids), _AT_ONCE):
            body = {"ids": list(ids[start : start + _AT_ONCE]), "tags": tags}
            self._retry(lambda body=body: self._send("POST", _TAGS, body, space))  # type: ignore[misc]

    def ask(self, path: str) -> dict[str, Any]:
        """Return what Kibana answers in the configured space; a list stands under "".

        Raises:
            KibanaError: when it refuses, or answers something else than JSON.
            ConnectorUnavailableError: when it does not answer up to the bound.
        """
        body = self._retry(lambda: self._send("GET", path, None))
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise KibanaError("Kibana answers no JSON: is kibana_url right?") from None
        return found if isinstance(found, dict) else {"": found}

    def problems(self, spaces: Iterable[str], more: str | None = None) -> list[str]:
        """Return why it cannot be used in these spaces, if so.

        Args:
            spaces: whose alerts are tagged.
            more: a further path to read in the configured space.

        Raises:
            ConnectorUnavailableError: when it does not answer.
        """
        found = []
        asked = [(_PRIVILEGES, space) for space in spaces]
        for path, space in [*asked, *([(more, self._space)] if more else [])]:
            try:
                self._send("GET", path, None, space)
            except (KibanaError, RequestError, TlsError) as error:
                found.append(str(error) if space == self._space else f"space {space!r}: {error}")
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(
        self,
        method: str,
        path: str,
        body: Any,  # noqa: ANN401 - JSON
        space: str | None = None,
    ) -> bytes:
        payload = None if body is None else orjson.dumps(body)
        name = space or self._space
        url = f"{self._url}{'' if name == 'default' else f'/s/{name}'}{path}"
        answer = self._http.send(method, url, headers=self._headers, body=payload)
        _refuse(answer.status, path)
        return answer.body


def _refuse(status: int, path: str) -> None:
    if status in _BUSY:
        raise ConnectorUnavailableError(f"Kibana answers {status}")
    if status in {401, 403} and path.startswith(_CASES):
        raise KibanaError(
            f"Kibana answers {status}: the role needs the feature privilege Cases: Read in this "
            "space to read verdicts from closed cases"
        )
    if status in {401, 403}:
        raise KibanaError(
            f"Kibana answers {status}: the role needs the feature privilege Security: All in this "
            "space to set tags on alerts"
        )
    if status >= 400:
        raise KibanaError(f"Kibana answers {status}: is kibana_url right, and the space?")


def _authorization(config: ElasticConfig) -> dict[str, str]:
    if config.api_key is not None:
        return {"authorization": f"ApiKey {config.api_key.reveal()}"}
    if config.username is not None and config.password is not None:
        pair = f"{config.username}:{config.password.reveal()}".encode()
        return {"authorization": f"Basic {b64encode(pair).decode()}"}
    return {}
