"""The tests of this folder are about the fresh process that a training gets."""

from __future__ import annotations

import pytest

from sftsec_core.recipes.launch import local
from tests.e2e import trainings


@pytest.fixture(autouse=True)
def _fresh_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "start_child", trainings.FRESH)
