"""A site for `bench serve`: a configuration, a token, and two `full` models that can be swapped."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Decision, FittedPart, TaskSpec, Threshold, Vote
from sftsec_core.evaluation.calibration import TemperatureCalibrator
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.registry.serving import Serving
from sftsec_core.sdk.threshold import ThresholdDecider

if TYPE_CHECKING:
    from sftsec_core.api.domain import ModelRef
    from sftsec_core.recipes.encoder.classifier import EncoderModel

TASK = "bench"
LABELS = ("benign", "malicious")
MAX_LENGTH = 128
_PROMOTED = Decision(True, (Vote("bench", True, "a benchmark's model"),))


@dataclass(frozen=True, slots=True)
class ServeSite:
    """What is served.

    Attributes:
        context: of the configuration.
        token: of the only client.
        models: two; the first one is live.
    """

    context: Context
    token: str
    models: tuple[ModelRef, ModelRef]

    @contextmanager
    def swapping(self, interval_s: float) -> Iterator[list[str]]:
        """Promote the second model and roll back in turns, and list what was made live."""
        moved, stop = list[str](), threading.Event()

        def swap() -> None:
            while not stop.wait(interval_s):
                moved.append(self._swap(len(moved) % 2 == 0))

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            yield moved
        finally:
            stop.set()
            thread.join()

    def _swap(self, forward: bool) -> str:
        registry = self.context.registry
        if not forward:
            return registry.rollback(TASK, "bench", "the next swap").digest
        registry.promote(TASK, self.models[1].digest, _PROMOTED, by="bench")
        return self.models[1].digest


@contextmanager
def serve_site(folder: Path) -> Iterator[ServeSite]:
    """Make a site in an empty folder; the weights of the models' heads are random."""
    token = secrets.token_hex(32)
    secret = folder / "bench.token"
    secret.touch(mode=0o600)
    secret.write_text(token, encoding="utf-8")
    (folder / "incidents.jsonl").touch()
    file = folder / "sftsec.yaml"
    file.write_text(json.dumps(_configuration(secret)), encoding="utf-8")
    with Context.open(file, actor=local_admin("bench")) as context:
        first, second = (_register(context, seed) for seed in range(2))
        context.registry.promote(TASK, first.digest, _PROMOTED, by="bench")
        yield ServeSite(context, token, (first, second))


def _configuration(secret: Path) -> dict[str, Any]:
    task = {
        "connector": "siem",
        "text": ["message"],
        "labels": {label: [label] for label in LABELS},
        "benign": LABELS[0],
    }
    siem = {"type": "files", "paths": ["incidents.jsonl"], "output": "detections.jsonl"}
    return {
        "version": 1,
        "connectors": {"siem": siem},
        "tasks": {TASK: task},
        "serve": {"port": 0, "tokens": {"bench": f"file:{secret}"}},
    }


def _register(context: Context, seed: int) -> ModelRef:
    decider = ThresholdDecider(Threshold(0.5, "fixed", 0.5), benign=0)
    serving = Serving(
        TaskSpec.of_text(TASK, ("message",), LABELS, benign=LABELS[0]),
        "full",
        FittedPart("temperature", dict(TemperatureCalibrator(1.0).state)),
        FittedPart("threshold", dict(decider.state)),
        max_length=MAX_LENGTH,
        steps={"normalise": {}, "redact": {}},
    )
    return context.registry.register(
        bench_model(seed), serving, {"seed": seed}, run_id=f"bench-{seed}", by="bench"
    )


def bench_model(seed: int) -> EncoderModel:
    """The packaged encoder with a head of random weights, which cost what trained ones do."""
    import torch

    from sftsec_core.recipes.config import EncoderSettings
    from sftsec_core.recipes.encoder.classifier import EncoderModel, PooledClassifier
    from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer
    from sftsec_core.recipes.encoder_files import resolve_encoder
    from sftsec_core.recipes.reading import Reading

    folder = resolve_encoder(EncoderSettings()).folder
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = PooledClassifier(load_encoder(folder), len(LABELS), dropout=0.0)
    return EncoderModel(module, load_tokenizer(folder), LABELS, reading=Reading(MAX_LENGTH))
