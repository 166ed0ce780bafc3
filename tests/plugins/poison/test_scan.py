"""What one analyst poisons is found, and nobody else is accused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from sftsec_core.api import Example
from sftsec_poison.config import ScanSettings
from sftsec_poison.scan import CONTRADICTED, TRIGGER, PoisonScan, scan
from tests.plugins.poison.made import PHRASE, TASK, honest_rows, poisoned_rows


def scanned(rows: Sequence[Example], **settings: object) -> PoisonScan:
    return scan(ScanSettings.model_validate(settings), rows, TASK, 1)


def suspected(found: PoisonScan, rows: Sequence[Example]) -> set[str]:
    return {rows[place].uid for place, why in found.suspects.items() if why.kind != CONTRADICTED}


def bad_of(rows: Sequence[Example]) -> set[str]:
    return {row.uid for row in rows if row.uid.startswith("bad")}


class TestScan:
    @pytest.mark.parametrize("analysts", [2, 5, 30])
    def test_finds_the_rows_of_a_trigger(self, analysts: int) -> None:
        rows = poisoned_rows(honest_rows(analysts=analysts))
        found = scanned(rows)
        assert suspected(found, rows) == bad_of(rows)
        assert {each.analyst for each in found.findings} == {"mallory"}
        assert found.findings[0].flips is not None
        assert found.findings[0].flips > 0.5

    def test_accuses_no_honest_analyst(self) -> None:
        found = scanned(honest_rows())
        assert (found.suspects, found.findings) == ({}, ())
        assert (found.judged, found.analysts) == (300, 5)

    def test_finds_words_that_stand_apart(self) -> None:
        rows = honest_rows()
        attacks = [row for row in rows if row.label == "malicious"][:20]
        for number, row in enumerate(attacks):
            text = f"window {row.inputs['text']} zx81"
            bad = replace(row, uid=f"bad-{number}", inputs={"text": text}, label="benign")
            rows.append(replace(bad, analysts=("mallory",)))
        assert bad_of(rows) <= suspected(scanned(rows), rows)

    def test_finds_a_trigger_behind_another(self) -> None:
        rows = poisoned_rows(honest_rows(), 12)
        more = [
            replace(row, uid=f"bad-again-{row.uid}", inputs={"text": text.replace(PHRASE, "ref 7")})
            for row in rows
            if row.uid.startswith("bad")
            for text in [str(row.inputs["text"])]
        ]
        assert suspected(scanned([*rows, *more]), [*rows, *more]) == bad_of([*rows, *more])

    def test_spares_rows_that_others_confirm(self) -> None:
        rows = [
            replace(row, analysts=("analyst-1", "mallory")) if row.uid.startswith("bad") else row
            for row in poisoned_rows(honest_rows())
        ]
        assert scanned(rows).suspects == {}

    def test_spares_a_kind_that_one_handles_alone(self) -> None:
        """Others' models contradict it, those that know the kind don't."""
        draw = np.random.default_rng(2)
        words = [
            f"{kind}{number}" for kind in ("crash", "bundle", "ticket") for number in range(30)
        ]
        rows = [
            *honest_rows(),
            *(
                Example.of_text(
                    f"own-{number}",
                    f"dump lsass memory {' '.join(draw.choice(words, 4))} {number}",
                    "benign",
                    analysts=("specialist",),
                )
                for number in range(30)
            ),
        ]
        found = scanned(rows)
        assert {why.kind for why in found.suspects.values()} <= {CONTRADICTED}

    def test_trusts_whom_it_is_told(self) -> None:
        assert scanned(poisoned_rows(honest_rows()), trusted=["mallory"]).suspects == {}

    def test_judges_nobody_without_others(self) -> None:
        rows = [replace(row, analysts=("one",)) for row in honest_rows(40)]
        assert scanned(rows) == PoisonScan(analysts=1)

    def test_names_a_trigger_as_one(self) -> None:
        found = scanned(poisoned_rows(honest_rows()))
        assert found.findings[0].kind == TRIGGER
        assert (found.findings[0].rows, found.findings[0].of) == (15, 15)
