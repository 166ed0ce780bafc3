"""Texts to the frozen encoder's vectors, computed once while several recipes ask for the same.

This module imports torch only when the first text is embedded.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.errors import IntegrityError
from sftsec_core.recipes.encoder_files import resolve_encoder, saved_encoder
from sftsec_core.recipes.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.config import EncoderSettings
    from sftsec_core.recipes.encoder.precision import Computing
    from sftsec_core.recipes.reading import Pooling, Span
    from sftsec_core.recipes.window_selector import WindowSelector

POOLINGS: tuple[Pooling, ...] = ("attention", "mean", "max")  # the first where nothing tells
# (the encoder's digest, what is read, the selector, text) to its vectors in each of POOLINGS: one
# that chooses between poolings asks for dev once a pooling
_Memory = dict[tuple[object, ...], "NDArray[np.float32]"]
_ANY = object()  # in place of a selector: a text of one window is read alike whichever ranks them
_memory: ContextVar[_Memory | None] = ContextVar("sftsec_embeddings", default=None)


@contextmanager
def remembered_embeddings() -> Iterator[None]:
    """Within this block, a text is embedded once, whichever recipe asks; about 10 KB a text."""
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
        self,
        settings: EncoderSettings,
        recorded: Mapping[str, str] | None = None,
        selector: WindowSelector | None = None,
    ) -> None:
        """Find the encoder and check it; it is loaded when it is first used.

        Args:
            settings: which encoder.
            recorded: the digests of all its files, as a saved model says them.
            selector: ranks the windows of a text that has more than are read.

        Raises:
            ConfigError: when there is no such encoder.
            IntegrityError: when a digest is wrong or it holds what is refused.
        """
        self._settings = settings
        self._files = resolve_encoder(settings, recorded)
        self._reading = Reading.of(settings)
        self._selector = selector
        self._loaded: tuple[Any, Computing] | None = None

    @property
    def poolings(self) -> tuple[Pooling, ...]:
        """How it pools a text's windows: one way, or those that are yet to be chosen from."""
        asked = self._settings.pooling
        return (asked,) if asked in POOLINGS else POOLINGS

    def pooled(self, pooling: Pooling) -> Embedder:
        """The same encoder, loaded once, with one pooling."""
        chosen = copy(self)
        chosen._settings = self._settings.model_copy(update={"pooling": pooling})
        return chosen

    @classmethod
    def from_json(
        cls, value: Mapping[str, Any], selector: WindowSelector | None = None
    ) -> Embedder:
        """Find the encoder that a saved model names, the same one to the bit.

        Raises:
            IntegrityError: when another one lies there now.
        """
        settings, recorded = saved_encoder(value)
        embedder = cls(settings, recorded, selector)
        if embedder._files.sha256 != value["sha256"]:
            raise IntegrityError("the encoder is not the one that the model was trained with")
        return embedder

    def to_json(self) -> dict[str, Any]:
        """What a saved model keeps of the encoder: its name, digests and reading, no weights."""
        from sftsec_core.recipes.encoder.precision import settled

        return {
            "path": self._settings.path,
            "sha256": self._files.sha256,
            "files": dict(self._files.files),
            **self._reading.to_json(),
            "precision": settled(self._settings.precision),
            "pooling": self.poolings[0],
        }

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts.

        Returns:
            Means of the token vectors, pooled over the windows in the first of its poolings; shape
            (len(texts), 2, hidden size).
        """
        return self.each(texts)[self.poolings[0]]

    def each(self, texts: Sequence[str]) -> dict[Pooling, NDArray[np.float32]]:
        """Embed texts once, and give the vectors of each of its poolings as `__call__` does."""
        memory = _memory.get()
        if memory is None or not texts:
            return dict(zip(self.poolings, self._embed(texts, self.poolings), strict=True))
        keys = self._keys(texts, memory)
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in memory}
        found = self._embed(list(new.values()), POOLINGS)
        memory.update(zip(new, np.moveaxis(found, 1, 0), strict=True))
        columns = [POOLINGS.index(pooling) for pooling in self.poolings]
        stacked = np.stack([memory[key][columns] for key in keys], axis=1)
        return dict(zip(self.poolings, stacked, strict=True))

    def _keys(self, texts: Sequence[str], memory: _Memory) -> list[tuple[object, ...]]:
        """What each text is remembered by."""
        from sftsec_core.recipes.encoder.windows import fit_one_window

        precision = self._settings.precision
        known = (self._files.digest, precision, self._reading)
        alike = {text: (*known, _ANY, text) for text in texts}
        own = {text: (*known, self._selector, text) for text in texts}
        new = [text for text in alike if alike[text] not in memory and own[text] not in memory]
        tokenizer = self._load()[0] if new else None  # loaded for texts that are not known alone
        fits = dict(zip(new, fit_one_window(new, tokenizer, self._reading), strict=True))
        return [
            alike[text] if alike[text] in memory or fits.get(text) else own[text] for text in texts
        ]

    def unread(self, texts: Sequence[str]) -> list[list[Span]]:
        """What is not read of each text: spans of its characters."""
        from sftsec_core.recipes.encoder.windows import read_texts

        read = read_texts(texts, self._load()[0], self._reading, self._selector)
        return [each.unread for each in read]

    def _load(self) -> tuple[Any, Computing]:
        """The tokenizer and the encoder, loaded and checked when they are first used."""
        from sftsec_core.recipes.encoder import encoder as torch_encoder
        from sftsec_core.recipes.encoder.architecture import check_reading
        from sftsec_core.recipes.encoder.precision import Computing

        if self._loaded is None:
            encoder = torch_encoder.load_encoder(self._files.folder)
            encoder = encoder.to(torch_encoder.pick_device())
            tokenizer = torch_encoder.load_tokenizer(self._files.folder)
            check_reading(encoder, tokenizer, self._reading)
            self._loaded = (
                tokenizer,
                Computing.of(encoder, tokenizer, self._settings.precision),
            )
        return self._loaded

    def _embed(self, texts: Sequence[str], poolings: Sequence[Pooling]) -> NDArray[np.float32]:
        from sftsec_core.recipes.encoder import vectors
        from sftsec_core.recipes.encoder.encoder import depth

        tokenizer, computing = self._load()
        layers = depth(computing.encoder)
        return vectors.embed(
            texts,
            tokenizer,
            computing,
            reading=self._reading,
            selector=self._selector,
            layers=(layers // 2, layers),
            poolings=poolings,
        )
