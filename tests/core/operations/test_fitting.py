"""The lease of an accelerator, and what happens without what a recipe needs."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest

from sftsec_core.api.errors import TrainingError
from sftsec_core.operations.fitting import only_visible, preloaded
from sftsec_core.recipes.specs import LINEAR

VISIBLE = "CUDA_VISIBLE_DEVICES"


@pytest.mark.parametrize(
    ("device", "seen"), [("cuda:0", "0"), ("cuda:3", "3"), ("cuda", "0"), ("cpu", "")]
)
def test_only_the_lent_device_is_visible(
    monkeypatch: pytest.MonkeyPatch, device: str, seen: str
) -> None:
    monkeypatch.setenv(VISIBLE, "0,1,2,3")
    with only_visible(device):
        assert os.environ[VISIBLE] == seen
    assert os.environ[VISIBLE] == "0,1,2,3"


def test_unset_variable_is_unset_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VISIBLE, raising=False)
    with pytest.raises(KeyboardInterrupt), only_visible("cuda:1"):
        raise KeyboardInterrupt
    assert VISIBLE not in os.environ


@pytest.mark.parametrize("device", ["tpu:0", "cuda:x", ""])
def test_unknown_device_is_refused(device: str) -> None:
    with pytest.raises(TrainingError, match="write cuda:N or cpu"), only_visible(device):
        pass


def test_process_with_cuda_cannot_be_confined(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with pytest.raises(TrainingError, match="in use already"), only_visible("cuda:1"):
        pass


class TestPreloaded:
    def test_imports_while_the_body_runs(self) -> None:
        begun = threading.Event()
        with preloaded([LINEAR, replace(LINEAR, preload=begun.set)]):
            assert begun.wait(60)

    def test_missing_import_is_no_error_yet(self) -> None:
        asked = threading.Event()

        def missing() -> None:
            asked.set()
            raise ImportError("torch")

        with preloaded([replace(LINEAR, preload=missing)]):
            pass
        assert asked.is_set()
