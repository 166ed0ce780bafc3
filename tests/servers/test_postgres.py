"""A PostgreSQL server whose tests have a database each."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.servers.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


@pytest.fixture(scope="module")
def seen() -> list[str]:
    """The databases of the tests before."""
    return []


class TestDatabase:
    @pytest.mark.parametrize("_turn", [1, 2])
    def test_is_empty_and_gone_after_its_test(
        self, postgres_server: str, postgres_url: str, seen: list[str], _turn: int
    ) -> None:
        name = str(make_url(postgres_url).database)
        engine = create_engine(postgres_url)
        with engine.begin() as connection:
            count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            assert connection.execute(text(count)).scalar_one() == 0
            connection.execute(text("CREATE TABLE mine (n int)"))
        with engine.connect() as connection:
            names = set(connection.execute(text("SELECT datname FROM pg_database")).scalars())
        engine.dispose()
        assert name in names
        assert not names & set(seen)
        seen.append(name)
