"""What can go wrong with Splunk only; the rest is in `sftsec_core.sdk.errors`."""

from __future__ import annotations

from sftsec_core.api.errors import ConnectorError


class SearchError(ConnectorError):
    """A search failed, or returned a part of its results only."""


class HecError(ConnectorError):
    """The event collector refuses all that it is sent: its token, its index, or its settings."""
