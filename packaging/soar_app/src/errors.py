"""What ends an action: one line that says what to do."""

from __future__ import annotations


class AppError(Exception):
    """Something that whoever runs an action is told."""


class AnswerError(AppError):
    """A server answered, and not with what was asked for.

    Attributes:
        status: of the answer.
    """

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


def one_line(text: object, most: int = 300) -> str:
    """What somebody else said, fit for a message."""
    words = " ".join(str(text).split())
    return words if len(words) <= most else words[: most - 3] + "..."
