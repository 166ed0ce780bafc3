"""Folders of tiny models with random weights, as transformers writes them, of several kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sftsec_core.recipes.config import EncoderSettings
from tests.core.recipes.tiny_encoder import settings_of

POSITIONS = 96
_SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": POSITIONS,
}
_GROUPED = {**_SMALL, "num_key_value_heads": 2, "pad_token_id": None}
# The class of the whole model, its configuration's settings, whether it is a decoder.
KINDS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "llama": ("LlamaForCausalLM", _GROUPED, True),
    "llama-classifier": ("LlamaForSequenceClassification", _GROUPED, True),
    "qwen2": ("Qwen2ForCausalLM", _GROUPED, True),
    "gpt2": (
        "GPT2LMHeadModel",
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": POSITIONS},
        True,
    ),
    "mistral": ("MistralForCausalLM", {**_GROUPED, "sliding_window": 8}, True),
    "bert-classifier": ("BertForSequenceClassification", _SMALL, False),
    "roberta-classifier": (
        "RobertaForSequenceClassification",
        {**_SMALL, "pad_token_id": 1, "max_position_embeddings": POSITIONS + 2},
        False,
    ),
    "distilbert-classifier": (
        "DistilBertForSequenceClassification",
        {
            "dim": 32,
            "n_layers": 2,
            "n_heads": 4,
            "hidden_dim": 64,
            "max_position_embeddings": POSITIONS,
        },
        False,
    ),
    "modernbert-classifier": (
        "ModernBertForSequenceClassification",
        {**_SMALL, "local_attention": 8, "global_attn_every_n_layers": 2},
        False,
    ),
}
DECODERS = tuple(name for name, (_, _, decoder) in KINDS.items() if decoder)
SPECIAL = ("<|endoftext|>", "<pad>")


def make_tokenizer(*, padding: str | None = None) -> Any:
    """A fast byte-level tokenizer without special tokens around a text, as GPT-2's is."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*SPECIAL, *alphabet])}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=SPECIAL[0], pad_token=padding, padding_side="left"
    )


def make_model(folder: Path, kind: str, **settings: Any) -> EncoderSettings:
    """Write a model of one of `KINDS` with its tokenizer; what names it."""
    import torch
    import transformers

    from sftsec_core.recipes.encoder.encoder import quiet_transformers

    name, chosen, _ = KINDS[kind]
    tokenizer = make_tokenizer(padding=None if kind in DECODERS else SPECIAL[1])
    whole = getattr(transformers, name)
    ends: dict[str, int | None] = {
        "bos_token_id": 0,
        "eos_token_id": 0,
        "cls_token_id": 0,
        "sep_token_id": 0,
    }
    ends = {**ends, "pad_token_id": None if kind in DECODERS else 1}
    config = whole.config_class(**{"vocab_size": len(tokenizer), **ends, **chosen, **settings})
    folder.mkdir(parents=True)
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(1)
        whole(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return settings_of(folder).model_copy(update={"max_length": 48, "overlap": 4})
