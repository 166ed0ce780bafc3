"""Which connectors a task's incidents come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _checked(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return value
    if not value:
        raise ValueError("name at least one connector")
    twice = next((name for name in value if value.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} is listed twice")
    colon = next((name for name in value if ":" in name), None)
    if colon is not None and len(value) > 1:
        # `connector:uid` names an incident in a data set of several connectors.
        raise ValueError(f"{colon!r} has a colon, which no name in a list of connectors may")
    return value[0] if len(value) == 1 else value


Connectors = Annotated[str | tuple[str, ...], AfterValidator(_checked)]
"""A name under `connectors`, or a list of names."""
