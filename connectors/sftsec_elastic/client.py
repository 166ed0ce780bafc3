"""Elasticsearch through its own client: one way to send a request, errors told apart."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.errors import RequestError, TlsError, TooLargeError
from sftsec_search.bounded import BoundedPool
from sftsec_search.client import SearchClient, in_shard, quoted, unavailable_error
from sftsec_search.json_answers import read_json

# The client would log each attempt, and bodies with the documents in them; ours says enough.
logging.getLogger("elastic_transport").setLevel(logging.ERROR)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_elastic.config import ElasticConfig

_JSON = "application/json"
_NDJSON = "application/x-ndjson"


class ElasticClient(SearchClient):
    """A cluster, by `elasticsearch.Elasticsearch`, which talks to servers 8 and 9."""

    vendor = "Elasticsearch"
    # `_shard_doc` is the place in a shard, which a merge or a restart changes.
    tie_breakers = ("_seq_no", "_shard_doc")
    stable = 1

    def __init__(self, config: ElasticConfig) -> None:
        """Prepare the client; nothing is sent yet.

        Raises:
            ConfigError: when a secret is not there.
        """
        from elastic_transport import Transport, Urllib3HttpNode
        from elasticsearch import Elasticsearch

        self._urls = config.urls
        self._client = Elasticsearch(
            list(config.urls),
            node_class=_bounded_node(Urllib3HttpNode, config.max_page_bytes),
            serializers=_serializers(),
            transport_class=Transport,
            request_timeout=config.timeout.total_seconds(),
            max_retries=0,  # `RetryPolicy` repeats, with backoff and jitter
            retry_on_timeout=False,
            **login_of(config),
            **tls_of(config),
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,  # noqa: ANN401 - JSON
        lines: Sequence[bytes] | None = None,
    ) -> dict[str, Any]:
        """Send one request; see `SearchClient.request`."""
        import elastic_transport
        from elasticsearch import ApiError, UnsupportedProductError

        headers = {"accept": _JSON}
        payload: bytes | list[bytes] | None = None
        if lines is not None:
            headers["content-type"] = _NDJSON
            payload = list(lines)
        elif body is not None:
            headers["content-type"] = _JSON
            payload = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
        try:
            answer = self._client.perform_request(
                method, path, params=dict(params or {}), headers=headers, body=payload
            )
        # `from None`: the client's own errors quote documents, and a trace would show them.
        except UnsupportedProductError:
            raise RequestError(
                "this is not Elasticsearch; for OpenSearch and Wazuh use `type: opensearch`",
                status=0,
            ) from None
        except ApiError as error:
            raise self.to_error(error.meta.status, error.body) from None
        except elastic_transport.TlsError as error:
            raise TlsError(f"{_TLS} ({_short(error)})") from None
        except elastic_transport.TransportError as error:
            raise self._lost(error) from None
        self.accepted = True
        found = answer.body
        return found if isinstance(found, dict) else {"": found}

    def open_pit(self, index: str, keep_alive: str, shard: int | None = None) -> str:
        """Open a point in time; see `SearchClient.open_pit`."""
        params = {"keep_alive": keep_alive, "ignore_unavailable": "false", **in_shard(shard)}
        found = self.request("POST", f"/{quoted(index)}/_pit", params=params)
        return str(found["id"])

    def close_pit(self, pit: str) -> None:
        """Close a point in time."""
        self.request("DELETE", "/_pit", body={"id": pit})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _lost(self, error: Exception) -> Exception:
        """A connection that was lost, unless what ended it was our own bound."""
        # The transport empties the list of errors of the node.
        if isinstance(error.__cause__, TooLargeError):
            return error.__cause__
        return unavailable_error(self._urls, _short(error))


_TLS = (
    "the server's certificate cannot be verified: set ca_file to the authority that signed it, or "
    "fingerprint to its SHA-256"
)


def login_of(config: ElasticConfig) -> dict[str, Any]:
    """The client's own arguments for logging in."""
    if config.api_key is not None:
        return {"api_key": config.api_key.reveal()}
    if config.username is not None and config.password is not None:
        return {"basic_auth": (config.username, config.password.reveal())}
    return {}


def tls_of(config: ElasticConfig) -> dict[str, Any]:
    """The client's own arguments for TLS; there is none that turns verification off."""
    if not any(url.startswith("https:") for url in config.urls):
        return {}
    if config.fingerprint is not None:
        return {"ssl_assert_fingerprint": config.fingerprint}
    if config.ca_file is not None:
        return {"ca_certs": str(config.ca_file)}
    # The client's own default is a list of public authorities, without the site's.
    return {"ssl_context": ssl.create_default_context()}


def _bounded_node(base: type[Any], limit: int) -> type[Any]:
    class BoundedNode(base):  # type: ignore[misc]
        def __init__(self, config: Any) -> None:  # noqa: ANN401 - elastic_transport's
            super().__init__(config)
            self.pool: Any = BoundedPool(self.pool, limit)

    return BoundedNode


def _serializers() -> dict[str, Any]:
    """Read answers by `read_json`, whichever of the two names of JSON they come under."""
    from elasticsearch.serializer import JsonSerializer

    class AnswerSerializer(JsonSerializer):
        def json_loads(self, data: bytes) -> Any:  # noqa: ANN401 - JSON
            return read_json(data)

    class CompatibleSerializer(AnswerSerializer):
        mimetype = "application/vnd.elasticsearch+json"

    return {each.mimetype: each() for each in (AnswerSerializer, CompatibleSerializer)}


def _short(error: Exception) -> str:
    """The kind of an error, without the addresses and bodies in its message."""
    return type(error.__cause__ or error).__name__
