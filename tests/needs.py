"""What a test needs of its machine: skipped with what to do when it is missing, failed in CI."""

from __future__ import annotations

import os
from typing import NoReturn, TypeVar

import pytest

T = TypeVar("T")


def need(found: T | None, what_to_do: str) -> T:
    """Return what was found; without it skip the test, or fail it where `CI` is set.

    A test that CI silently skips protects nobody, and one that fails on a laptop for want of a
    browser teaches people to ignore failures.

    Args:
        found: the tool, folder or module; None (or "" or False) when it is missing.
        what_to_do: one line that tells the reader how to get it.
    """
    if not found:
        _missing(what_to_do)
    return found


def _missing(what_to_do: str) -> NoReturn:
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"CI lacks what this test needs: {what_to_do}", pytrace=False)
    pytest.skip(what_to_do)
