"""A fine-tuned encoder with a linear head: the module, and the model that can be kept.

A model folder holds what transformers calls a checkpoint of the encoder (`model.safetensors`,
`config.json`, `tokenizer.json`), beside it the head (`head.safetensors`), what chooses the windows
of a long text (`selector.safetensors`), how numbers and categories are encoded
(`side.safetensors`), and `classifier.json`.
Low-rank adapters are merged into the weights before they are saved, so that a folder stands alone:
to load it takes neither PEFT nor the base encoder, and one digest names all that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from sftsec_core.api.errors import IntegrityError, TrainingError
from sftsec_core.models.model_format import read_json, read_tensors, write_json, write_tensors
from sftsec_core.recipes.dense import DenseBlock
from sftsec_core.recipes.encoder.classifier_parts import (
    SIDE,
    head_tensors,
    load_head,
    load_int8,
    load_side,
    load_whole,
)
from sftsec_core.recipes.encoder.encoder import (
    length_buckets,
    load_tokenizer,
    pick_device,
    quiet_transformers,
)
from sftsec_core.recipes.encoder.packing import Collator, to_device
from sftsec_core.recipes.encoder.pooling import WindowPooling
from sftsec_core.recipes.encoder.precision import Precision, Twin
from sftsec_core.recipes.encoder.prepacked import prepacked
from sftsec_core.recipes.encoder.side import SideInput, TextsBeside, distinct, encode_side
from sftsec_core.recipes.encoder.token_pooling import pool_tokens, token_pooling_of
from sftsec_core.recipes.encoder.windows import encode_windows, read_texts
from sftsec_core.recipes.reading import Reading
from sftsec_core.recipes.window_selector import WindowSelector

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import EmbeddedText
    from sftsec_core.api.domain import Batch
    from sftsec_core.recipes.encoder.data import EncodedTexts
    from sftsec_core.recipes.encoder.token_pooling import TokenPooling
    from sftsec_core.recipes.encoder.windows import WindowedTexts
    from sftsec_core.recipes.reading import Pooling, Span

HEAD = "head.safetensors"
SELECTOR = "selector.safetensors"
SETTINGS = "classifier.json"
INT8 = "int8"
INT8_COST = 10  # relative expense of scoring a row: half of the recipe's
SCORE_BLOCK = 16384  # texts that are encoded at once: bounds memory, lets lengths be sorted
TOKENS_PER_BATCH = {"cpu": 4096, "mps": 16384, "cuda": 65536}


class PooledClassifier(nn.Module):
    """Encoder, pooling of a window's tokens, then of a text's windows, dropout, linear layer.

    The mean of tokens and not the first one's vector: the packaged encoder was trained so, and a
    pretrained mean beats a pooler that starts from nothing. Of a decoder it is the last one's; see
    `token_pooling`. What numbers and categories say is added to the text's vector: see `side`.

    Attributes:
        graph: the encoder as ONNX, of one in 8 bits.
    """

    graph: bytes | None = None

    def __init__(
        self,
        encoder: nn.Module,
        classes: int,
        dropout: float,
        pooling: Pooling = "mean",
        side_columns: int = 0,
        token_pooling: TokenPooling | None = None,
    ) -> None:
        """Put a fresh head on an encoder; its random start comes from torch's generator.

        Args:
            encoder: of transformers, an encoder or a decoder.
            classes: columns of the head.
            dropout: of the head's input.
            pooling: of a text's windows.
            side_columns: of the side inputs; 0 without any.
            token_pooling: of a window's tokens; None: what suits the encoder.

        Raises:
            ConfigError: when it is no encoder that reads token ids with a mask.
        """
        super().__init__()
        if getattr(encoder, "pooler", None) is not None:
            # Not on the path to the loss: no gradients, which distributed training refuses.
            encoder.pooler = None  # type: ignore[assignment]
        self.encoder = encoder
        self.tokens: TokenPooling = token_pooling or token_pooling_of(encoder)
        self.dropout = nn.Dropout(dropout)
        width = int(encoder.config.hidden_size)  # type: ignore[arg-type, union-attr]
        self.head = nn.Linear(width, classes)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.windows = WindowPooling(width, pooling)
        # Made last: the head starts as it does without it.
        self.side = SideInput(side_columns, width, dropout) if side_columns else None

    def forward(
        self,
        side: torch.Tensor | None = None,
        **texts: Any,  # noqa: ANN401 - what `pool` takes
    ) -> torch.Tensor:
        """Return logits, shape (texts, classes), for what `packing.Collator.tensors` makes."""
        return self.classify(self.pool(**texts), side)

    def pool(
        self,
        input_ids: torch.Tensor,
        windows: torch.Tensor | None = None,
        scores: torch.Tensor | None = None,
        **others: Any,  # noqa: ANN401 - a mask, or positions and bounds
    ) -> torch.Tensor:
        """The vectors of texts, shape (texts, width).

        Packed tensors want an encoder whose attention is `packing.PACKED`.
        """
        hidden = self.encoder(input_ids=input_ids, **others).last_hidden_state
        pooled = pool_tokens(hidden, self.tokens, others)
        if windows is not None and scores is not None:
            pooled = self.windows(pooled, windows, scores)
        return pooled.to(self.head.weight.dtype)

    def save_encoder(self, folder: Path) -> None:
        """Write the encoder's files into a folder."""
        self.encoder.save_pretrained(folder)  # type: ignore[operator]

    def classify(self, pooled: torch.Tensor, side: torch.Tensor | None = None) -> torch.Tensor:
        """Logits, shape (rows, classes), of vectors and the side inputs of a task that has some."""
        vectors = self.dropout(pooled)
        if self.side is not None:
            vectors = vectors + self.side(side)
        logits: torch.Tensor = self.head(vectors)
        return logits


