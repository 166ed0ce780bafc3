"""What can go wrong with Kibana, besides what goes wrong with any search engine."""

from __future__ import annotations

from sftsec_core.api.errors import ConnectorError


class KibanaError(ConnectorError):
    """Kibana refuses a request, or is not configured."""
