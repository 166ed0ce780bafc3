"""Errors of this app alone; those that it shares with others are in `portable`."""

from __future__ import annotations

from sftsec_app.portable import AppError


class NoResponseError(AppError):
    """A server did not respond, or its certificate is not trusted."""


class ScoringError(AppError):
    """The scoring service did not score a batch.

    Attributes:
        permanent: whether the next batch would fail too (the token, the task, the address).
        too_large: whether a smaller batch may succeed.
    """

    def __init__(self, message: str, *, permanent: bool = False, too_large: bool = False) -> None:
        self.permanent = permanent
        self.too_large = too_large
        super().__init__(message)
