"""What embedding will take is foretold from warm batches, on a device's clock that is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sftsec_core.recipes.embedding_speed import estimate_embedding

BATCH = 8192  # characters that the device takes at a time
SLOWEST = 1.5


class Device:
    """Texts take a cost a batch and a cost a character, padding included; a new shape is slow."""

    def __init__(self, per_batch_s: float, per_character_s: float, cold_s: float) -> None:
        self.now = 0.0
        self._costs = per_batch_s, per_character_s
        self._cold_s = cold_s
        self._widths: set[int] = set()
        self.embedded = 0

    def __call__(self, texts: Sequence[str]) -> None:
        self.embedded += len(texts)
        batch: list[str] = []
        for text in sorted(texts, key=len):
            if batch and (len(batch) + 1) * len(text) > BATCH:
                self._compute(batch)
                batch = []
            batch.append(text)
        self._compute(batch)

    def _compute(self, batch: Sequence[str]) -> None:
        per_batch, per_character = self._costs
        width = len(batch[-1])
        if width // 64 not in self._widths:
            self._widths.add(width // 64)
            self.now += self._cold_s
        self.now += per_batch + per_character * len(batch) * width


def texts_of(lengths: Sequence[float]) -> list[str]:
    return [f"{row:06d}".ljust(int(length), "x") for row, length in enumerate(lengths)]


LENGTHS = {
    "short": np.random.default_rng(1).uniform(8, 60, 9000).tolist(),
    "mixed": np.random.default_rng(2).lognormal(4.5, 1.0, 4000).clip(8, 2000).tolist(),
    "few": np.random.default_rng(3).uniform(20, 200, 40).tolist(),
}
DEVICES = {"GPU": (0.004, 1e-8, 0.5), "CPU": (0.001, 1e-5, 0.02)}


class TestEstimateEmbedding:
    @pytest.mark.parametrize("kind", DEVICES)
    @pytest.mark.parametrize("mix", ["short", "mixed"])
    def test_is_within_half_of_the_truth(self, mix: str, kind: str) -> None:
        texts, device = texts_of(LENGTHS[mix]), Device(*DEVICES[kind])
        found = estimate_embedding(device, texts, lambda: device.now)
        assert device.embedded < len(texts) / 2
        device(texts)  # every shape is warm from here on
        started = device.now
        device(texts)
        assert 1 / SLOWEST < found / (device.now - started) < SLOWEST

    def test_of_few_texts_is_of_their_size(self) -> None:
        texts, device = texts_of(LENGTHS["few"]), Device(*DEVICES["CPU"])
        found = estimate_embedding(device, texts, lambda: device.now)
        assert 0 < found < 1

    @pytest.mark.parametrize("count", [0, 1, 2, 7])
    def test_of_a_handful_is_no_error(self, count: int) -> None:
        device = Device(*DEVICES["CPU"])
        texts = texts_of([30.0] * count)
        assert estimate_embedding(device, texts, lambda: device.now) >= 0
