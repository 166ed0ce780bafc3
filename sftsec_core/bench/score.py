"""How fast models score on this CPU, beside a transformers pipeline, ONNX Runtime and scikit-learn.

Synthetic URLs, all of them different or as an alert stream repeats them, as texts in memory;
tokenizing is part of it. What has an encoder has the packaged one and a head of random weights,
which cost what trained ones do. The sides take turns, so that other work on the machine slows all
of them alike.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sftsec_core.api.domain import TEXT_INPUT, Example, TaskSpec, Threshold
from sftsec_core.bench.serve_site import LABELS, MAX_LENGTH, bench_model
from sftsec_core.bench.train import KINDS, make_texts
from sftsec_core.evaluation.calibration import TemperatureCalibrator
from sftsec_core.models.model_format import save_model
from sftsec_core.scoring.probabilities import probabilities
from sftsec_core.scoring.scorer import Scorer
from sftsec_core.sdk.threshold import ThresholdDecider

if TYPE_CHECKING:
    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.recipes.encoder.classifier import EncoderModel

Side = Callable[[Sequence[str]], object]
Rows = TypeVar("Rows", bound=Sized)
Answer = TypeVar("Answer")
PIPELINE = "transformers pipeline"
STREAM_DISTINCT = 0.079  # of a SIEM-like stream: 1,581 of 20,000 texts
PAGE = 1000  # rows that are scored at once, as `score` does
ROUNDS = 3
_SLOW = frozenset({PIPELINE})
_LESS = 8  # a slow side scores one row of so many
_PEER_BATCH = 64
_FITTED = 2000  # texts that the linear models are fitted on
_TASK = TaskSpec.of_text("bench", ("message",), LABELS, benign=LABELS[0])


@dataclass(slots=True)
class SideTimes:
    """What a side took for so many rows: seconds, and those of the processor."""

    rows: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0


def run_score_bench(rows: int, *, stream: bool = False, pipeline: bool = True) -> dict[str, Any]:
    """Score the same texts with each side, in turns.

    Args:
        rows: texts of each side in all rounds together; a slow side takes an eighth of them.
        stream: texts repeat themselves as those of alerts do.
        pipeline: measure it too, and give the others' ratio to it.

    Returns:
        rows, distinct (different texts), and sides: rows of side, rows, rows_per_s, cpu_s (of all
        threads), ratio (its rows_per_s to the pipeline's; None without it).
    """
    texts = _texts(rows, stream=stream)
    measured: dict[str, SideTimes] = {}
    with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch:
        sides = _sides(Path(scratch), pipeline=pipeline)
        for part in np.array_split(np.arange(rows), ROUNDS):
            for name, side in sides.items():
                chosen = [texts[i] for i in part]
                if name in _SLOW:
                    chosen = chosen[: max(1, len(chosen) // _LESS)]
                measure_side(side, chosen, measured.setdefault(name, SideTimes()))
    base = measured.get(PIPELINE)
    speeds = {name: each.rows / each.seconds for name, each in measured.items()}
    return {
        "rows": rows,
        "distinct": len(set(texts)),
        "sides": [
            {
                "side": name,
                "rows": each.rows,
                "rows_per_s": round(speeds[name], 1),
                "cpu_s": round(each.cpu_s, 3),
                "ratio": round(speeds[name] / speeds[PIPELINE], 1) if base else None,
            }
            for name, each in measured.items()
        ],
    }


def _texts(rows: int, *, stream: bool) -> list[str]:
    if not stream:
        return make_texts(KINDS["urls"], rows)[0]
    different = make_texts(KINDS["urls"], max(1, round(rows * STREAM_DISTINCT)))[0]
    random = np.random.default_rng(3)
    order = np.concatenate([np.arange(len(different)), random.integers(len(different), size=rows)])
    return [different[i] for i in random.permutation(order[:rows])]


def measure_side(side: Callable[[Rows], Answer], texts: Rows, into: SideTimes) -> Answer:
    """Have a side answer, add what it took, and return what it answers."""
    begin, cpu = time.perf_counter(), time.process_time()
    answer = side(texts)
    into.seconds += time.perf_counter() - begin
    into.cpu_s += time.process_time() - cpu
    into.rows += len(texts)
    return answer


def _sides(scratch: Path, *, pipeline: bool) -> dict[str, Side]:
    from sftsec_core.bench.bare_service import load

    model, linear = bench_model(0), _linear(scratch)
    int8 = model.quantized()
    folder = scratch / "full"
    save_model(model, "full", folder)
    found: dict[str, Side] = {
        "sftsec full": _ours(model),
        "sftsec full, int8": _ours(int8),
        "ONNX Runtime int8, bare": _bare(model, folder, scratch),
        "sftsec linear": _ours(linear),
        "scikit-learn": _sklearn(),
    }
    if pipeline:
        piped = load(folder, MAX_LENGTH)
        found = {PIPELINE: lambda texts: piped(list(texts)), **found}
    others = [text[::-1] for text in make_texts(KINDS["urls"], 16)[0]]
    for side in found.values():
        side(others)  # one-off set-up is no part of the speed
    return found


def _ours(model: TrainedModel) -> Side:
    """Scores as `sftsec score` does, from rendered inputs to calibrated probabilities."""
    scorer = Scorer(
        task=_TASK,
        model=model,
        model_digest="0" * 64,
        calibrator=TemperatureCalibrator(1.0),
        decider=ThresholdDecider(Threshold(0.5, "fixed", 0.5), benign=0),
        steps=lambda incidents: incidents,
        render=lambda _incident: {},
    )

    def score(texts: Sequence[str]) -> None:
        for start in range(0, len(texts), PAGE):
            probabilities([{TEXT_INPUT: text} for text in texts[start : start + PAGE]], scorer)

    return score


def _linear(scratch: Path) -> TrainedModel:
    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.api.settings.task import TrainSettings
    from sftsec_core.recipes.config import LinearConfig
    from sftsec_core.recipes.linear import train_linear

    texts, labels = make_texts(KINDS["urls"], _FITTED)
    examples = [
        Example.of_text(str(i), text, LABELS[label])
        for i, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    return train_linear(
        TrainJob(
            task=_TASK,
            train=examples,
            dev=(),
            config=LinearConfig(),
            settings=TrainSettings(),
            workdir=scratch,
        )
    )


def _sklearn() -> Side:
    """Character n-grams and logistic regression, as scikit-learn's users write them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    made = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        LogisticRegression(max_iter=200),
    )
    made.fit(*make_texts(KINDS["urls"], _FITTED))
    return lambda texts: made.predict_proba(list(texts))


