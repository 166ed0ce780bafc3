"""SQLite, a real engine, answers the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from sftsec_robust.attacks import sql
from tests.plugins.robust.asking import Rewrite, draws

ALL = (sql.sql_comments, sql.sql_blanks, sql.sql_case, sql.sql_pad, sql.sql_concatenation)
WHOLE = "select name from users where name = 'admin' or 1 = 1 order by name"
INJECTED = "' union select pass from users where name = 'admin' and '1' = '1"


@pytest.fixture
def users() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table users (name, pass)")
    connection.executemany("insert into users values (?, ?)", [("admin", "x1"), ("bob", "y2")])
    yield connection
    connection.close()


class TestEngine:
    @pytest.mark.parametrize("rewrite", ALL)
    def test_statement_gives_the_same(self, rewrite: Rewrite, users: sqlite3.Connection) -> None:
        wanted = users.execute(WHOLE).fetchall()
        made = set(draws(rewrite, WHOLE, "sql", twice=True))
        assert any(text != WHOLE for text in made)
        assert all(users.execute(text).fetchall() == wanted for text in made)

    @pytest.mark.parametrize("rewrite", [sql.sql_comments, sql.sql_blanks, sql.sql_case])
    def test_injection_gives_the_same(self, rewrite: Rewrite, users: sqlite3.Connection) -> None:
        host = "select name from users where name = '{}'"
        wanted = users.execute(host.format(INJECTED)).fetchall()
        made = set(draws(rewrite, INJECTED, "sql"))
        assert any(text != INJECTED for text in made)
        assert all(users.execute(host.format(text)).fetchall() == wanted for text in made)
        assert wanted == [("x1",)]
