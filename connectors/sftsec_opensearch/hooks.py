"""Offers the OpenSearch connector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.hookspecs import hookimpl
from sftsec_opensearch.config import OpenSearchConfig

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector, ReferenceClient

_EXAMPLE = """\
url: https://opensearch.example:9200
username: sftsec
password: env:SFTSEC_OPENSEARCH_PASSWORD
# ca_file: /etc/sftsec/ca.pem         # default: the system's authorities
# namespace: default                  # detections go to logs-sftsec.detections-NAMESPACE
sources:
  - index: wazuh-alerts-*
    # label: data.verdict             # where a site keeps verdicts on the alerts themselves
verdicts_index: sftsec-verdicts       # what `sftsec labels add` writes, and other tools may
"""


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec]:
    """Offer `type: opensearch`."""
    summary = "Indices of OpenSearch and Wazuh; detections to a data stream"
    return [ConnectorSpec("opensearch", summary, OpenSearchConfig, _create, _yardstick, _EXAMPLE)]


def _create(config: OpenSearchConfig) -> Connector:
    from sftsec_opensearch.connector import OpenSearchConnector

    return OpenSearchConnector(config)


def _yardstick(config: OpenSearchConfig, name: str) -> ReferenceClient:
    from sftsec_opensearch.reference_client import make_yardstick

    return make_yardstick(config, name)
