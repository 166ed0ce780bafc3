"""torch, the driver and the encoder."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sftsec_core.doctor.accelerator import (
    Torch,
    ask_driver,
    ask_torch,
    check_driver,
    check_encoders,
    check_torch,
)
from sftsec_core.recipes.config import EncoderSettings

GPU = ("NVIDIA H100, 570.86, 81559 MiB",)
CUDA = Torch("2.13.0+cu130", "13.0")


def program(folder: Path, text: str) -> None:
    """Write a program that stands for NVIDIA's, which needs a GPU."""
    file = folder / "nvidia-smi"
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


class TestAskTorch:
    def test_tells_version_and_devices(self) -> None:
        found = ask_torch()
        assert isinstance(found, Torch)
        assert found.version.startswith(version("torch"))

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("raise OSError('libcudart.so.13: cannot open')", "OSError: libcudart.so.13: cannot"),
            ("import os; os.abort()", "its import ended with code -6"),
        ],
    )
    def test_survives_a_damaged_one(
        self, text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "torch.py").write_text(text, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        assert str(ask_torch()).startswith(said)


class TestAskDriver:
    def test_reads_a_line_a_gpu(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert ask_driver() is None
        program(tmp_path, f"echo '{GPU[0]}'")
        assert ask_driver() == GPU
        program(tmp_path, "echo 'no devices were found'; exit 6")
        assert ask_driver() == ()


class TestCheckTorch:
    @pytest.mark.parametrize(
        ("torch", "gpus", "level", "told"),
        [
            (None, None, "ok", "not installed"),
            ("damaged", None, "fault", "cannot be imported: damaged"),
            (Torch("2.13.0+cpu", None), None, "ok", "CPU only"),
            (Torch("2.13.0+cpu", None), GPU, "warning", "without CUDA, and a GPU is there"),
            (CUDA, None, "warning", "no NVIDIA driver is there"),
            (CUDA, GPU, "fault", "cannot use the GPU"),
            (Torch("2.13.0+cu130", "13.0", ("H100",)), GPU, "ok", "CUDA 13.0, H100"),
        ],
    )
    def test_judges_build_and_driver(
        self, torch: Torch | str | None, gpus: tuple[str, ...] | None, level: str, told: str
    ) -> None:
        (found,) = check_torch(torch, gpus, needed=True)
        assert found.level == level
        assert told in found.text

    def test_names_the_driver_to_install(self) -> None:
        (found,) = check_torch(CUDA, GPU, needed=False)
        assert "driver 580" in found.remedy

    def test_unneeded_damage_is_a_warning(self) -> None:
        assert [each.level for each in check_torch("damaged", None, needed=False)] == ["warning"]


class TestCheckDriver:
    def test_silent_driver_is_a_fault(self) -> None:
        levels = [each.level for given in (None, (), GPU) for each in check_driver(given)]
        assert levels == ["ok", "fault", "ok"]


class TestCheckEncoders:
    def test_packaged_one_is_whole(self) -> None:
        (found,) = check_encoders([EncoderSettings(), EncoderSettings()], None)
        assert found.text.startswith("minilm, 6 files, ")

    def test_missing_folder_is_a_fault(self, tmp_path: Path) -> None:
        chosen = EncoderSettings(path="encoder", sha256="0" * 64)
        (found,) = check_encoders([chosen], tmp_path)
        assert (found.level, str(tmp_path / "encoder") in found.text) == ("fault", True)

    def test_one_of_the_hub_is_not_fetched(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, "huggingface_hub.file_download", raising=False)
        chosen = EncoderSettings(path="hub:o/n", sha256="0" * 64)
        assert [each.level for each in check_encoders([chosen], None)] == ["ok"]
        assert "huggingface_hub.file_download" not in sys.modules
