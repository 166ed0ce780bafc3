"""The plain Elasticsearch client, for `sftsec bench connector`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_elastic.client import ElasticClient, login_of, tls_of
from sftsec_elastic.connector import ElasticConnector
from sftsec_search.reference_client import Plain, SearchReferenceClient

if TYPE_CHECKING:
    from sftsec_elastic.config import ElasticConfig
    from sftsec_search.config import IndexSource


def make_reference_client(config: ElasticConfig, name: str) -> SearchReferenceClient:
    """Prepare the client as its documentation does; nothing is sent yet.

    Raises:
        ConfigError: when a secret is not there.
    """
    from elasticsearch import Elasticsearch, helpers

    def connect(source: IndexSource, namespace: str) -> ElasticConnector:
        there = {"sources": (source,), "namespace": namespace}
        return ElasticConnector(config.model_copy(update=there))

    client = Elasticsearch(
        list(config.urls),
        request_timeout=config.timeout.total_seconds(),
        **login_of(config),
        **tls_of(config),
    )
    return SearchReferenceClient(name, ElasticClient(config), Plain(client, helpers), connect)
