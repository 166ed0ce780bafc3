"""Offers the Splunk connector."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import ConnectorSpec, Requirement
from sftsec_core.api.hookspecs import hookimpl
from sftsec_splunk.config import SearchSource, SplunkConfig

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
#   # ack: auto                         # wait until events are indexed, where the token can say it
sources:
  - kind: notables                      # Enterprise Security 7; `kind: findings` for 8
    # where: rule_name="Phishing*"
  # - kind: verdicts                    # what was judged in the app `sftsec`
  # - kind: search                      # any search with a verdict on its events
  #   search: index=mail sourcetype=reported_mail
  #   label: verdict
"""
# The names of the CIM and of Enterprise Security.
_FIELD_NAMES = {
    "email.subject": ("subject",),
    "message": ("body", "rule_title", "rule_description"),
    "url.full": ("url",),
    "process.command_line": ("process",),
}
_ENTITIES = ("src", "dest", "user", "src_user", "risk_object", "risk_object_type")


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
            requires=(
                Requirement(module="splunklib", install_hint="pip install 'sftsec[splunk]'"),
            ),
            example=_EXAMPLE,
            default_window=timedelta(days=90),
            field_names=_FIELD_NAMES,
            entity_fields=_ENTITIES,
            default_keep=_kept,
        )
    ]


def _kept(config: SplunkConfig) -> Sequence[str]:
    """Those that no search has under a name that holds what analysts said."""
    searches = [each for each in config.sources if isinstance(each, SearchSource)]
    return [
        name
        for name in _ENTITIES
        if not any({name, each.rename.get(name, name)} & _private(each) for each in searches)
    ]


def _private(search: SearchSource) -> set[str | None]:
    return {search.label, search.analyst, search.verdict_time, *search.private}


def _create(config: SplunkConfig, context: ConnectorContext) -> Connector:
    from sftsec_core.sdk.ownership import Ownership
    from sftsec_splunk.connector import SplunkConnector

    return SplunkConnector(config, name=context.name, ownership=Ownership.of(context))
