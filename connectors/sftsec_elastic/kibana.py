"""Kibana's API for tags on alerts: how analysts are asked for a label."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_elastic.errors import KibanaError

if TYPE_CHECKING:
    from sftsec_core.sdk.retry import RetryPolicy
    from sftsec_elastic.config import ElasticConfig

_TAGS = "/api/detection_engine/signals/tags"
_AT_ONCE = 500
_BUSY = frozenset({429, 502, 503, 504})
_PUBLIC_API = "2023-10-31"  # the version of Kibana's public API that we speak


class Kibana:
    """One space of a Kibana, spoken to with the connector's own credentials."""

    def __init__(self, config: ElasticConfig, url: str, retry: RetryPolicy) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            ConfigError: when a secret is not there.
        """
        from elastic_transport import Transport
        from elastic_transport.client_utils import url_to_node_config

        node = url_to_node_config(url, use_default_ports_for_scheme=True)
        self._transport = Transport([node.replace(**_tls(config, url))])
        self._space = "" if config.space == "default" else f"/s/{config.space}"
        self._timeout = config.timeout.total_seconds()
        self._retry = retry
        self._headers = {
            "kbn-xsrf": "true",
            "elastic-api-version": _PUBLIC_API,
            "content-type": "application/json",
            "accept": "application/json",
            **_authorization(config),
        }

    def tag(
        self, ids: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> None:
        """Put tags on alerts, or take them off; what is so already stays so.

        Raises:
            KibanaError: when it refuses.
            ConnectorUnavailableError: when it does not answer up to the bound.
        """
        tags = {"tags_to_add": list(add), "tags_to_remove": list(remove)}
        for start in range(0, len(ids), _AT_ONCE):
            body = {"ids": list(ids[start : start + _AT_ONCE]), "tags": tags}
            self._retry(lambda body=body: self._send("POST", _TAGS, body))  # type: ignore[misc]

    def problems(self) -> list[str]:
        """Say whether it can be reached and lets us in.

        Raises:
            ConnectorUnavailableError: when it does not answer.
        """
        try:
            self._send("GET", "/api/detection_engine/privileges", None)
        except KibanaError as error:
            return [str(error)]
        return []

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _send(self, method: str, path: str, body: Any) -> None:  # noqa: ANN401 - JSON
        import elastic_transport

        payload = None if body is None else orjson.dumps(body)
        try:
            answer = self._transport.perform_request(
                method,
                self._space + path,
                headers=self._headers,
                body=payload,
                request_timeout=self._timeout,
                max_retries=0,
            )
        except elastic_transport.TlsError:
            raise KibanaError(
                "Kibana's certificate cannot be verified: set ca_file to the authority of both"
            ) from None
        except elastic_transport.TransportError as error:
            raise ConnectorUnavailableError(
                f"Kibana does not answer ({type(error).__name__})"
            ) from None
        _refuse(answer.meta.status)


def _refuse(status: int) -> None:
    if status in _BUSY:
        raise ConnectorUnavailableError(f"Kibana answers {status}")
    if status in {401, 403}:
        raise KibanaError(
            f"Kibana answers {status}: the role needs the feature privilege Security: All in this "
            "space to set tags on alerts"
        )
    if status >= 400:
        raise KibanaError(f"Kibana answers {status}: is kibana_url right, and the space?")


def _tls(config: ElasticConfig, url: str) -> dict[str, Any]:
    if urlsplit(url).scheme != "https":
        return {}
    if config.ca_file is not None:
        return {"ca_certs": str(config.ca_file)}
    # A fingerprint is of Elasticsearch's certificate; the system's authorities verify Kibana's.
    return {"ssl_context": ssl.create_default_context()}


def _authorization(config: ElasticConfig) -> dict[str, str]:
    from elastic_transport.client_utils import basic_auth_to_header

    if config.api_key is not None:
        return {"authorization": f"ApiKey {config.api_key.reveal()}"}
    if config.username is not None and config.password is not None:
        pair = (config.username, config.password.reveal())
        return {"authorization": basic_auth_to_header(pair)}
    return {}
