"""Snapshots of schema 1 are read as they are."""

from __future__ import annotations

import base64
import io
import tarfile
from pathlib import Path

import pytest

from sftsec_core.api.domain import InputKind, TaskSpec
from sftsec_core.api.errors import IntegrityError
from sftsec_core.api.settings.task import VerdictSettings
from sftsec_core.dataset.features import build_examples, renderer
from sftsec_core.dataset.resolve import resolve
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.plugins import Plugins
from tests.core.dataset.builders import rows


class TestSchema1:
    @pytest.fixture
    def folder(self, root: Path, tmp_path: Path) -> Path:
        """A snapshot that commit 770530e wrote."""
        packed = (root / "tests/fixtures/state_770530e/state.tar.xz.b64").read_text("ascii")
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as archive:
            archive.extractall(tmp_path, filter="data")
        manifests = sorted(tmp_path.rglob("snapshots/*/manifest.json"))
        return manifests[0].parent

    def test_is_verified_and_read(self, folder: Path) -> None:
        snapshot = open_snapshot(folder)
        assert set(snapshot.fields.values()) == {InputKind.TEXT}
        incidents = list(snapshot.incidents())
        assert len(incidents) == snapshot.counts["kept"] > 0
        assert all(isinstance(row["groups"], list) for row in rows(snapshot))

    def test_gives_labels_and_the_digests_of_today(self, folder: Path) -> None:
        snapshot = open_snapshot(folder)
        verdicts = snapshot.verdicts().to_pylist()
        words = sorted({each["value"] for each in verdicts})
        labels = {word: (word,) for word in words}
        found = resolve(snapshot, labels, VerdictSettings())
        task = TaskSpec.of_text("t", tuple(snapshot.fields)[:1], tuple(words))
        examples = build_examples(snapshot, found, renderer(task, None, Plugins(())))
        assert examples
        by_uid = {row["uid"]: row["digest"] for row in rows(snapshot)}
        assert all(by_uid[example.uid] == example.digest for example in examples)

    def test_that_was_changed_is_refused(self, folder: Path) -> None:
        part = next(folder.glob("rows-*.parquet"))
        raw = bytearray(part.read_bytes())
        raw[len(raw) // 2] ^= 1
        part.write_bytes(raw)
        with pytest.raises(IntegrityError, match="changed or damaged"):
            open_snapshot(folder)
