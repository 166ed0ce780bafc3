"""Offers the OpenSearch connector."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import ConnectorSpec, Requirement
from sftsec_core.api.hookspecs import hookimpl
from sftsec_opensearch.config import OpenSearchConfig

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector, ConnectorContext, ReferenceClient

_EXAMPLE = """\
url: https://opensearch.example:9200
username: sftsec
password: env:SFTSEC_OPENSEARCH_PASSWORD
# ca_file: /etc/sftsec/ca.pem         # default: the system's authorities
# namespace: default                  # detections go to logs-sftsec.detections-NAMESPACE
sources:                              # Wazuh's alerts, by Wazuh's own names
  - index: wazuh-alerts-*
    timestamp: timestamp
    # query: {range: {rule.level: {gte: 7}}}   # alerts from this level on
    # label: data.verdict             # where a site keeps verdicts on the alerts themselves
# settle: 5m                          # how far Filebeat may be behind; default: 1m
verdicts_index: sftsec-verdicts       # what `sftsec labels add` writes, and other tools may
"""


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
    """Offer `type: opensearch`."""
    summary = "Indices of OpenSearch and Wazuh; detections to a data stream"
    return [
        ConnectorSpec(
            name="opensearch",
            summary=summary,
            config_model=OpenSearchConfig,
            create=_create,
            requires=(
                Requirement(module="opensearchpy", install_hint="pip install 'sftsec[opensearch]'"),
            ),
            reference_client=_reference_client,
            example=_EXAMPLE,
            default_window=timedelta(days=90),
            preset="wazuh-alert",
        )
    ]


def _create(config: OpenSearchConfig, context: ConnectorContext) -> Connector:
    from sftsec_core.sdk.ownership import Ownership
    from sftsec_opensearch.connector import OpenSearchConnector

    return OpenSearchConnector(config, name=context.name, ownership=Ownership.of(context))


def _reference_client(config: OpenSearchConfig, name: str) -> ReferenceClient:
    from sftsec_opensearch.reference_client import make_reference_client

    return make_reference_client(config, name)
