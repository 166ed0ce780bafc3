"""A model that a test holds at a gate, so that requests wait in the queue."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sftsec_core.api.contracts import EmptyConfig, RecipeSpec, SuppressorSpec
from sftsec_core.api.domain import Batch, Detection, Suppression
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.recipes.specs import LINEAR
from tests.core.server.site import LABELS, PATIENCE_S


class GatedModel:
    """Scores a text with "wait" in it only when the gate is opened."""

    labels = LABELS

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.asked: list[str] = []
        self.inside = 0
        self.most = 0

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        texts = batch.text()
        self.asked += texts
        if any("wait" in text for text in texts):
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.entered.release()
            assert self.gate.acquire(timeout=PATIENCE_S)
            self.inside -= 1
        return np.tile([0.2, 0.8], (len(texts), 1))

    def save(self, folder: Path) -> None:
        (folder / "gate.json").write_text("{}")


class GatedPlugin:
    """Registers the gated model, and suppresses the detections of one host."""

    def __init__(self, model: GatedModel) -> None:
        self.model = model

    @hookimpl
    def sftsec_register_recipes(self) -> Sequence[RecipeSpec[Any]]:
        return [
            RecipeSpec(
                name="gated",
                summary="waits",
                inference_cost=1,
                config_model=LINEAR.config_model,
                fit=LINEAR.fit,
                load=lambda _folder: self.model,
            )
        ]

    @hookimpl
    def sftsec_register_suppressors(self) -> Sequence[SuppressorSpec[Any]]:
        return [SuppressorSpec(name="maintenance", summary="host-0", suppress=_maintenance)]


def _maintenance(_config: EmptyConfig, detection: Detection) -> Suppression | None:
    host = detection.fields.get("host.name")
    return Suppression("maintenance") if host == "host-0" else None
