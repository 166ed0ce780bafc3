"""Elastic's validator, built once; the real engines."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.needs import need
from tests.packaging.elastic.engine import start_ingesting_opensearch
from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.engines.cache import cached
from tests.servers.engines.server import SearchServer

__all__ = ["elasticsearch_server"]

_SOURCES = Path(__file__).parent / "validator"
_BUILD_S = 600
_CHECK_S = 60


@pytest.fixture(scope="session")
def validate() -> Callable[[Path], str]:
    """What the validator says of a folder or a zip; nothing when it has no complaint."""
    go = need(
        shutil.which("go"), "install Go 1.21 or later (golang-go): it builds Elastic's validator"
    )
    sources = [path.read_bytes() for path in sorted(_SOURCES.iterdir())]
    digest = hashlib.sha256(b"".join(sources)).hexdigest()[:12]

    def build(folder: Path) -> None:
        command = [go, "build", "-buildvcs=false", "-o", str(folder / "validate"), "."]
        told = subprocess.run(
            command, cwd=_SOURCES, capture_output=True, text=True, timeout=_BUILD_S, check=False
        )
        need(told.returncode == 0, f"Go could not build Elastic's validator: {told.stderr[-500:]}")

    program = cached(f"package-validator-{digest}", build) / "validate"

    def run(package: Path) -> str:
        told = subprocess.run(
            [str(program), str(package)],
            capture_output=True,
            text=True,
            timeout=_CHECK_S,
            check=False,
        )
        return told.stderr if told.returncode else ""

    return run


@pytest.fixture(scope="session")
def ingesting_opensearch() -> Iterator[SearchServer]:
    """An OpenSearch that runs pipelines."""
    with start_ingesting_opensearch() as server:
        yield server
