"""The model of `hardened`: hashed n-grams of windows, two linear heads, the worst window.

Multiple-instance learning: a text is an attack where one of its windows is (Andrews et al.,
"Support Vector Machines for Multiple-Instance Learning", 2002). What is put beside an attack adds
windows, which can raise the greatest probability and not lower it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from sftsec_core.api import IntegrityError
from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.hardened.windows import cut_windows
from sftsec_robust.settings import CanonicalSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api import Batch

FEATURES = 2**20
SETTINGS, WEIGHTS = "hardened.json", "hardened.safetensors"
_BLOCK = 20_000  # windows that are scored at once
_MAX_N = 4


def hashed_ngrams(windows: Sequence[str]) -> sparse.csr_matrix:
    """Counts of character 1-4-grams within words as 1 + log, shape (len(windows), FEATURES)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(1, _MAX_N),
        n_features=FEATURES,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    counts = hasher.transform(windows).tocsr()
    counts.data = 1 + np.log(counts.data)
    return counts


def weighed(counts: sparse.csr_matrix, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """Rows times inverse document frequencies, of length 1."""
    from sklearn.preprocessing import normalize

    return normalize(counts @ sparse.diags(idf), copy=False)


@dataclass(frozen=True, slots=True)
class HardenedModel:
    """A `TrainedModel`.

    Attributes:
        labels: the classes, k of them.
        benign: the benign one's column.
        sizes: characters of a window.
        canonical: how texts are written before they are read.
        max_chars: characters read of a text.
        idf: shape (FEATURES,).
        alarm: weights of the head that tells attacks from benign, shape (FEATURES + 1,); the last
            is the bias.
        kinds: weights of the head that tells attacks apart, shape (k - 1, FEATURES + 1); empty
            where there is one kind.
        notes: how it was fitted, for the model card; not saved.
    """

    labels: tuple[str, ...]
    benign: int
    sizes: tuple[int, ...]
    canonical: CanonicalSettings
    max_chars: int
    idf: NDArray[np.float32]
    alarm: NDArray[np.float32]
    kinds: NDArray[np.float32]
    notes: Mapping[str, Any] = field(default_factory=dict)

    def windows(self, text: str) -> list[str]:
        """What is read of a text."""
        return cut_windows(canonical_text(text[: self.max_chars], self.canonical), self.sizes)

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), k): those of each text's most suspicious window."""
        bags = [self.windows(text) for text in batch.text()]
        out = np.zeros((len(bags), len(self.labels)))
        start = 0
        while start < len(bags):
            stop, count = start, 0
            while stop < len(bags) and (stop == start or count + len(bags[stop]) <= _BLOCK):
                count += len(bags[stop])
                stop += 1
            out[start:stop] = self._of_bags(bags[start:stop])
            start = stop
        return out

    def _of_bags(self, bags: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        windows = [window for bag in bags for window in bag]
        features = weighed(hashed_ngrams(windows), self.idf)
        scores = features @ self.alarm[:-1] + self.alarm[-1]
        edges = np.cumsum([0, *map(len, bags)])
        worst = np.array([a + scores[a:b].argmax() for a, b in pairwise(edges)])
        attack = 1 / (1 + np.exp(-scores[worst].astype(np.float64)))
        out = np.empty((len(bags), len(self.labels)))
        out[:, self.benign] = 1 - attack
        others = [column for column in range(len(self.labels)) if column != self.benign]
        out[:, others] = attack[:, None] * self._among_attacks(features[worst])
        return out

    def _among_attacks(self, features: sparse.csr_matrix) -> NDArray[np.float64]:
        if not len(self.kinds):
            return np.ones((features.shape[0], 1))
        scores = features @ self.kinds[:, :-1].T + self.kinds[:, -1]
        odds = np.exp((scores - scores.max(axis=1, keepdims=True)).astype(np.float64))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def unread(self, batch: Batch) -> list[list[tuple[int, int]]]:
        """What it does not read of each row's text: spans of characters."""
        lengths = [len(text) for text in batch.text()]
        return [[(self.max_chars, n)] if n > self.max_chars else [] for n in lengths]

    def save(self, folder: Path) -> None:
        """Write weights and settings."""
        from safetensors.numpy import save_file

        tensors = {"idf": self.idf, "alarm": self.alarm, "kinds": self.kinds}
        save_file({n: np.ascontiguousarray(v) for n, v in tensors.items()}, folder / WEIGHTS)
        settings = {
            "labels": list(self.labels),
            "benign": self.benign,
            "sizes": list(self.sizes),
            "canonical": self.canonical.model_dump(),
            "max_chars": self.max_chars,
        }
        (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")


def load_hardened(folder: Path) -> HardenedModel:
    """Read what `HardenedModel.save` wrote.

    Raises:
        IntegrityError: when a file is missing or not of that form.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        known: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS)
        model = HardenedModel(
            tuple(known["labels"]),
            int(known["benign"]),
            tuple(known["sizes"]),
            CanonicalSettings.model_validate(known["canonical"]),
            int(known["max_chars"]),
            tensors["idf"],
            tensors["alarm"],
            tensors["kinds"],
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise IntegrityError(f"{folder} holds no model of 'hardened': {error}") from error
    if model.alarm.shape != (FEATURES + 1,) or model.idf.shape != (FEATURES,):
        raise IntegrityError(f"{folder}: the weights of 'hardened' have another shape")
    return model
