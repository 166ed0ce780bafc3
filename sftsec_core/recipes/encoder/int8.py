"""A fine-tuned encoder that ONNX Runtime computes in 8 bits, on a CPU; its head stays as it is.

The graph takes texts of one length at once: nothing is padded, and as each token is quantized for
itself (`row_int8`), a text's vector does not depend on what shares its batch. Threads take such
groups in turns; each computes alone, which keeps all cores busy without their waiting for each
other within a product.
"""

from __future__ import annotations

import io
import logging
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from itertools import groupby, pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from sftsec_core.api.errors import IntegrityError, TrainingError
from sftsec_core.recipes.encoder.classifier import PooledClassifier
from sftsec_core.recipes.encoder.classifier_parts import GRAPH
from sftsec_core.recipes.encoder.row_int8 import quantize_linear_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.recipes.reading import Pooling

GROUP_TOKENS = 512  # computed at once by a thread: what a core's cache holds
_TRIED = (2, 9)  # texts and tokens of the example that is exported
_SHAPES = dict(enumerate(map(torch.export.Dim, ("texts", "tokens"))))
HINT = "pip install 'sftsec[onnx]'"
# On a CPU what they fuse into is slower than what they fuse: the first one several times.
_SLOW = ["SkipLayerNormFusion", "BiasGeluFusion"]


class Int8Classifier(PooledClassifier):
    """`PooledClassifier` whose encoder is an ONNX graph; for inference, on the CPU."""

    def __init__(
        self, graph: bytes, width: int, classes: int, pooling: Pooling, side_columns: int
    ) -> None:
        """Load a graph of `export_int8`; the head is to be loaded yet.

        Args:
            graph: the serialized model.
            width: of the vectors that it makes.
            classes: columns of the head.
            pooling: of a text's windows.
            side_columns: of the side inputs; 0 without any.

        Raises:
            TrainingError: when ONNX Runtime is not installed.
            IntegrityError: when the graph is not such a model.
        """
        super().__init__(_NoEncoder(width), classes, 0.0, pooling, side_columns, "mean")
        self.graph: bytes = graph
        self._session = _session(graph)

    def save_encoder(self, folder: Path) -> None:
        """Write the graph into a folder."""
        (folder / GRAPH).write_bytes(self.graph)

    def pool(
        self,
        input_ids: torch.Tensor,
        windows: torch.Tensor | None = None,
        scores: torch.Tensor | None = None,
        **others: Any,  # noqa: ANN401 - of `pack_rows`
    ) -> torch.Tensor:
        """The vectors of packed texts, shape (texts, width); see `PooledClassifier.pool`."""
        groups = _groups(input_ids[0].numpy(), others["bounds"].tolist())
        pooled = torch.from_numpy(np.concatenate(self._run(groups)))
        if windows is not None and scores is not None:
            pooled = self.windows(pooled, windows, scores)
        return pooled

    def _run(self, groups: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        threads = min(_threads(), len(groups))
        if threads < 2:
            return [self._vectors(group) for group in groups]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self._vectors, groups))

    def _vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        (vectors,) = self._session.run(None, {"input_ids": ids})
        return np.asarray(vectors, dtype=np.float32)


class _NoEncoder(nn.Module):
    """Stands where `PooledClassifier` has its encoder, of which it asks the width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.config = SimpleNamespace(hidden_size=width)


def _groups(flat: NDArray[np.int64], bounds: Sequence[int]) -> list[NDArray[np.int64]]:
    """Neighbours of one length as matrices of ids, each of so many tokens as a thread takes."""
    texts = [flat[start:end] for start, end in pairwise(bounds)]
    groups = []
    for length, run in groupby(texts, key=len):
        alike, at_once = np.stack(list(run)), max(1, GROUP_TOKENS // length)
        groups += [alike[start : start + at_once] for start in range(0, len(alike), at_once)]
    return groups


def _threads() -> int:
    """As many as this process may use; `OMP_NUM_THREADS` bounds it as it bounds torch."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdigit() and int(given) else len(os.sched_getaffinity(0))


def _session(graph: bytes) -> Any:  # noqa: ANN401 - onnxruntime's
    try:
        import onnxruntime
    except ImportError as error:
        raise TrainingError(f"a model in 8 bits needs onnxruntime: {HINT}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    try:
        return onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOW
        )
    except Exception as error:  # its errors share no class but this
        raise IntegrityError(f"the graph cannot be loaded: {type(error).__name__}") from error


def int8_classifier(module: PooledClassifier) -> Int8Classifier:
    """The same classifier with its encoder in 8 bits.

    Args:
        module: trained, in float32 on the CPU; it is left as it was.

    Raises:
        TrainingError: when a package is missing, or the encoder cannot be exported.
    """
    head, side = module.head, module.side
    columns = side.inner.in_features if side is not None else 0
    made = Int8Classifier(
        export_int8(module), head.in_features, head.out_features, module.windows.how, columns
    )
    kept = {k: v for k, v in module.state_dict().items() if not k.startswith("encoder.")}
    made.load_state_dict(kept)
    return made.eval().requires_grad_(False)


def export_int8(module: PooledClassifier) -> bytes:
    """The encoder and the pooling of its tokens as a serialized ONNX model, in 8 bits.

    It takes `input_ids`, int64, shape (texts, tokens), none of them padding, and gives vectors,
    float32, shape (texts, width).

    Raises:
        TrainingError: when a package is missing, or the encoder cannot be exported.
    """
    try:
        import onnx  # noqa: F401 - what torch exports with, see below
        import onnxscript  # noqa: F401 - likewise
    except ImportError as error:
        raise TrainingError(f"to export a model takes onnx and onnxscript: {HINT}") from error
    try:
        with quiet_export():
            program = torch.onnx.export(
                _TokensToVector(module).eval(),
                (torch.ones(_TRIED, dtype=torch.int64),),
                input_names=["input_ids"],
                dynamic_shapes={"input_ids": _SHAPES},
                dynamo=True,
                verbose=False,
            )
    except Exception as error:
        kind = getattr(module.encoder.config, "model_type", "unknown")
        raise TrainingError(
            f"an encoder of the kind {kind} cannot be exported to ONNX ({type(error).__name__})"
        ) from error
    graph = program.model_proto  # type: ignore[union-attr]  # None only where a file is written
    if not quantize_linear_layers(graph):
        raise TrainingError("the encoder has no linear layer that could be quantized")
    return bytes(graph.SerializeToString(deterministic=True))


class _TokensToVector(nn.Module):
    """What is exported: no text of a group is padded, so that its mask is of ones."""

    def __init__(self, module: PooledClassifier) -> None:
        super().__init__()
        self.module = module

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        return self.module.pool(input_ids=input_ids, attention_mask=torch.ones_like(input_ids))


@contextmanager
def quiet_export() -> Iterator[None]:
    """Without the exporter's progress, and its notes on packages that it does without."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