def read_logits(
    module: PooledClassifier,
    texts: EncodedTexts | WindowedTexts | TextsBeside,
    collator: Collator,
) -> torch.Tensor:
    """Score texts in batches of like lengths, on the module's device.

    Args:
        module: in evaluation mode.
        texts: any number; memory is bounded by a batch's activations.
        collator: packs only where the module's attention is packed.

    Returns:
        Logits, shape (len(texts), classes), float32, on the CPU, in the texts' order.
    """
    head = module.head
    if not isinstance(texts, TextsBeside):
        return _read(module, texts, collator, head.weight.device, head.out_features)
    pooled = _read(module.pool, texts.texts, collator, head.weight.device, head.in_features)
    out = torch.zeros((len(texts), head.out_features))
    with torch.inference_mode():
        for start in range(0, len(texts), SCORE_BLOCK):
            rows = slice(start, start + SCORE_BLOCK)
            side = torch.from_numpy(texts.side[rows]).to(head.weight.device)
            vectors = pooled[torch.from_numpy(texts.of[rows])].to(head.weight)
            out[rows] = module.classify(vectors, side).float().cpu()
    return out


def _read(
    compute: Callable[..., torch.Tensor],
    texts: EncodedTexts | WindowedTexts,
    collator: Collator,
    device: torch.device,
    columns: int,
) -> torch.Tensor:
    """What is computed of each text, shape (len(texts), columns), float32, on the CPU."""
    out = torch.zeros((len(texts), columns))
    parts: list[tuple[list[int], torch.Tensor]] = []
    with torch.inference_mode():
        for batch in length_buckets(texts.lengths.tolist(), TOKENS_PER_BATCH[device.type]):
            tensors = collator.tensors(texts.take(np.array(batch)))
            parts.append((batch, compute(**to_device(tensors, device)).float()))
    # Fetched when all batches are under way: a GPU does not wait for the CPU in between.
    for batch, found in parts:
        out[batch] = found.cpu()
    return out


