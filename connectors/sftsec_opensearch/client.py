"""OpenSearch through its own client: one way to send a request, errors told apart."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.errors import RequestError, TlsError, TooLargeError
from sftsec_search.bounded import BoundedPool
from sftsec_search.client import (
    NOT_A_CLUSTER,
    SearchClient,
    in_shard,
    quoted,
    unavailable_error,
)
from sftsec_search.json_answers import read_json

# The client would log each attempt, and bodies with the documents in them; ours says enough.
for _name in ("opensearch", "opensearchpy.trace"):
    logging.getLogger(_name).setLevel(logging.ERROR)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_opensearch.config import OpenSearchConfig


class OpenSearchClient(SearchClient):
    """A cluster, by `opensearchpy.OpenSearch`."""

    vendor = "OpenSearch"
    # There is no implicit tie-breaker before 3.x: a sort that is not unique loses documents. Two
    # indices of a pattern may both have the same _id.
    stable = 2

    def __init__(self, config: OpenSearchConfig) -> None:
        """Prepare the client; nothing is sent yet.

        Raises:
            ConfigError: when a secret is not there.
        """
        from opensearchpy import OpenSearch

        self.tie_breakers = (config.tie_breaker, "_index")
        self._urls = config.urls
        self._client = OpenSearch(
            list(config.urls),
            connection_class=_bounded_connection(config.max_page_bytes),
            timeout=config.timeout.total_seconds(),
            max_retries=0,  # `RetryPolicy` repeats, with backoff and jitter
            retry_on_timeout=False,
            http_compress=False,
            serializer=_serializer(),
            pool_maxsize=4,  # the page under way, and what is asked about the one before it
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
        from opensearchpy import exceptions

        kind, payload = "application/json", None
        if lines is not None:
            kind, payload = "application/x-ndjson", b"".join(line + b"\n" for line in lines)
        elif body is not None:
            payload = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
        try:
            found = self._client.transport.perform_request(
                method,
                path,
                params=dict(params or {}),
                headers={"content-type": kind},
                body=payload,
            )
        # `from None`: the client's own errors quote documents, and a trace would show them.
        except exceptions.SSLError as error:
            raise TlsError(f"{_TLS} ({type(error.info).__name__})") from None
        except exceptions.ConnectionError as error:
            raise self._lost(error) from None
        except exceptions.TransportError as error:
            raise self.to_error(int(error.status_code), error.info) from None
        except exceptions.SerializationError:
            raise RequestError(NOT_A_CLUSTER, status=0) from None
        self.accepted = True
        return found if isinstance(found, dict) else {"": found}

    def open_pit(self, index: str, keep_alive: str, shard: int | None = None) -> str:
        """Open a point in time; see `SearchClient.open_pit`."""
        path = f"/{quoted(index)}/_search/point_in_time"
        # By default it leaves out the shards that are not there just now, and says nothing.
        params = {
            "keep_alive": keep_alive,
            "allow_partial_pit_creation": "false",
            **in_shard(shard),
        }
        try:
            found = self.request("POST", path, params=params)
        except RequestError as error:
            if error.kind == "illegal_argument_exception" and self._matches_nothing(index):
                return ""
            raise
        if "pit_id" not in found:
            raise RequestError(NOT_A_CLUSTER, status=0)
        return str(found["pit_id"])

    def _matches_nothing(self, index: str) -> bool:
        """Whether a pattern has no index yet, of which no point in time can be made."""
        return not self.search({"size": 0}, index)["_shards"]["total"]

    def close_pit(self, pit: str) -> None:
        """Close a point in time."""
        self.request("DELETE", "/_search/point_in_time", body={"pit_id": [pit]})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _lost(self, error: Any) -> Exception:  # noqa: ANN401 - opensearchpy's
        """A connection that was lost, unless what ended it was our own bound."""
        if isinstance(error.info, TooLargeError):
            return error.info
        return unavailable_error(self._urls, type(error.info).__name__)


_TLS = "the server's certificate cannot be verified: set ca_file to the authority that signed it"


def login_of(config: OpenSearchConfig) -> dict[str, Any]:
    """The client's own arguments for logging in."""
    if config.username is not None and config.password is not None:
        return {"http_auth": (config.username, config.password.reveal())}
    return {}


def tls_of(config: OpenSearchConfig) -> dict[str, Any]:
    """The client's own arguments for TLS; there is none that turns verification off."""
    if not any(url.startswith("https:") for url in config.urls):
        return {}
    if config.ca_file is not None:
        return {"use_ssl": True, "verify_certs": True, "ca_certs": str(config.ca_file)}
    # The client's own default is a list of public authorities, without the site's.
    return {"use_ssl": True, "ssl_context": ssl.create_default_context()}


def _bounded_connection(limit: int) -> type[Any]:
    from opensearchpy import Urllib3HttpConnection

    class BoundedConnection(Urllib3HttpConnection):
        def _create_urllib3_pool(self) -> None:
            super()._create_urllib3_pool()
            self.pool = BoundedPool(self.pool, limit)

    return BoundedConnection


def _serializer() -> Any:  # noqa: ANN401 - opensearchpy's
    """Read answers by `read_json`; the client's own way takes twice as long."""
    from opensearchpy.serializer import JSONSerializer

    class LenientSerializer(JSONSerializer):
        def loads(self, s: str) -> Any:  # noqa: ANN401 - JSON
            try:
                return read_json(s)
            except ValueError:
                return super().loads(s)  # which makes the client's own error of it

    return LenientSerializer()
