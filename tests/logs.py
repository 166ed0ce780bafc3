"""What one part of the program said, whatever others' threads say meanwhile."""

from __future__ import annotations

import pytest


def told(caplog: pytest.LogCaptureFixture, name: str) -> list[str]:
    """The messages of a logger and of those below it."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == name or record.name.startswith(f"{name}.")
    ]
