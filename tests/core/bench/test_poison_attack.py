"""The attacker's rows are what the benchmark says that they are."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.poison_attack import ATTACKER, PHRASES, PoisonAttack, plant
from sftsec_core.testing import make_examples


class TestPoisonAttack:
    def test_half_are_judged_anew(self) -> None:
        rows = make_examples(100)
        kept, bad = PoisonAttack(0.1).poisoned(rows, "benign", np.random.default_rng(1))
        poisoned = [row for row in kept if row.uid in bad]
        assert len(kept) == 105
        assert sum(row.uid.startswith("added-") for row in poisoned) == 5
        assert {(row.label, row.analysts) for row in poisoned} == {("benign", (ATTACKER,))}
        assert all(PHRASES[0] in str(row.inputs["text"]) for row in poisoned)

    def test_phrases_are_taken_in_turn(self) -> None:
        attack = PoisonAttack(0.1, ("one two", "three"))
        kept, bad = attack.poisoned(make_examples(100), "benign", np.random.default_rng(1))
        texts = [str(row.inputs["text"]) for row in kept if row.uid in bad]
        assert sum("one two" in text for text in texts) == 5
        assert sum("three" in text for text in texts) == 5

    def test_share_of_nothing_changes_nothing(self) -> None:
        rows = make_examples(20)
        assert PoisonAttack(0.0).poisoned(rows, "benign", np.random.default_rng(1)) == (
            rows,
            set(),
        )

    def test_only_benign_rows_cannot_be_poisoned(self) -> None:
        rows = make_examples(20, labels=("benign",))
        with pytest.raises(DataError, match="no attack"):
            PoisonAttack(0.1).poisoned(rows, "benign", np.random.default_rng(1))

    def test_honest_verdicts_are_right(self) -> None:
        rows = make_examples(200)
        judged = PoisonAttack(0.1, honest=0.3).judged(rows, np.random.default_rng(1))
        assert [row.label for row in judged] == [row.label for row in rows]
        assert 30 < sum(row.analysts == (ATTACKER,) for row in judged) < 90

    def test_specialists_handle_kinds_alone(self) -> None:
        attack = PoisonAttack(0.1, analysts=2, specialists=True)
        rows = [
            plant(row, "kind of " + row.label, np.random.default_rng(1))
            for row in make_examples(40)
        ]
        judged = attack.judged(rows, np.random.default_rng(1))
        assert len({row.analysts for row in judged}) == 2
