"""A model's folder: staged, sealed by one digest, and verified file by file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.artifact import CARDS, MANIFEST, publish, verify_folder
from sftsec_core.store.staging import staging


def build(models: Path, **files: str) -> tuple[str, Path]:
    with staging(models) as place:
        (place / "deep").mkdir()
        (place / "deep" / "card.md").write_text("a card")
        for name, text in files.items():
            (place / f"{name}.json").write_text(text)
        return publish(place, models)


class TestPublish:
    def test_names_the_place_by_its_manifest(self, tmp_path: Path) -> None:
        digest, place = build(tmp_path, model="{}")
        assert place == tmp_path / digest
        lines = [
            f"{hashlib.sha256(text).hexdigest()}  {name}\n"
            for name, text in (("deep/card.md", b"a card"), ("model.json", b"{}"))
        ]
        assert (place / MANIFEST).read_text() == "".join(lines)
        assert hashlib.sha256("".join(lines).encode()).hexdigest() == digest

    def test_keeps_an_equal_model_after_verifying(self, tmp_path: Path) -> None:
        digest, place = build(tmp_path, model="{}")
        assert build(tmp_path, model="{}") == (digest, place)

    def test_replaces_an_altered_model(self, tmp_path: Path) -> None:
        digest, place = build(tmp_path, model="{}")
        (place / CARDS / "a").mkdir(parents=True)
        (place / CARDS / "a" / "card.json").write_text("{}")
        (place / "model.json").write_text("[]")
        (place / "extra.pkl").write_bytes(b"")
        assert build(tmp_path, model="{}") == (digest, place)
        verify_folder(place, digest)
        assert (place / CARDS / "a" / "card.json").read_text() == "{}"
        assert {path.name for path in tmp_path.iterdir()} == {".lock", digest}

    def test_refuses_a_line_break_in_names(self, tmp_path: Path) -> None:
        forged = f"a.json\n{'0' * 64}  b"
        with pytest.raises(IntegrityError, match="not a name for a model's file"):
            build(tmp_path, **{forged: "{}"})


class TestVerifyFolder:
    def test_names_a_strange_or_missing_file(self, tmp_path: Path) -> None:
        digest, place = build(tmp_path, model="{}")
        verify_folder(place, digest)
        (place / "extra.json").write_text("{}")
        with pytest.raises(IntegrityError, match=r"extra\.json is not part of the model"):
            verify_folder(place, digest)
        (place / "extra.json").unlink()
        (place / "deep" / "card.md").unlink()
        with pytest.raises(IntegrityError, match=r"deep/card\.md is missing"):
            verify_folder(place, digest)

    def test_another_models_folder_is_refused(self, tmp_path: Path) -> None:
        digest, _ = build(tmp_path, model="{}")
        _, other = build(tmp_path, model="[]")
        with pytest.raises(IntegrityError, match=f"{MANIFEST} is not the file"):
            verify_folder(other, digest)
