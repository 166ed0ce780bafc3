"""The data of the secret task, and what its runs are observed with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.operations.secret_task import Observer, write_incidents


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_incidents(tmp_path, 600)
    return tmp_path
