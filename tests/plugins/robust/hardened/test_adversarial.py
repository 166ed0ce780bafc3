"""The search of adversarial training finds what a model misses, and nothing that is held out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sftsec_core.api import Example, TrainJob, TrainSettings
from sftsec_core.testing import make_task
from sftsec_robust.attacks.registry import HELD_OUT
from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.copies import TRAINED
from sftsec_robust.hardened.adversarial import TrainingRow, missed_variants
from sftsec_robust.hardened.model import FEATURES, HardenedModel, hashed_ngrams
from sftsec_robust.hardened.train import train_hardened
from sftsec_robust.settings import CanonicalSettings, HardenedSettings

SETTINGS = HardenedSettings(adversarial_rows=10, adversarial_queries=20)
ROWS = [
    TrainingRow("lunch on thursday at noon", 0, 1.0, ["lunch on thursday at noon"]),
    TrainingRow("verify your account password", 1, 1.0, ["verify your account password"]),
]


def brittle(weight: float) -> HardenedModel:
    """Finds the attack of ROWS, by the n-grams of its very words where the weight is 1."""
    alarm = np.zeros(FEATURES + 1, dtype=np.float32)
    whole = HardenedModel(
        ("benign", "malicious"),
        0,
        (80,),
        CanonicalSettings(),
        1000,
        np.ones(FEATURES, dtype=np.float32),
        alarm,
        np.zeros((0, FEATURES + 1), dtype=np.float32),
    )
    alarm[hashed_ngrams([ROWS[1].text]).indices] = weight
    alarm[-1] = 0.1 if weight == 0 else -9.0
    return whole


class TestMissedVariants:
    def test_finds_rows_that_the_model_misses(self) -> None:
        model = brittle(1.0)
        found = missed_variants(model, ROWS, SETTINGS, "1")
        assert [row for row, _ in found] == [1, 0]
        attack, plain = (text for _, text in found)
        assert attack not in ROWS[1].read
        assert plain not in ROWS[0].read
        assert canonical_text(attack, CanonicalSettings()) == attack

    def test_finds_none_where_nothing_is_missed(self) -> None:
        assert missed_variants(brittle(0.0), ROWS, SETTINGS, "1") == []

    def test_same_seed_finds_the_same(self) -> None:
        model = brittle(1.0)
        first = missed_variants(model, ROWS, SETTINGS, "7")
        assert first == missed_variants(model, ROWS, SETTINGS, "7")

    def test_held_out_attacks_stay_out(self) -> None:
        assert not HELD_OUT & TRAINED.keys()
        assert {"pad_after", "leet", "sql_comments"} <= TRAINED.keys()


class TestRounds:
    def test_count_what_they_found(self) -> None:
        words = ("lunch", "agenda", "minutes", "thursday", "report", "budget")
        examples = [
            Example.of_text(
                f"{n}",
                f"{words[n % 6]} {words[n % 5]} {'verify' if n % 2 else words[n % 4]} {n}",
                ("benign", "malicious")[n % 2],
            )
            for n in range(60)
        ]
        without, once = (_notes(examples, rounds) for rounds in (0, 1))
        assert without == {"disguised_copies": 0, "found_by_search": 0}
        assert once["disguised_copies"] == once["found_by_search"] > 0


def _notes(examples: list[Example], rounds: int) -> Mapping[str, Any]:
    job = TrainJob(
        task=make_task(),
        train=examples,
        dev=[],
        config=HardenedSettings(copies=0, adversarial_rounds=rounds, adversarial_rows=20),
        settings=TrainSettings(),
        workdir=Path(),
    )
    return train_hardened(job).notes
