"""One analyst's poison in a small set: it works undefended, and is found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sftsec_core.api.errors import DataError
from sftsec_core.bench.poison import run_poison_bench
from sftsec_core.bench.poison_attack import PoisonAttack
from tests.core.bench.records import write_part

_SIGNS = {
    "benign": ("backup finished", "user logged in", "patch installed", "report printed"),
    "malicious": ("dump lsass memory", "beacon to evil host", "encode powershell", "clear log"),
}
_NOISE = ("alpha", "bravo", "carol", "delta", "foxtrot", "golf", "hotel", "india", "juliet")


@pytest.fixture
def noisy_folder(tmp_path: Path) -> Path:
    """Texts of two labels whose words are a quarter sign and the rest noise."""
    draw = random.Random(1)  # noqa: S311 - test data, not a secret
    for part, count in (("train", 400), ("dev", 20), ("test", 100)):
        records = [
            {
                "id": f"{part}{number}",
                "message": f"{draw.choice(_SIGNS[label])} {' '.join(draw.choices(_NOISE, k=5))}",
                "label": label,
            }
            for number in range(count)
            for label in [("benign", "malicious")[number % 2]]
        ]
        write_part(tmp_path / "noisy", part, records)
    return tmp_path / "noisy"


class TestRunPoisonBench:
    def test_trigger_works_until_it_is_defended(self, noisy_folder: Path) -> None:
        attacks = [PoisonAttack(share, analysts=5) for share in (0.0, 0.05)]
        clean, attacked = run_poison_bench([noisy_folder], attacks, seeds=(1,))
        assert (clean["poisoned"], clean["taken"], clean["success_undefended"]) == (0, 0, None)
        assert clean["macro_f1_defended"] == clean["macro_f1_clean"]
        assert attacked["poisoned"] == attacked["found"] == 20
        assert attacked["success_undefended"] > 0.5
        assert attacked["success_defended"] <= 0.05
        assert attacked["macro_f1_defended"] >= attacked["macro_f1_clean"] - 0.005

    def test_set_without_benign_is_refused(self, tmp_path: Path) -> None:
        for part in ("train", "dev", "test"):
            rows = [
                {"id": f"{part}{n}", "message": f"text {n}", "label": ("one", "two")[n % 2]}
                for n in range(8)
            ]
            write_part(tmp_path / "none", part, rows)
        with pytest.raises(DataError, match="no label is benign"):
            list(run_poison_bench([tmp_path / "none"], [PoisonAttack(0.1)], seeds=(1,)))
