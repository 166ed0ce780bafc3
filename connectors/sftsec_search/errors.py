"""What can go wrong with a search engine, besides a record that is quarantined."""

from __future__ import annotations

from sftsec_core.api.errors import ConnectorError


class RequestError(ConnectorError):
    """The engine refuses a request for good.

    Attributes:
        status: the HTTP status.
        kind: the engine's name for the failure ("index_not_found_exception"), "" without one.
    """

    def __init__(self, message: str, *, status: int, kind: str = "") -> None:
        self.status = status
        self.kind = kind
        super().__init__(message)


class AccessError(RequestError):
    """The credentials are wrong, or lack a privilege."""


class TlsError(ConnectorError):
    """The engine's certificate cannot be verified."""


class PitExpiredError(RequestError):
    """The engine no longer knows a point in time; another one goes on from the position."""


class TooLargeError(ConnectorError):
    """An answer is larger than the bound; a smaller page may fit."""


class CursorError(ConnectorError):
    """A cursor is not one of this connector's."""