def _bare(model: EncoderModel, folder: Path, scratch: Path) -> Side:
    """ONNX Runtime's own dynamic quantization, in padded batches of texts of like length."""
    import onnxruntime
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import AutoTokenizer

    from sftsec_core.recipes.encoder.int8 import quiet_export

    plain, small = scratch / "bare.onnx", scratch / "bare-int8.onnx"
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ids = torch.ones((2, 9), dtype=torch.int64)
    dims = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens")}
    names = ("input_ids", "attention_mask")
    with quiet_export():
        torch.onnx.export(
            model.module.encoder,
            kwargs=dict.fromkeys(names, ids),
            f=str(plain),
            input_names=names,
            dynamic_shapes=dict.fromkeys(names, dims),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        quantize_dynamic(plain, small, per_channel=True, weight_type=QuantType.QInt8)
    session = onnxruntime.InferenceSession(str(small), providers=["CPUExecutionProvider"])

    def score(texts: Sequence[str]) -> None:
        ordered = sorted(texts, key=len)
        for start in range(0, len(ordered), _PEER_BATCH):
            batch = tokenizer(
                ordered[start : start + _PEER_BATCH],
                padding=True,
                truncation=True,
                max_length=MAX_LENGTH,
                return_tensors="np",
            )
            session.run(None, {name: batch[name].astype(np.int64) for name in names})

    return score
