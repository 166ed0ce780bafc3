"""Which encoders of transformers are read, and how: as an encoder or as a decoder.

A folder holds the body of any text model that transformers knows: an encoder, a decoder, or either
with a classifier on top, which is left out: its classes are others'. Whether a token sees those
after it is tried, not looked up by name: the same kind of model comes with either attention.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoConfig

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.recipes.encoder.byte_encoder import KIND

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.recipes.reading import Reading

CONFIG = "config.json"
ALLOWED = (
    "an encoder (such as bert, roberta, distilbert, modernbert) or a decoder (such as llama, "
    "qwen2, mistral, gpt2), with or without a classifier, of unquantized weights"
)
# What a damaged folder has transformers raise: whatever its own code stumbles over first.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    SafetensorError,
    StrictDataclassError,
    TypeError,
    ValueError,
)
TOLD_CHARACTERS = 160  # of such an error
TRIED_TOKENS = 12  # of the text that tells whether a model is causal
TOLERANCE = 1e-5  # of the vectors' largest value


def check_architecture(folder: Path) -> Any:  # noqa: ANN401 - transformers gives it no useful type
    """Read a folder's configuration and refuse what is no text model that can be read.

    Args:
        folder: whose files `resolve_encoder` has checked.

    Returns:
        The configuration.

    Raises:
        IntegrityError: naming the file and what is allowed.
    """
    file = folder / CONFIG
    if not file.is_file():
        raise IntegrityError(f"{folder} holds no {CONFIG}: give the folder of {ALLOWED}")
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{file} names no model that is known: give {ALLOWED}") from error
    except UNREADABLE as error:
        raise IntegrityError(f"{file} is damaged ({cause(error)})") from error
    problem = _problem(config)
    if problem is not None:
        raise IntegrityError(f"{file} is of {problem}: give {ALLOWED}")
    return config


def cause(error: Exception) -> str:
    """An error of another library in one line: its class, and the beginning of what it says."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:TOLD_CHARACTERS]}"


def _problem(config: Any) -> str | None:  # noqa: ANN401 - see check_architecture
    if config.is_encoder_decoder:
        return f"an encoder-decoder ({config.model_type})"
    if config.model_type not in _text_models():
        return f"a model that reads no text ({config.model_type})"
    if getattr(config, "quantization_config", None) is not None:
        return "quantized weights"
    if not isinstance(getattr(config, "hidden_size", None), int):
        return f"a model of more than text ({config.model_type})"
    if getattr(config, "num_hidden_layers", 1) < 1:
        return "a model without layers"
    return None


def _text_models() -> frozenset[str]:
    """The kinds that transformers has a language model or a classifier of texts of."""
    from transformers.models.auto import modeling_auto

    return frozenset(
        {
            KIND,
            *modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
            *modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
            *modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
        }
    )


def reads_causally(encoder: torch.nn.Module) -> bool:
    """Whether a token's vector says nothing of the tokens after it, as a decoder's does.

    Args:
        encoder: it is left as it was.

    Raises:
        ConfigError: when it does not read token ids with a mask.
    """
    config: Any = encoder.config
    device, training = next(encoder.parameters()).device, encoder.training
    ids = torch.arange(TRIED_TOKENS, device=device)[None] % config.vocab_size
    other = ids.clone()
    other[0, -1] = 0
    encoder.eval()
    try:
        with torch.inference_mode():
            both = [
                encoder(input_ids=each, attention_mask=torch.ones_like(each)).last_hidden_state[0]
                for each in (ids, other)
            ]
    except (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError) as error:
        raise ConfigError(
            f"the encoder's kind, {config.model_type!r}, cannot be read ({type(error).__name__}): "
            f"give {ALLOWED}"
        ) from error
    finally:
        encoder.train(training)
    one, two = (hidden[:-1].float() for hidden in both)
    return bool((one - two).abs().max() <= TOLERANCE * one.abs().max())


def check_reading(
    encoder: torch.nn.Module,
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
    reading: Reading,
) -> None:
    """Refuse windows that an encoder has no positions for, and tokens that it has no vectors for.

    Raises:
        ConfigError: when windows are longer than it reads.
        IntegrityError: when the tokenizer has tokens that the weights do not have.
    """
    vectors = encoder.get_input_embeddings().weight.shape[0]  # type: ignore[operator]
    highest = max(tokenizer.get_vocab().values(), default=0)
    padding = tokenizer.pad_token_id
    if highest >= vectors and highest != padding:  # a padding that was added is never looked up
        raise IntegrityError(
            f"the encoder's tokenizer.json has tokens up to {highest}, and its {CONFIG} has "
            f"vocab_size {vectors}: they are not of one model"
        )
    positions = positions_of(encoder)
    if positions is not None and reading.max_length > positions:
        raise ConfigError(
            f"the recipe's encoder.max_length is {reading.max_length}, and the encoder reads "
            f"{positions} tokens at once, as its {CONFIG} says: lower it, more windows read the "
            "rest"
        )


def positions_of(encoder: torch.nn.Module) -> int | None:
    """Tokens that an encoder reads at once, at most; None where its configuration has no bound."""
    most = getattr(encoder.config, "max_position_embeddings", None)
    if not isinstance(most, int) or most <= 0:
        return None
    # RoBERTa's kind counts positions from behind the padding's id, within the same table.
    embeddings = getattr(encoder, "embeddings", None)
    padding = getattr(getattr(embeddings, "position_embeddings", None), "padding_idx", None)
    return most if padding is None else most - padding - 1


def filling_id(
    source: Any,  # noqa: ANN401 - transformers gives it no useful type
    encoder: torch.nn.Module,
) -> int:
    """The id that fills padded rows, which nothing attends to.

    Args:
        source: a tokenizer or a configuration: its padding is taken where it has one,
        encoder: and this has a vector for it, which padding that was added later lacks.
    """
    vectors = encoder.get_input_embeddings().weight.shape[0]  # type: ignore[operator]
    padding = source.pad_token_id
    return int(padding) if padding is not None and 0 <= padding < vectors else 0
