"""What splunkd refuses, with the status and the words that it refuses it with."""

from __future__ import annotations


class RestError(Exception):
    """An answer that is an error.

    Attributes:
        status: of HTTP.
        text: of the message.
        kind: INFO, WARN, ERROR or FATAL.
        code: an attribute that a few messages have.
    """

    def __init__(
        self, status: int, text: str, kind: str = "ERROR", code: str | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.kind = kind
        self.code = code


def not_found(name: str) -> RestError:
    return RestError(404, f"Could not find object id={name}")


def forbidden(user: str, capability: str) -> RestError:
    return RestError(
        403,
        f"You (user={user}) do not have permission to perform this operation "
        f"(requires capability: {capability}).",
    )
