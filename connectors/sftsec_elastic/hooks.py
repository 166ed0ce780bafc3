"""Offers the Elastic connector."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import ConnectorSpec, Requirement
from sftsec_core.api.hookspecs import hookimpl
from sftsec_elastic.config import ElasticConfig
from sftsec_elastic.preset import ALERTS, KEPT

if TYPE_CHECKING:
    from sftsec_core.api.contracts import (
        Connector,
        ConnectorContext,
        ReferenceClient,
        TaskPreset,
    )

_EXAMPLE = """\
url: https://elasticsearch.example:9200
api_key: env:SFTSEC_ELASTIC_API_KEY   # or username, and password by reference
# ca_file: /etc/sftsec/ca.pem         # or fingerprint; default: the system's authorities
# kibana_url: https://kibana.example:5601   # to ask analysts for labels
# cases: {}                           # verdicts of closed Kibana cases too; needs kibana_url
# space: default
# namespace: default                  # detections go to logs-sftsec.detections-NAMESPACE
sources:
  - kind: alerts                      # the space's security alerts and what analysts closed them as
    # query: {bool: {must_not: {term: {kibana.alert.rule.name: A noisy rule}}}}   # only these
  # - kind: index                     # any index with a verdict on its documents
  #   index: logs-mail-*
  #   label: labels.verdict
  #   rename: {email.subject: Subject Line}   # field name to the documents' own
"""


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
    """Offer `type: elastic`."""
    summary = "Security alerts and indices of Elasticsearch; detections to a data stream"
    return [
        ConnectorSpec(
            name="elastic",
            summary=summary,
            config_model=ElasticConfig,
            create=_create,
            requires=(
                Requirement(module="elasticsearch", install_hint="pip install 'sftsec[elastic]'"),
            ),
            reference_client=_reference_client,
            example=_EXAMPLE,
            default_window=timedelta(days=90),
            preset=ALERTS.name,
            entity_fields=KEPT,
        )
    ]


@hookimpl
def sftsec_register_tasks() -> Sequence[TaskPreset]:
    """Offer `init --task elastic-alerts`, the default of `--connector elastic`."""
    return [ALERTS]


def _create(config: ElasticConfig, context: ConnectorContext) -> Connector:
    from sftsec_core.sdk.ownership import Ownership
    from sftsec_elastic.connector import ElasticConnector

    return ElasticConnector(config, name=context.name, ownership=Ownership.of(context))


def _reference_client(config: ElasticConfig, name: str) -> ReferenceClient:
    from sftsec_elastic.reference_client import make_reference_client

    return make_reference_client(config, name)
