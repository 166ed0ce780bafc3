"""`contrastive`: a few steps of contrast between the classes, then a head as `hybrid` has.

`supcon` pulls the classes apart in the encoder's upper layers; then one logistic head reads
n-grams and vectors, with more weight on the vectors: with few labels they tell more.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.recipes.encoder.architecture import check_reading
from sftsec_core.recipes.encoder.classifier_parts import load_whole
from sftsec_core.recipes.encoder.contrastive_model import ContrastiveModel, TunedEncoder
from sftsec_core.recipes.encoder.encoder import load_tokenizer, pick_device, quiet_transformers
from sftsec_core.recipes.encoder.supcon import LabelledRows, tune
from sftsec_core.recipes.encoder.trainer import seeded
from sftsec_core.recipes.encoder.windows import encode_windows, windows_of
from sftsec_core.recipes.encoder_files import resolve_encoder
from sftsec_core.recipes.hybrid import join_blocks, scaled
from sftsec_core.recipes.logistic import LogisticHead, feature_bound, usable
from sftsec_core.recipes.ngrams import NgramTfidf, SharedBy
from sftsec_core.recipes.reading import Reading
from sftsec_core.recipes.view_choice import with_view
from sftsec_core.recipes.window_selector import WindowSelector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.api.domain import Example
    from sftsec_core.recipes.config import ContrastiveConfig
    from sftsec_core.recipes.reading import Pooling

_TIMED = 3  # steps of an estimate
_TUNING = 0.6  # of the time that a job has; the rest embeds the texts and fits the head


def train_contrastive(job: TrainJob[ContrastiveConfig]) -> ContrastiveModel:
    """Tune the encoder for a bounded number of steps, then fit the head; dev is not read.

    Deterministic on a CPU for one seed and number of threads, unless the deadline cuts the steps.
    The global random generators are left as they were.

    Raises:
        DataError: when train has fewer than two labels.
        TrainingError: when the tuning diverges.
        ConfigError, IntegrityError: when the encoder is not there or not the right one.
    """
    started, job = time.monotonic(), with_view(job)
    examples = usable(job.train, job.task.labels)
    rows = _rows(job, examples)
    seen = [Reading.of(job.config.encoder).see(text).text for text in rows.texts]
    until = None if job.deadline_s is None else started + _TUNING * job.deadline_s
    with seeded(job.settings.seed), quiet_transformers():
        encoder = _load(job, WindowSelector.fit(seen, examples, job.task, job.settings.seed))
        steps = tune(
            encoder.module,
            encoder.tokenizer,
            rows,
            job.config,
            seed=job.settings.seed,
            until=until,
            log=job.log,
        )
    vectors = encoder(rows.texts)
    center = vectors.mean(axis=0)
    bound = feature_bound(len(job.task.labels))
    shared = SharedBy.of(examples, job.config.min_incidents)
    ngrams = NgramTfidf.fit(rows.texts, bound, job.config.max_chars, shared=shared)
    weight = job.config.vector_weight
    features = join_blocks(rows.texts, ngrams, scaled(vectors - center, weight))
    head = LogisticHead.fit(features, examples, job.task.labels, job.config, job.settings.seed)
    notes = {"contrastive_steps": steps}
    return ContrastiveModel(job.task.labels, encoder, center, ngrams, head, weight, notes)


def estimate_seconds(job: TrainJob[ContrastiveConfig]) -> float:
    """Foretell what `train_contrastive` would take without a deadline, from three of its steps.

    The first is cold, and of the others the quicker counts: they hold other texts, and a machine
    that others use makes one slow.

    Raises:
        DataError, TrainingError, ConfigError, IntegrityError: as `train_contrastive` does.
    """
    started = time.monotonic()
    rows = _rows(job, usable(job.train, job.task.labels))
    ends: list[float] = []
    config = job.config.model_copy(update={"steps": _TIMED})
    with seeded(job.settings.seed), quiet_transformers():
        encoder = _load(job)
        tune(
            encoder.module,
            encoder.tokenizer,
            rows,
            config,
            seed=job.settings.seed,
            log=lambda _step, _values: ends.append(time.monotonic()),
        )
    step_s = float(np.diff(ends).min())
    steps_s = (ends[0] - started) + step_s * (job.config.steps - 1)
    return steps_s + step_s * _embedding_steps(rows.texts, encoder, job.config)


def _embedding_steps(
    texts: Sequence[str], encoder: TunedEncoder, config: ContrastiveConfig
) -> float:
    """As many steps as it takes to embed texts: all windows, which only pass forward.

    A step takes the first window of each text, and goes back through the layers that are tuned.
    """
    first, every = (
        encode_windows(texts, encoder.tokenizer, reading)
        for reading in (encoder.reading.at_most(1), encoder.reading)
    )
    tokens = config.batch_size * float(windows_of(first)[0].lengths.mean())
    forward = 1 / (1 + 2 * (1 - config.frozen))  # of a step; backward is two forward passes
    return forward * float(windows_of(every)[0].lengths.sum()) / tokens


def _rows(job: TrainJob[ContrastiveConfig], examples: Sequence[Example]) -> LabelledRows:
    column = {label: number for number, label in enumerate(job.task.labels)}
    return LabelledRows(
        Batch.of_examples(job.task.inputs, examples).text(),
        np.array([column[example.label] for example in examples], dtype=np.int64),
        np.array([example.weight for example in examples], dtype=np.float64),
    )


def _load(job: TrainJob[ContrastiveConfig], selector: WindowSelector | None = None) -> TunedEncoder:
    settings = job.config.encoder
    files = resolve_encoder(settings)
    module = load_whole(files.folder).to(pick_device())
    pooling: Pooling = "mean" if settings.pooling == "auto" else settings.pooling
    tokenizer = load_tokenizer(files.folder)
    reading = Reading.of(settings)
    check_reading(module, tokenizer, reading)
    return TunedEncoder(module, tokenizer, reading, pooling, selector, settings.precision)
