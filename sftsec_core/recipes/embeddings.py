"""Texts to the frozen encoder's vectors, computed once while several recipes ask for the same.

This module imports torch only when the first text is embedded.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.errors import IntegrityError
from sftsec_core.recipes.encoder_files import resolve_encoder, saved_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.config import EncoderSettings

# (the encoder's digest, tokens read, text) to its vector
_Memory = dict[tuple[str, int, str], "NDArray[np.float32]"]
_memory: ContextVar[_Memory | None] = ContextVar("sftsec_embeddings", default=None)


@contextmanager
def remembered_embeddings() -> Iterator[None]:
    """Within this block, a text is embedded once, whichever recipe asks; about 4 KB a text."""
    token = _memory.set({})
    try:
        yield
    finally:
        _memory.reset(token)


class Embedder:
    """A frozen, digest-checked encoder: texts to the vectors of its middle and its last layer.

    The last layer knows what a text means, the middle one still how it is written; a command or
    a URL is told by the second, a sentence by the first.
    """

    def __init__(
        self, settings: EncoderSettings, recorded: Mapping[str, str] | None = None
    ) -> None:
        """Find the encoder and check it; it is loaded when it is first used.

        Args:
            settings: which encoder.
            recorded: the digests of all its files, as a saved model says them.

        Raises:
            ConfigError: when there is no such encoder.
            IntegrityError: when a digest is wrong or it holds what is refused.
        """
        self._settings = settings
        self._files = resolve_encoder(settings, recorded)
        self._loaded: tuple[Any, Any] | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Embedder:
        """Find the encoder that a saved model names, the same one to the bit.

        Raises:
            IntegrityError: when another one lies there now.
        """
        settings, recorded = saved_encoder(value)
        embedder = cls(settings, recorded)
        if embedder._files.sha256 != value["sha256"]:
            raise IntegrityError("the encoder is not the one that the model was trained with")
        return embedder

    def to_json(self) -> dict[str, Any]:
        """What a saved model keeps of the encoder: its name and digests, not its weights."""
        return {
            "path": self._settings.path,
            "sha256": self._files.sha256,
            "files": dict(self._files.files),
            "max_length": self._settings.max_length,
        }

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts.

        Returns:
            Means of the token vectors, shape (len(texts), 2, hidden size).
        """
        memory = _memory.get()
        if memory is None or not texts:
            return self._embed(texts)
        keys = [(self._files.digest, self._settings.max_length, text) for text in texts]
        new = list(dict.fromkeys(key for key in keys if key not in memory))
        memory.update(zip(new, self._embed([text for *_, text in new]), strict=True))
        return np.stack([memory[key] for key in keys])

    def reads_whole(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which texts are no longer than what is read; shape (len(texts),)."""
        from sftsec_core.recipes.encoder.data import within_tokens

        return within_tokens(texts, self._load()[0], self._settings.max_length)

    def _load(self) -> tuple[Any, Any]:
        """The tokenizer and the encoder, loaded when they are first used."""
        from sftsec_core.recipes.encoder import encoder as torch_encoder

        if self._loaded is None:
            encoder = torch_encoder.load_encoder(self._files.folder)
            tokenizer = torch_encoder.load_tokenizer(self._files.folder)
            self._loaded = tokenizer, encoder.to(torch_encoder.pick_device())
        return self._loaded

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        from sftsec_core.recipes.encoder import encoder as torch_encoder

        tokenizer, encoder = self._load()
        depth = torch_encoder.depth(encoder)
        return torch_encoder.embed(
            texts,
            tokenizer,
            encoder,
            layers=(depth // 2, depth),
            max_length=self._settings.max_length,
        )
