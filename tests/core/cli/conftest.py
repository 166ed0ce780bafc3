"""A site with a live model, made once a session; each test has a copy of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sftsec_core.demo.source import TASK
from tests.e2e.site import Site


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is copied."""
    made = Site.make(tmp_path_factory.mktemp("trained") / "site", rows=400, open_rows=60)
    made.run("retrain", TASK)
    return made.folder


@pytest.fixture
def site(trained: Path, tmp_path: Path) -> Site:
    """A site with 400 incidents that have a verdict, 60 that have none, and a live model."""
    return Site(Path(shutil.copytree(trained, tmp_path / "site")))
