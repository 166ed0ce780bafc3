"""A store on every database that is supported: the same tests must pass on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sftsec_core.store.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database for a store: a file to be made, or a migrated PostgreSQL."""
    return _url(request, tmp_path, "postgres_store_url")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a table."""
    return _url(request, tmp_path, "postgres_url")


def _url(request: pytest.FixtureRequest, folder: Path, postgresql: str) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'state' / 'sftsec.db'}"
    url: str = request.getfixturevalue(postgresql)
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
