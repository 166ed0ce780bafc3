"""Offers the OpenSearch connector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sftsec_core.contracts import ConnectorSpec
from sftsec_core.hookspecs import hookimpl
from sftsec_opensearch.config import OpenSearchConfig

if TYPE_CHECKING:
    from sftsec_core.contracts import Connector


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec]:
    """Offer `type: opensearch`."""
    summary = "Indices of OpenSearch and Wazuh; detections to a data stream"
    return [ConnectorSpec("opensearch", summary, OpenSearchConfig, _create)]


def _create(config: OpenSearchConfig) -> Connector:
    from sftsec_opensearch.connector import OpenSearchConnector

    return OpenSearchConnector(config)
