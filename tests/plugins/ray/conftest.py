"""One cluster for all tests of a module: it takes seconds to start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from sftsec_core.bench.ray_nodes import RayNodes, ray_nodes


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    """A head node with one processor and another one with two."""
    if find_spec("ray") is None and not os.environ.get("CI"):
        pytest.skip("needs Ray: pip install 'sftsec[ray]'")
    with ray_nodes(1, 2) as running:
        yield running
