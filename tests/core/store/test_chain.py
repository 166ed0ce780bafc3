"""A chain of hashes on rows of any table."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.chain import BEGINNING, START, Chain, Link, link

THINGS = Table("t", MetaData(), *(Column(n, Integer) for n in ("seq", "x")), Column("hash", String))
CHAIN = Chain("list of things", "thing", lambda row: [row.seq, row.x])


def rows(values: list[int]) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    previous = START
    for seq, x in enumerate(values, start=1):
        previous = link(previous, [seq, x])
        made.append({"seq": seq, "x": x, "hash": previous})
    return made


def verify(
    given: list[dict[str, object]], head: tuple[int, str] | None, after: Link = BEGINNING
) -> int:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        THINGS.metadata.create_all(connection)
        if given:
            connection.execute(insert(THINGS), given)
        found = connection.execute(select(THINGS).order_by(THINGS.c.seq)).all()
    engine.dispose()
    return CHAIN.verify(found, head, after=after)


class TestChain:
    def test_counts_what_is_whole(self) -> None:
        made = rows([7, 8, 9])
        assert verify(made, (3, str(made[-1]["hash"]))) == 3
        assert verify([], (0, START)) == 0

    def test_names_the_changed_row(self) -> None:
        made = rows([7, 8, 9])
        made[1]["x"] = 80
        with pytest.raises(IntegrityError, match="list of things: thing 2 is not as it was"):
            verify(made, (3, str(made[-1]["hash"])))

    def test_without_a_head_is_a_fault(self) -> None:
        with pytest.raises(IntegrityError, match="ends after thing 0, but its head"):
            verify([], None)

    def test_equal_content_elsewhere_differs(self) -> None:
        first, second = rows([7, 7])
        assert first["hash"] != second["hash"]

    def test_begins_after_a_known_row(self) -> None:
        made = rows([7, 8, 9])
        head = (3, str(made[-1]["hash"]))
        known = Link(2, str(made[1]["hash"]))
        assert verify(made[2:], head, known) == 3
        with pytest.raises(IntegrityError, match="thing 3 is not as it was"):
            verify(made[2:], head, Link(2, "f" * 64))

    @pytest.mark.parametrize("x", [1e16, 1e-7, 2**70, "half \ud800", 0.1])
    def test_knows_what_encoders_write_differently(self, x: Any) -> None:
        row = SimpleNamespace(seq=1, x=x, hash=link(START, [1, x]))
        assert CHAIN.verify([row], (1, row.hash)) == 1  # type: ignore[list-item]
        row.x = "another"
        with pytest.raises(IntegrityError, match="thing 1 is not as it was"):
            CHAIN.verify([row], (1, row.hash))  # type: ignore[list-item]
