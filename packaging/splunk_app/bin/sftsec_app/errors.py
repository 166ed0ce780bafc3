"""What stops a command, and what only keeps a batch from being scored."""

from __future__ import annotations


class AppError(Exception):
    """Something that the user of a search is told, in one line that says what to do."""


class LinkError(AppError):
    """The other side did not answer, or is not who it should be."""


class ServiceError(AppError):
    """The scoring service did not score a batch.

    Attributes:
        lasting: whether the next batch would fare no better (the token, the task, the address).
        too_large: whether fewer events at once may pass.
    """

    def __init__(self, message: str, *, lasting: bool = False, too_large: bool = False) -> None:
        self.lasting = lasting
        self.too_large = too_large
        super().__init__(message)


def one_line(text: object, most: int = 300) -> str:
    """What somebody else said, fit for a message."""
    words = " ".join(str(text).split())
    return words if len(words) <= most else words[: most - 3] + "..."
