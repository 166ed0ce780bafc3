"""A contract as a list of checks, to see which of them a wrong plugin fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest


def checks_of(contract: type) -> Iterator[str]:
    return (name for name in vars(contract) if name.startswith("test_"))


def fails(test: Callable[..., None], *arguments: object) -> bool:
    with suppress(Exception, pytest.fail.Exception):
        test(*arguments)
        return False
    return True
