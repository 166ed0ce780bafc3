"""What a model was trained on, as salted fingerprints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sftsec_core.api.domain import Example
from sftsec_core.dataset.fingerprints import TrainingFingerprints

SALT = b"s" * 32


class TestFingerprints:
    def test_recognise_near_duplicates(self, tmp_path: Path) -> None:
        made = [
            Example.of_text(str(n), f"text {n}", "benign", cluster=c)
            for n, c in enumerate((-1, 7, 7, -1))
        ]
        seen = TrainingFingerprints.of([made[0], made[1]], SALT)
        assert seen(made).tolist() == [True, True, True, False]
        seen.save(tmp_path / "seen.npy")
        loaded = TrainingFingerprints.load(tmp_path / "seen.npy", SALT)
        assert loaded is not None
        assert loaded(made).tolist() == [True, True, True, False]

    def test_know_nothing_with_another_salt(self, tmp_path: Path) -> None:
        file = tmp_path / "seen.npy"
        made = [Example.of_text("1", "text", "benign")]
        TrainingFingerprints.of(made, SALT).save(file)
        other = TrainingFingerprints.load(file, b"t" * 32)
        assert other is not None
        assert not other(made).any()
        assert TrainingFingerprints.load(tmp_path / "nothing", SALT) is None
        file.write_bytes(b"\x80\x04.")
        assert TrainingFingerprints.load(file, SALT) is None

    def test_stand_for_the_text_only(self) -> None:
        made = Example.of_text("1", "text", "benign")
        assert TrainingFingerprints.of([made], SALT)(
            [replace(made, uid="2", label="malicious")]
        ).all()
