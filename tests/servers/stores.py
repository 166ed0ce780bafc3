"""A store on every database that is supported: the same tests must pass on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sftsec_core.store.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'sftsec.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder."""
    return tmp_path / "state"


@pytest.fixture
def store(database_url: str, state: Path) -> Iterator[Store]:
    """An open, empty store."""
    with Store.open(database_url, folder=state, actor="tester") as opened:
        yield opened
