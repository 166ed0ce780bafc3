"""What can go wrong with Kibana only; the rest is in `sftsec_core.sdk.errors`."""

from __future__ import annotations

from sftsec_core.api.errors import ConnectorError


class KibanaError(ConnectorError):
    """Kibana refuses a request, or is not configured."""
