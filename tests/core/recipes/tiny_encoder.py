"""An encoder small enough to be trained in seconds, and a job for it.

Run as a program it trains that job, with a pause at each step for one that is to be killed:

    python tiny_encoder.py ENCODER WORKDIR PREDICTIONS.json SECONDS
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch, Example, TaskSpec
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.recipes.config import EncoderSettings, LoraTuneConfig

LABELS = ("benign", "malicious")
GOOD = ("git commit", "list files", "open mail", "read the report", "copy the notes")
BAD = ("curl evil host", "wget payload", "delete shadow copies", "dump lsass", "evil beacon")
PROBES = (*GOOD, *BAD, "", "something else altogether", "evil " * 300)


def make_tiny_encoder(folder: Path) -> EncoderSettings:
    """Write a BERT of two layers with random weights and the packaged vocabulary."""
    import torch
    from transformers import BertConfig, BertModel

    from sftsec_core.recipes.encoder.encoder import load_tokenizer, quiet_transformers
    from sftsec_core.recipes.encoder_files import resolve_encoder

    folder.mkdir(parents=True)
    tokenizer = load_tokenizer(resolve_encoder(EncoderSettings()).folder)
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(1)
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
        BertModel(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return settings_of(folder)


def settings_of(folder: Path) -> EncoderSettings:
    """The settings that name the encoder in a folder."""
    names = sorted(path.name for path in folder.iterdir())
    listed = subprocess.run(
        ["sha256sum", *names], cwd=folder, check=True, capture_output=True
    ).stdout
    digest = hashlib.sha256(listed).hexdigest()
    return EncoderSettings(path=str(folder), sha256=digest, max_length=32)


def make_examples(count: int, *, labels: Sequence[str] = LABELS) -> list[Example]:
    """Texts of different lengths whose words tell the first label from the others."""
    examples = []
    for i in range(count):
        label = labels[i % len(labels)]
        words = GOOD if label == labels[0] else BAD
        text = f"{words[i // 2 % 5]} {label} {'again ' * (i % 7)}{i}"
        examples.append(Example.of_text(f"e{i}", text, label))
    return examples


def make_job(
    encoder: EncoderSettings,
    workdir: Path,
    *,
    train: Sequence[Example] | None = None,
    dev: Sequence[Example] | None = None,
    labels: tuple[str, ...] = LABELS,
    log: Callable[[int, Mapping[str, float]], None] = lambda _step, _values: None,
    deadline_s: float | None = None,
    seed: int = 13,
    budget: timedelta | None = None,
    **settings: Any,
) -> TrainJob[Any]:
    """An order for a few epochs on sixty examples, or on what is given."""
    chosen = {"epochs": 3, "batch_size": 8, "learning_rate": 1e-3, **settings}
    return TrainJob(
        task=TaskSpec.of_text("tiny", ("message",), labels, benign=labels[0]),
        train=make_examples(60) if train is None else train,
        dev=make_examples(21) if dev is None else dev,
        config=LoraTuneConfig(encoder=encoder, **chosen),
        settings=TrainSettings(seed=seed, budget=budget),
        workdir=workdir,
        log=log,
        deadline_s=deadline_s,
    )


def main(encoder: str, workdir: str, predictions: str, pause_s: str) -> None:
    """Train, with a pause and a checkpoint at every step; write the probes' probabilities."""
    from sftsec_core.recipes.encoder import loop
    from sftsec_core.recipes.encoder.full import train_full

    loop.CHECKPOINT_EVERY_S = 0.0
    job = make_job(
        settings_of(Path(encoder)),
        Path(workdir),
        log=lambda _step, _values: time.sleep(float(pause_s)),
    )
    scores = train_full(job).predict_proba(Batch.of_texts(PROBES))
    Path(predictions).write_text(json.dumps(scores.tolist()), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
