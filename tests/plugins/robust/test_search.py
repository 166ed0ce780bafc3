"""The search spends its budget, keeps what helps, and is the same each time."""

from __future__ import annotations

from collections.abc import Sequence

from sftsec_core.api import AttackSpec, AttackTarget, EmptyConfig
from sftsec_robust.search import Answer, Chase, attack_once, greedy_search


def attack(name: str, suffix: str, *, repeats: bool = True) -> AttackSpec[EmptyConfig]:
    def rewrite(_config: EmptyConfig, target: AttackTarget, _random: object) -> str:
        return target.text + suffix

    return AttackSpec(
        name=name, summary="", kinds=frozenset({"prose"}), rewrite=rewrite, repeats=repeats
    )


class CountingModel:
    """Alerts on texts with fewer than `needed` signs "!"."""

    def __init__(self, needed: int) -> None:
        self.needed = needed
        self.asked: list[tuple[int, str]] = []

    def __call__(self, texts: Sequence[tuple[int, str]]) -> list[Answer]:
        self.asked += texts
        counts = [text.count("!") for _, text in texts]
        return [Answer(1 - count / 100, count < self.needed) for count in counts]


GOOD, USELESS = attack("good", "!"), attack("useless", "?")
BOTH = {"good": GOOD, "useless": USELESS}


def chases(count: int = 3) -> list[Chase]:
    return [Chase(row, f"attack {row}", "prose", 1.0) for row in range(count)]


def searched(model: CountingModel, queries: int, attacks: dict[str, AttackSpec]) -> list[Chase]:
    rows = chases()
    greedy_search(rows, attacks, (), model, queries=queries, seed=1)
    return rows


class TestGreedySearch:
    def test_finds_a_chain_of_attacks(self) -> None:
        rows = searched(CountingModel(3), 50, BOTH)
        assert all(row.missed and row.path.count("good") >= 3 for row in rows)
        assert all(row.text.startswith(f"attack {row.row}") for row in rows)

    def test_stays_within_the_budget(self) -> None:
        model = CountingModel(1000)
        rows = searched(model, 12, BOTH)
        assert not any(row.missed for row in rows)
        assert len(model.asked) == sum(row.queries for row in rows) <= 3 * 12

    def test_asks_no_text_twice(self) -> None:
        model = CountingModel(1000)
        searched(model, 40, BOTH)
        assert len(set(model.asked)) == len(model.asked)

    def test_is_the_same_each_time(self) -> None:
        first, again = (searched(CountingModel(4), 30, BOTH) for _ in range(2))
        assert [(r.text, r.queries, r.path) for r in first] == [
            (r.text, r.queries, r.path) for r in again
        ]

    def test_calls_some_attacks_once(self) -> None:
        rows = searched(CountingModel(3), 50, {"good": attack("good", "!", repeats=False)})
        assert all(row.path == ("good",) and not row.missed for row in rows)

    def test_ends_where_nothing_fits(self) -> None:
        rows = [Chase(0, "https://a.example", "url", 1.0)]
        greedy_search(rows, BOTH, (), CountingModel(1), queries=50, seed=1)
        assert rows[0].queries == 0


class TestAttackOnce:
    def test_gives_different_texts_only(self) -> None:
        (row,) = chases(1)
        assert attack_once(row, GOOD, (), draws=5, seed=1) == ["attack 0!"]
        assert attack_once(row, attack("none", ""), (), draws=5, seed=1) == []
