"""An order to fit recipes, as another process reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sftsec_core.api.contracts import TrainOrder

ORDER = TrainOrder(
    run="r1",
    task={"name": "mail"},
    settings={"seed": 13},
    recipes=("linear", "lora"),
    plugins=("core",),
    folder=Path("/state/runs/r1"),
    baseline="linear",
    device="cuda:1",
    base=Path("/site"),
)


class TestTrainOrder:
    def test_comes_back_from_json(self) -> None:
        assert TrainOrder.from_json(json.loads(json.dumps(ORDER.to_json()))) == ORDER

    def test_refuses_an_unknown_key(self) -> None:
        with pytest.raises(TypeError, match="host"):
            TrainOrder.from_json({**ORDER.to_json(), "host": "gpu-1"})