class EncoderModel:
    """A fine-tuned encoder; keeps `sftsec_core.api.contracts.TrainedModel`."""

    def __init__(
        self,
        module: PooledClassifier,
        tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
        labels: Sequence[str],
        *,
        reading: Reading,
        selector: WindowSelector | None = None,
        side: DenseBlock | None = None,
        precision: Precision = "auto",
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        """Take a trained module and what it needs to read texts.

        Args:
            module: with `len(labels)` columns; it is moved to the best device and frozen. One in 8
                bits stays on the CPU.
            tokenizer: of its encoder.
            labels: the classes, in the columns' order.
            reading: what is read of a text.
            selector: ranks the windows of a text that has more than are read.
            side: encodes the numbers and categories beside the text; None without any.
            precision: what it computes in; "auto" as `Twin` chooses.
            notes: what is worth knowing of its training; not kept with the model.
        """
        self.notes = dict(notes or {})
        self._int8 = module.graph is not None
        self._module = module.to("cpu" if self._int8 else pick_device()).eval()
        self._module.requires_grad_(False)
        self._collator, self._reader = Collator(0, 0), self._module
        self._precision: str = INT8
        if not self._int8:
            twin = Twin(self._module, tokenizer, precision=precision)
            self._precision = twin.precision if precision == "auto" else precision
            self._collator, self._reader = twin.collator, prepacked(twin.module)
        self._tokenizer = tokenizer
        self._labels = tuple(labels)
        self._reading, self._selector, self._side = reading, selector, side

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of `predict_proba`'s columns."""
        return self._labels

    @property
    def module(self) -> PooledClassifier:
        """The network itself, for explainers and audits that need gradients."""
        return self._module

    @property
    def inference_cost(self) -> int | None:
        """Of one in 8 bits; None where it is the recipe's."""
        return INT8_COST if self._int8 else None

    @property
    def tokenizer(self) -> Any:  # noqa: ANN401 - transformers gives it no useful type
        """What makes token ids of texts."""
        return self._tokenizer

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels)); rows sum to 1, in the batch's order.

        Equal texts within a block are computed once, whatever stands beside them. Memory is bounded
        by a block's token ids and one batch's activations, whatever the number of rows.
        """
        out = np.zeros((len(batch), len(self._labels)))
        for start in range(0, len(batch), SCORE_BLOCK):
            block = batch.slice(start, start + SCORE_BLOCK)
            logits = self._logits(block)
            out[start : start + len(block)] = torch.softmax(logits.double(), dim=-1).numpy()
        return out

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        """Which rows it reads to their end; shape (len(batch),)."""
        return np.array([not spans for spans in self.unread(batch)], dtype=bool)

    def unread(self, batch: Batch) -> list[list[Span]]:
        """What it does not read of each row's text: spans of characters."""
        texts = read_texts(batch.text(), self._tokenizer, self._reading, self._selector)
        return [read.unread for read in texts]

    def _logits(self, batch: Batch) -> torch.Tensor:
        texts, of = distinct(batch.text())
        encoded = encode_windows(texts, self._tokenizer, self._reading, self._selector)
        if self._side is None:
            return read_logits(self._reader, encoded, self._collator)[torch.from_numpy(of)]
        rows = TextsBeside(encoded, of, encode_side(self._side, batch))
        return read_logits(self._reader, rows, self._collator)

    def embedded(self, batch: Batch) -> list[EmbeddedText] | None:
        """Each row's text as token vectors; None where this encoder has no gradients."""
        from sftsec_core.recipes.encoder.embedding import embed_batch

        side = None
        if self._side is not None:
            side = torch.from_numpy(encode_side(self._side, batch)).to(self._module.head.weight)
        reading = (self._tokenizer, self._reading, self._selector)
        bf16 = self._precision == "bf16"
        return embed_batch(self._module, batch.text(), side, reading, bf16=bf16)

    def embed(self, batch: Batch) -> NDArray[np.float32]:
        """The vectors of the texts under the head, rows of length 1; shape (len(batch), width)."""
        texts, of = distinct(batch.text())
        encoded = encode_windows(texts, self._tokenizer, self._reading, self._selector)
        head = self._module.head
        pooled = _read(
            self._reader.pool, encoded, self._collator, head.weight.device, head.in_features
        )
        return nn.functional.normalize(pooled)[torch.from_numpy(of)].numpy()

    def quantized(self) -> EncoderModel:
        """The same model with its encoder in 8 bits, which ONNX Runtime computes on a CPU.

        Raises:
            TrainingError: when it is one already, or cannot be exported.
        """
        from sftsec_core.recipes.encoder.int8 import int8_classifier

        if self._int8:
            raise TrainingError("the model is in 8 bits already")
        if not self._tokenizer.is_fast:
            raise TrainingError(
                "a tokenizer that is written in Python takes longer than int8 saves"
            )
        return EncoderModel(
            int8_classifier(self._module.cpu()),
            self._tokenizer,
            self._labels,
            reading=self._reading,
            selector=self._selector,
            side=self._side,
        )

    def save(self, folder: Path) -> None:
        """Write weights (safetensors or ONNX) and settings (JSON) into an existing empty folder."""
        with quiet_transformers():
            self._module.save_encoder(folder)
            self._tokenizer.save_pretrained(folder)
        save_file(head_tensors(self._module), folder / HEAD)
        if self._selector:
            write_tensors(folder / SELECTOR, self._selector.tensors())
        if self._side:
            write_tensors(folder / SIDE, self._side.tensors())
        settings = {
            "labels": list(self._labels),
            **self._reading.to_json(),
            "pooling": self._module.windows.how,
            **({} if self._int8 else {"token_pooling": self._module.tokens}),
            "selector": self._selector is not None,
            "precision": self._precision,
            **({"side": self._side.to_json()} if self._side else {}),
        }
        write_json(folder / SETTINGS, settings)

    @classmethod
    def load(cls, folder: Path) -> EncoderModel:
        """Read what `save` wrote, without unpickling or running anything.

        Raises:
            IntegrityError: when a file is missing or does not fit the others.
        """
        settings = read_json(folder / SETTINGS)
        try:
            labels, reading = settings["labels"], Reading.from_json(settings)
            precision = settings.get("precision", "fp32")
            side = load_side(folder, settings.get("side"))
            head = load_file(folder / HEAD)
            columns, pooling = side.width if side else 0, settings.get("pooling", "mean")
            tokens = settings.get("token_pooling", "mean")
            with quiet_transformers():
                if precision == INT8:
                    module = load_int8(folder, head, pooling, columns)
                else:
                    encoder = load_whole(folder)
                    module = PooledClassifier(encoder, len(labels), 0.0, pooling, columns, tokens)
                tokenizer = load_tokenizer(folder)
            load_head(module, head)
            selector = None
            if settings.get("selector"):
                selector = WindowSelector.from_tensors(read_tensors(folder / SELECTOR))
        except (OSError, RuntimeError, KeyError, ValueError, SafetensorError) as error:
            raise IntegrityError(f"{folder} holds no whole fine-tuned model: {error}") from error
        return cls(
            module,
            tokenizer,
            labels,
            reading=reading,
            selector=selector,
            side=side,
            precision="auto" if precision == INT8 else precision,
        )
