"""Errors that an app shows to its user, each as one line that says what to do."""

from __future__ import annotations


class AppError(Exception):
    """An error that the app's user is shown."""


class ResponseError(AppError):
    """A server answered with an error status.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


def one_line(text: object, limit: int = 300) -> str:
    """A text of another program on one line, with at most `limit` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 3] + "..."
