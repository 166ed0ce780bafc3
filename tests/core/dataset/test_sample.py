"""A sample of bounded size: the same whatever the order."""

from __future__ import annotations

from collections import Counter
from random import Random

from sftsec_core.dataset.sample import BottomK

ROWS = [(f"{number:032x}", "mail" if number % 3 else "crowd") for number in range(400)]


def taken(rows: list[tuple[str, str]], most: int, salt: bytes = b"s") -> tuple[set[str], int]:
    """Digests of the sample of a stream, and how many rows were admitted."""
    sample = BottomK(most, salt)
    admitted = [
        row
        for row in rows
        if sample.admits(row[0], sample.limit()) and sample.add(*row) is not None
    ]
    chosen = sample.chosen(admitted)
    return {row[0] for row, there in zip(admitted, chosen, strict=True) if there}, len(admitted)


class TestBottomK:
    def test_does_not_depend_on_the_order(self) -> None:
        mixed = Random(5).sample(ROWS, len(ROWS))  # noqa: S311 - test data, not a secret
        assert taken(ROWS, 40)[0] == taken(mixed, 40)[0]
        assert len(taken(ROWS, 40)[0]) == 40

    def test_depends_on_the_salt(self) -> None:
        assert taken(ROWS, 40)[0] != taken(ROWS, 40, b"other")[0]

    def test_draws_every_row_equally_often(self) -> None:
        """200 salts draw 40 of 400 each: a row 20 times, plus or minus 4.2."""
        counts = Counter(d for n in range(200) for d in taken(ROWS, 40, bytes([n, 1]))[0])
        assert len(counts) == len(ROWS)
        assert 3 < min(counts.values()) < max(counts.values()) < 40

    def test_admits_few_beyond_its_size(self) -> None:
        """About 40 (1 + ln 10) = 132 of the 400: what is compared with others is bounded."""
        assert taken(ROWS, 40)[1] < 200

    def test_keeps_one_of_rows_alike(self) -> None:
        sample = BottomK(1, b"s")
        assert sample.add("ab", "") == []
        assert sample.add("ab", "") == [""]
        assert sample.chosen([("ab", ""), ("ab", "")]) == [True, False]
