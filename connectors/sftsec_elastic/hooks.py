"""Offers the Elastic connector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sftsec_core.contracts import ConnectorSpec
from sftsec_core.hookspecs import hookimpl
from sftsec_elastic.config import ElasticConfig

if TYPE_CHECKING:
    from sftsec_core.contracts import Connector


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec]:
    """Offer `type: elastic`."""
    summary = "Security alerts and indices of Elasticsearch; detections to a data stream"
    return [ConnectorSpec("elastic", summary, ElasticConfig, _create)]


def _create(config: ElasticConfig) -> Connector:
    from sftsec_elastic.connector import ElasticConnector

    return ElasticConnector(config)
