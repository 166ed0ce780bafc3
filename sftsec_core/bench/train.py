"""How fast `full` trains an encoder, beside `transformers.Trainer` as a user would tune it.

One epoch from texts in memory to a model in memory, tokenizing, loading and checkpoints included,
on synthetic URLs and scripts; the encoder has random weights, which cost what trained ones do.
MFU is the model's arithmetic (6 times its weights for each token, and attention) a second, as a
share of what a large matrix product of the same numbers reaches on the device in the same run
(Chowdhery 2022).
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Example, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from transformers import TrainingArguments

    from sftsec_core.recipes.config import EncoderSettings

SHAPES: Mapping[str, Mapping[str, int]] = {
    "bert-base": {},  # the configuration's own defaults
    "minilm": {
        "hidden_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
    },
}
LABELS = ("benign", "malicious")
_WORDS = ("login", "update", "secure", "cdn", "mail", "docs", "img", "account", "verify", "static")
_COMMANDS = (
    "Get-ChildItem -Path {} -Recurse | Where-Object {{ $_.Length -gt {} }}",
    "$client = New-Object System.Net.WebClient; $client.DownloadString('http://{}/{}')",
    "if (Test-Path {}) {{ Copy-Item {} -Destination $env:TEMP }}",
    "Invoke-Command -ComputerName {} -ScriptBlock {{ Restart-Service {} }}",
)
TUNED = "transformers.Trainer, tuned"
TUNED_BF16 = "transformers.Trainer, tuned, bf16"
DEFAULTS = "transformers.Trainer, defaults"
WARM_ROWS = 64
PRODUCT = {"cuda": 8192, "cpu": 1024, "mps": 2048}  # size of the matrix product that is the measure


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of text.

    Attributes:
        rows: examples by default.
        max_length: tokens read of each.
        make: a text from random numbers and the class.
    """

    rows: int
    max_length: int
    make: Callable[[np.random.Generator, int], str]


def _url(random: np.random.Generator, label: int) -> str:
    words = random.choice(_WORDS, 4)
    host = f"{words[0]}-{words[1]}{random.integers(1000)}.{'top' if label else 'example'}"
    return f"https://{host}/{words[2]}/{words[3]}?id={random.integers(10**6):x}"


def _script(random: np.random.Generator, label: int) -> str:
    def line() -> str:
        a, b = random.integers(10**6, size=2)
        return str(_COMMANDS[random.integers(len(_COMMANDS))]).format(f"C:\\{a:x}", f"{b:x}")

    body = "\n".join(line() for _ in range(int(random.gamma(4, 3.2)) + 1))
    return f"{body}\n{'IEX $payload' if label else 'exit 0'}"


KINDS: Mapping[str, Kind] = {
    "urls": Kind(100_000, 128, _url),
    "scripts": Kind(20_000, 512, _script),
}


