"""A head on n-grams and the vectors of an encoder that was tuned on the labels.

The tuned encoder lies in the model's folder, so that it stands alone: what transformers calls a
checkpoint, and beside it `contrastive.safetensors` and `contrastive.json`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError

from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.model_format import read_json, read_tensors, write_json, write_tensors
from sftsec_core.recipes.encoder.classifier_parts import load_whole
from sftsec_core.recipes.encoder.encoder import (
    depth,
    load_tokenizer,
    pick_device,
    quiet_transformers,
)
from sftsec_core.recipes.encoder.precision import Computing, Precision, settled
from sftsec_core.recipes.encoder.vectors import embed
from sftsec_core.recipes.encoder.windows import read_texts
from sftsec_core.recipes.hybrid import join_blocks, scaled
from sftsec_core.recipes.logistic import LogisticHead
from sftsec_core.recipes.ngrams import NgramTfidf
from sftsec_core.recipes.reading import Reading, joined
from sftsec_core.recipes.window_selector import WindowSelector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from sftsec_core.api.domain import Batch
    from sftsec_core.recipes.reading import Pooling, Span

SETTINGS = "contrastive.json"
HEAD = "contrastive.safetensors"
_SCORED_AT_ONCE = 4096


@dataclass(frozen=True)
class TunedEncoder:
    """An encoder of one's own: texts to the vectors of its middle and its last layer.

    Attributes:
        reading: what is read of a text.
        pooling: how the vectors of a text's windows become one.
        selector: ranks the windows of a text that has more than are read.
        precision: what it computes in.
    """

    module: nn.Module
    tokenizer: Any
    reading: Reading
    pooling: Pooling = "mean"
    selector: WindowSelector | None = None
    precision: Precision = "auto"

    @cached_property
    def _computing(self) -> Computing:
        """Made when the first text is embedded: by then the module is tuned."""
        return Computing.of(self.module, self.tokenizer, self.precision)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts; shape (len(texts), 2, hidden size)."""
        layers = depth(self.module)
        vectors: NDArray[np.float32] = embed(
            texts,
            self.tokenizer,
            self._computing,
            reading=self.reading,
            selector=self.selector,
            layers=(layers // 2, layers),
            poolings=(self.pooling,),
        )[0]
        return vectors

    def unread(self, texts: Sequence[str]) -> list[list[Span]]:
        """What is not read of each text: spans of its characters."""
        read = read_texts(texts, self.tokenizer, self.reading, self.selector)
        return [each.unread for each in read]


@dataclass(frozen=True, slots=True)
class ContrastiveModel:
    """A tuned encoder's vectors and n-grams under one logistic head; a `TrainedModel`.

    Attributes:
        center: the means of the training texts' vectors; shape (2, hidden size).
        vector_weight: the length of a text's vector beside that of its n-grams, which is 1.
        notes: the steps taken; not kept with the model.
    """

    labels: tuple[str, ...]
    encoder: TunedEncoder
    center: NDArray[np.float32]
    ngrams: NgramTfidf
    head: LogisticHead
    vector_weight: float
    notes: Mapping[str, int] = field(default_factory=dict)

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels))."""
        texts = batch.text()
        out = np.zeros((len(texts), len(self.labels)))
        for start in range(0, len(texts), _SCORED_AT_ONCE):
            part = texts[start : start + _SCORED_AT_ONCE]
            vectors = scaled(self.encoder(part) - self.center, self.vector_weight)
            features = join_blocks(part, self.ngrams, vectors)
            out[start : start + len(part)] = self.head.predict_proba(features)
        return out

    def embed(self, batch: Batch) -> NDArray[np.float32]:
        """The tuned encoder's vectors of the texts, rows of length 1; shape (len(batch), d)."""
        return scaled(self.encoder(batch.text()) - self.center, 1.0)

    def unread(self, batch: Batch) -> list[list[Span]]:
        """What the n-grams or the encoder do not read of each row's text: spans of characters."""
        texts = batch.text()
        both = zip(self.encoder.unread(texts), self.ngrams.unread(texts), strict=True)
        return [joined([*a, *b]) for a, b in both]

    def save(self, folder: Path) -> None:
        """Write the encoder as transformers does, and beside it n-grams, head and settings."""
        with quiet_transformers():
            self.encoder.module.save_pretrained(folder)  # type: ignore[operator]
            self.encoder.tokenizer.save_pretrained(folder)
        selector = self.encoder.selector.tensors() if self.encoder.selector else {}
        tensors = {**self.ngrams.tensors(), **self.head.tensors(), **selector}
        write_tensors(folder / HEAD, {**tensors, "encoder.center": self.center})
        write_json(
            folder / SETTINGS,
            {
                "labels": list(self.labels),
                "reading": self.encoder.reading.to_json(),
                "pooling": self.encoder.pooling,
                "precision": settled(self.encoder.precision),
                "vector_weight": self.vector_weight,
            },
        )


def load_contrastive(folder: Path) -> ContrastiveModel:
    """Read what `ContrastiveModel.save` wrote, without unpickling or running anything.

    Raises:
        IntegrityError: when a file is missing or does not fit the others.
    """
    settings, tensors = read_json(folder / SETTINGS), read_tensors(folder / HEAD)
    try:
        labels = tuple(settings["labels"])
        with quiet_transformers():
            module = load_whole(folder).requires_grad_(False).to(pick_device())
            tokenizer = load_tokenizer(folder)
        return ContrastiveModel(
            labels=labels,
            encoder=TunedEncoder(
                module,
                tokenizer,
                Reading.from_json(settings["reading"]),
                settings["pooling"],
                WindowSelector.from_tensors(tensors),
                settings.get("precision", "fp32"),
            ),
            center=tensors["encoder.center"].astype(np.float32, copy=False),
            ngrams=NgramTfidf.from_tensors(tensors),
            head=LogisticHead.from_tensors(tensors, len(labels)),
            vector_weight=float(settings["vector_weight"]),
        )
    except (OSError, RuntimeError, KeyError, ValueError, SafetensorError) as error:
        raise IntegrityError(f"{folder} holds no whole contrastive model: {error}") from error
