"""The plain OpenSearch client, for `sftsec bench connector`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_opensearch.client import OpenSearchClient, login_of, tls_of
from sftsec_opensearch.connector import OpenSearchConnector
from sftsec_search.reference_client import Plain, SearchReferenceClient

if TYPE_CHECKING:
    from sftsec_opensearch.config import OpenSearchConfig
    from sftsec_search.config import IndexSource


def make_reference_client(config: OpenSearchConfig, name: str) -> SearchReferenceClient:
    """Prepare the client as its documentation does; nothing is sent yet.

    Raises:
        ConfigError: when a secret is not there.
    """
    from opensearchpy import OpenSearch, helpers

    def connect(source: IndexSource, namespace: str) -> OpenSearchConnector:
        there = {"sources": (source,), "namespace": namespace}
        return OpenSearchConnector(config.model_copy(update=there))

    client = OpenSearch(
        list(config.urls),
        timeout=config.timeout.total_seconds(),
        **login_of(config),
        **tls_of(config),
    )
    return SearchReferenceClient(name, OpenSearchClient(config), Plain(client, helpers), connect)