def run_train_bench(
    kind: str,
    shape: str,
    rows: int | None,
    batch_tokens: int | None,
    *,
    defaults: bool,
    warm_rows: int = WARM_ROWS,
) -> dict[str, Any]:
    """Train once with ours and with each peer, in turns on one device.

    Args:
        kind: of `KINDS`.
        shape: of `SHAPES`.
        rows: examples; None: as many as the kind has, a fiftieth of it on a CPU.
        batch_tokens: of `full`, on a GPU; None: its own choice.
        defaults: measure the Trainer with its defaults too, on a tenth of the rows.
        warm_rows: examples that each side is trained on before it is measured.

    Returns:
        device, kind, shape, rows, mean_tokens, product_tflops (of the measure), and sides: rows of
        side, seconds, rows_per_s, cpu_s (of all threads), ratio (its rows_per_s to the tuned
        Trainer's), mfu (0 to 1), peak_gib (of the device's memory; None on a CPU).
    """
    import torch

    from sftsec_core.recipes.encoder.encoder import pick_device

    device = pick_device()
    chosen = KINDS[kind]
    count = rows or (chosen.rows if device.type == "cuda" else chosen.rows // 50)
    texts, labels = make_texts(chosen, count)
    with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch:
        encoder = Path(scratch) / "encoder"
        lengths = _make_encoder(encoder, shape, texts, chosen.max_length)
        tried = _Tried(encoder, texts, labels, chosen.max_length, Path(scratch))
        sides = _sides(tried, batch_tokens, defaults=defaults)
        product = _product_flops(device.type)
        measured = []
        for name, side in sides.items():
            side(warm_rows)
            n = count // 10 if name == DEFAULTS else count
            figures = _measure(partial(side, n))
            rate = training_flops(SHAPES[shape], lengths[:n]) / figures["seconds"]
            figures["rows_per_s"] = round(n / figures["seconds"], 1)
            measured.append({"side": name, **figures, "mfu": round(rate / product, 4)})
    tuned = next(row["rows_per_s"] for row in measured if row["side"] == TUNED)
    for row in measured:
        row["ratio"] = round(row["rows_per_s"] / tuned, 2)
    return {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else device.type,
        "kind": kind,
        "shape": shape,
        "rows": count,
        "mean_tokens": round(float(lengths.mean()), 1),
        "product_tflops": round(product / 1e12, 2),
        "sides": measured,
    }


@dataclass(frozen=True, slots=True)
class _Tried:
    """What all sides train on: an encoder's folder, texts and their classes."""

    encoder: Path
    texts: Sequence[str]
    labels: Sequence[int]
    max_length: int
    scratch: Path


def _sides(
    tried: _Tried, batch_tokens: int | None, *, defaults: bool
) -> dict[str, Callable[[int], object]]:
    """What is measured, by name: each trains on so many rows."""
    from sftsec_core.recipes.encoder.encoder import half_precision, pick_device

    device, encoder, examples = pick_device(), _settings(tried), _examples(tried)
    sides: dict[str, Callable[[int], object]] = {
        "sftsec full": lambda n: _ours(tried, encoder, examples[:n], batch_tokens),
        TUNED: lambda n: _peer(tried, n, _tuned(bf16=device.type == "cuda")),
    }
    if device.type == "cpu" and half_precision(device):
        plain = encoder.model_copy(update={"precision": "fp32"})
        sides["sftsec full, fp32"] = lambda n: _ours(tried, plain, examples[:n], batch_tokens)
        sides[TUNED_BF16] = lambda n: _peer(tried, n, _tuned(bf16=True))
    if defaults:
        sides[DEFAULTS] = lambda n: _peer(tried, n, {})
    return sides


def _examples(tried: _Tried) -> list[Example]:
    return [
        Example.of_text(str(i), text, LABELS[label])
        for i, (text, label) in enumerate(zip(tried.texts, tried.labels, strict=True))
    ]


def make_texts(kind: Kind, count: int) -> tuple[list[str], list[int]]:
    """Write synthetic texts of two classes, the same ones each time."""
    random = np.random.default_rng(7)
    labels = [i % 2 for i in range(count)]
    return [kind.make(random, label) for label in labels], labels


def training_flops(shape: Mapping[str, int], lengths: np.ndarray[Any, Any]) -> float:
    """Floating-point operations to train a BERT once on texts of these lengths, in tokens."""
    from transformers import BertConfig

    config = BertConfig(**shape)
    hidden, layers = config.hidden_size, config.num_hidden_layers
    weights = layers * (4 * hidden * hidden + 2 * hidden * config.intermediate_size)
    squares = float((lengths.astype(np.float64) ** 2).sum())
    return float(6 * weights * lengths.sum() + 12 * layers * hidden * squares)


def _make_encoder(
    folder: Path, shape: str, texts: Sequence[str], max_length: int
) -> np.ndarray[Any, Any]:
    """Write an encoder of random weights and tell the texts' lengths under its tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    from sftsec_core.recipes.config import EncoderSettings
    from sftsec_core.recipes.encoder.data import encode_texts
    from sftsec_core.recipes.encoder.encoder import load_tokenizer, quiet_transformers
    from sftsec_core.recipes.encoder_files import resolve_encoder

    tokenizer = load_tokenizer(resolve_encoder(EncoderSettings()).folder)
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(1)
        BertModel(BertConfig(**SHAPES[shape])).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return encode_texts(texts, tokenizer, max_length).lengths


def _measure(run: Callable[[], object]) -> dict[str, Any]:
    import torch

    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    run()
    if cuda:
        torch.cuda.synchronize()
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    peak = round(torch.cuda.max_memory_allocated() / 2**30, 2) if cuda else None
    return {"seconds": round(seconds, 3), "cpu_s": round(cpu, 3), "peak_gib": peak}


def _product_flops(kind: str) -> float:
    """What a matrix product reaches: in bfloat16 on a GPU, in float32 on a CPU."""
    import torch

    size = PRODUCT[kind]
    numbers = torch.bfloat16 if kind == "cuda" else torch.float32
    a, b = (torch.randn(size, size, device=kind, dtype=numbers) for _ in range(2))

    def seconds(times: int) -> float:
        begin = time.perf_counter()
        for _ in range(times):
            a @ b
        if kind == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - begin) / times

    seconds(3)
    return 2 * size**3 / seconds(10)


def _settings(tried: _Tried) -> EncoderSettings:
    from sftsec_core.recipes.config import EncoderSettings
    from sftsec_core.recipes.encoder_files import WEIGHTS, EncoderFiles, file_sha256

    files = {path.name: file_sha256(path) for path in tried.encoder.iterdir()}
    digest = EncoderFiles(tried.encoder, files[WEIGHTS], files).digest
    return EncoderSettings(path=str(tried.encoder), sha256=digest, max_length=tried.max_length)


def _ours(
    tried: _Tried,
    encoder: EncoderSettings,
    examples: Sequence[Example],
    batch_tokens: int | None,
) -> object:
    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.api.settings.task import TrainSettings
    from sftsec_core.recipes.config import FineTuneConfig
    from sftsec_core.recipes.encoder.full import train_full

    chosen: dict[str, Any] = {} if batch_tokens is None else {"batch_tokens": batch_tokens}
    job = TrainJob(
        task=TaskSpec.of_text("bench", ("message",), LABELS, benign=LABELS[0]),
        train=examples,
        dev=(),
        config=FineTuneConfig(encoder=encoder, epochs=1, **chosen),
        settings=TrainSettings(),
        workdir=tried.scratch / f"ours-{encoder.precision}-{len(examples)}",
        log=lambda _step, _values: None,
        deadline_s=None,
    )
    return train_full(job)


class _Rows:
    """A peer's data set: tokenized by its own tokenizer, as its documentation shows."""

    def __init__(self, rows: Mapping[str, Any], labels: Sequence[int]) -> None:
        self.rows, self.labels = rows, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {**{k: v[index] for k, v in self.rows.items()}, "labels": self.labels[index]}


def _peer(tried: _Tried, rows: int, better: Mapping[str, Any]) -> object:
    """The Trainer with its defaults, and what is better than those."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        PrinterCallback,
        Trainer,
    )

    from sftsec_core.recipes.encoder.encoder import quiet_transformers

    with quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(tried.encoder, local_files_only=True)
        model = AutoModelForSequenceClassification.from_pretrained(
            tried.encoder, local_files_only=True
        )
        texts = list(tried.texts[:rows])
        encoded = tokenizer(texts, truncation=True, max_length=tried.max_length)
        trainer = Trainer(
            model=model,
            args=_peer_arguments(tried.scratch, better),
            train_dataset=_Rows(encoded, tried.labels[:rows]),
            data_collator=DataCollatorWithPadding(tokenizer),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return model


def _tuned(*, bf16: bool) -> dict[str, Any]:
    """What the Trainer's documentation advises for speed."""
    import torch

    return {
        "bf16": bf16,
        "per_device_train_batch_size": 256 if torch.cuda.is_available() else 32,
        "train_sampling_strategy": "group_by_length",
    }


def _peer_arguments(scratch: Path, better: Mapping[str, Any]) -> TrainingArguments:
    import torch
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(scratch / "peer"),
        num_train_epochs=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        logging_strategy="no",
        use_cpu=not torch.cuda.is_available(),
        **better,
    )
