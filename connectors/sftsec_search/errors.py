"""What can go wrong with a search cluster only; the rest is in `sftsec_core.sdk.errors`."""

from __future__ import annotations

from sftsec_core.sdk.errors import RequestError


class PitExpiredError(RequestError):
    """The cluster no longer knows a point in time; another one resumes from the position."""
