"""Offers the Splunk connector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.hookspecs import hookimpl
from sftsec_splunk.config import SplunkConfig

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector, ConnectorContext

_EXAMPLE = """\
url: https://splunk.example:8089        # the management port of a search head
token: env:SFTSEC_SPLUNK_TOKEN          # or username, and password by reference
# ca_file: /etc/sftsec/ca.pem           # default: the system's authorities
# hec:                                  # to write detections
#   url: https://splunk.example:8088
#   token: env:SFTSEC_SPLUNK_HEC_TOKEN
#   index: sftsec
#   ack: true                           # false on Splunk Cloud
sources:
  - kind: notables                      # Enterprise Security 7; `kind: findings` for 8
    # where: rule_name="Phishing*"
  # - kind: verdicts                    # what was judged in the app `sftsec`
  # - kind: search                      # any search with a verdict on its events
  #   search: index=mail sourcetype=reported_mail
  #   label: verdict
"""


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
    """Offer `type: splunk`."""
    summary = "Notables, findings and searches of Splunk; detections by HEC"
    return [
        ConnectorSpec(
            name="splunk",
            summary=summary,
            config_model=SplunkConfig,
            create=_create,
            example=_EXAMPLE,
        )
    ]


def _create(config: SplunkConfig, context: ConnectorContext) -> Connector:
    from sftsec_core.sdk.ownership import Ownership
    from sftsec_splunk.connector import SplunkConnector

    return SplunkConnector(config, name=context.name, ownership=Ownership.of(context))
