"""What can go wrong with a platform, beside a record that goes to quarantine.

A connector raises these, or classes of its own below them. `ConnectorUnavailableError` and its
subclasses are retried; all others end the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError


class RequestError(ConnectorError):
    """The platform refuses a request for good.

    Attributes:
        status: the HTTP status; 0 where there is none.
        kind: the platform's name for the failure ("index_not_found_exception"), "" without one.
    """

    def __init__(self, message: str, *, status: int, kind: str = "") -> None:
        self.status = status
        self.kind = kind
        super().__init__(message)


class AccessError(RequestError):
    """The credentials are wrong, or lack a right."""


class TlsError(ConnectorError):
    """The server's certificate cannot be verified."""


class TooLargeError(ConnectorError):
    """An answer is larger than the bound; a smaller page may fit."""


class LostAnswerError(ConnectorUnavailableError):
    """A request was sent and its answer was lost: it may have been carried out."""


class CursorError(ConnectorError):
    """A cursor is not one of this connector's."""


class PrivateFieldError(ConnectorError):
    """A task asks for a field that holds verdicts."""


def refuse_private(names: Iterable[str], is_private: Callable[[str], bool]) -> None:
    """Refuse a task that reads what analysts said of an event.

    Raises:
        PrivateFieldError: when one of the names is private; it names the field.
    """
    name = next(filter(is_private, names), None)
    if name is not None:
        raise PrivateFieldError(
            f"{name!r} holds what analysts said, or may: a model that reads it learns "
            "nothing else; the task must not name it"
        )


@contextmanager
def errors_of(connector: str) -> Iterator[None]:
    """Name the connector in the errors that leave the block; one that names it already stays.

    Args:
        connector: its name in the configuration (`ConnectorContext.name`); "" names none.
    """
    try:
        yield
    except ConnectorError as error:
        if connector and not error.connector:
            error.connector = connector
            error.args = (f"connector {connector!r}: {error}",)
        raise
