"""The pretrained encoder, loaded from files that `encoder_files` has checked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from safetensors import safe_open
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as hf_logging

from sftsec_core.api.errors import IntegrityError
from sftsec_core.recipes.encoder.architecture import (
    CONFIG,
    UNREADABLE,
    cause,
    check_architecture,
)
from sftsec_core.recipes.encoder_files import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_FLOATS = ("F32", "F16", "BF16", "F64")  # as a file of safetensors has it
_WANTED = "it needs a tokenizer.json, as tokenizer.save_pretrained writes it"


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence its progress bars and its notes on what a checkpoint lacks; errors stay."""
    verbosity, bars = hf_logging.get_verbosity(), hf_logging.is_progress_bar_enabled()
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        hf_logging.set_verbosity(verbosity)
        if bars:
            hf_logging.enable_progress_bar()


def pick_device() -> torch.device:
    """The first CUDA device if there is one, then Apple's, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def half_precision(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware: three times as fast as float32 here.

    Emulated bfloat16 is slower than float32, so a CPU without it stays in float32.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        abilities = torch.cpu.get_capabilities()
        return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
    return False


def load_tokenizer(folder: Path) -> Any:  # noqa: ANN401 - transformers gives it no useful type
    """Load the tokenizer of a folder, from disk only, without running code from it.

    A text is cut and padded on the right, on whichever side the folder says: see `token_pooling`.

    Raises:
        IntegrityError: when the folder holds none that can be read, or one without a vocabulary.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            padding_side="right",
            truncation_side="right",
        )
    except UNREADABLE as error:
        raise IntegrityError(f"{folder} holds no tokenizer that can be read: {_WANTED}") from error
    # Of a folder without its files transformers makes one that knows the special tokens alone.
    if len(tokenizer.get_vocab()) <= len(tokenizer.all_special_ids):
        raise IntegrityError(f"{folder} holds no vocabulary of a tokenizer: {_WANTED}")
    return tokenizer


def load_encoder(folder: Path) -> torch.nn.Module:
    """Load the encoder of a folder in float32, in evaluation mode, without its own pickles or code.

    Of a folder with a classifier or a language model on top it is the body. Call `resolve_encoder`
    first: this function does not check digests.

    Raises:
        IntegrityError: when the folder is of no text model that is read, is damaged, or lacks
            weights, which transformers itself would make up.
    """
    config = check_architecture(folder)
    try:
        _refuse_quantized(folder / WEIGHTS)
        with quiet_transformers():
            model, found = AutoModel.from_pretrained(
                folder,
                config=config,
                output_loading_info=True,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
            )
    except UNREADABLE as error:
        raise IntegrityError(
            f"{folder / WEIGHTS} is damaged, or does not fit its {CONFIG} ({cause(error)})"
        ) from error
    lacking = sorted(key for key in found["missing_keys"] if "pooler." not in key)
    if lacking:
        raise IntegrityError(f"{folder / WEIGHTS} lacks {', '.join(lacking[:3])} ...")
    for name, weights in model.named_parameters():
        if not bool(weights.isfinite().all()):
            raise IntegrityError(f"{folder / WEIGHTS} has numbers in {name} that are not finite")
    config.use_cache = False  # a decoder's, for texts that it generates
    encoder: torch.nn.Module = model.eval()
    return encoder


def _refuse_quantized(file: Path) -> None:
    """Refuse weights of integers, which a configuration that says nothing of them has read as such.

    Raises:
        IntegrityError: naming the first.
        SafetensorError: when the file is damaged.
    """
    with safe_open(file, framework="pt") as weights:
        for name in weights.keys():  # noqa: SIM118 - it is no mapping
            kind = weights.get_slice(name).get_dtype()
            if name.endswith(".weight") and kind not in _FLOATS:
                allowed = ", ".join(_FLOATS)
                raise IntegrityError(f"{file} has {name} in {kind}: give weights in {allowed}")


def depth(encoder: torch.nn.Module) -> int:
    """How many layers an encoder has."""
    config: Any = encoder.config
    return int(config.num_hidden_layers)


def length_buckets(lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    """Group indices of like lengths, longest first, so that a padded batch stays in the budget.

    Longest first: a device without the memory fails at once, and not at the end.

    Args:
        lengths: tokens of each text.
        token_budget: rows times longest row of a batch, at most; a longer text goes alone.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batch: list[int] = []
    for index in order:
        longest = lengths[batch[0]] if batch else lengths[index]
        if batch and (len(batch) + 1) * max(longest, 1) > token_budget:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def mean_pool(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Average the token vectors that are not padding.

    Args:
        hidden: shape (rows, tokens, dim).
        mask: 1 for a token, 0 for padding; shape (rows, tokens).

    Returns:
        Shape (rows, dim), float32.
    """
    weights = mask.unsqueeze(-1).to(torch.float32)
    return (hidden.float() * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
