from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sftsec_core.api import LauncherSpec
from sftsec_core.bench.ray_nodes import TOKEN, RayNodes
from sftsec_core.testing import LauncherContract
from sftsec_ray.hooks import sftsec_register_launchers

LAUNCHER = sftsec_register_launchers()[0]


class TestRayLauncher(LauncherContract):
    @pytest.fixture(autouse=True)
    def _of_two_nodes(self, nodes: RayNodes) -> None:
        self.nodes = nodes

    def spec(self) -> LauncherSpec[Any]:
        return LAUNCHER

    def config(self) -> Mapping[str, Any]:
        return {"address": self.nodes.address, "token": f"env:{TOKEN}"}
