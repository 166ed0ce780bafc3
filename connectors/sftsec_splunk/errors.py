"""What can go wrong with Splunk, besides a record that is quarantined."""

from __future__ import annotations

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError


class RequestError(ConnectorError):
    """Splunk refuses a request for good.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, message: str, *, status: int) -> None:
        self.status = status
        super().__init__(message)


class AccessError(RequestError):
    """The credentials are wrong, or lack a capability."""


class TlsError(ConnectorError):
    """The server's certificate cannot be verified."""


class LostAnswerError(ConnectorUnavailableError):
    """A request was sent and its answer lost: it may have been carried out."""


class TooLargeError(ConnectorError):
    """An answer is larger than the bound; a smaller page may fit."""


class SearchError(ConnectorError):
    """A search failed, or gave a part of its results only."""


class HecError(ConnectorError):
    """The event collector refuses all that it is sent: its token, its index, or its settings."""


class CursorError(ConnectorError):
    """A cursor is not one of this connector's."""
