"""`recipe: example-naive-bayes`: multinomial naive Bayes over words; its weights are JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.api import Batch, IntegrityError, TrainedModel, TrainJob

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "naive_bayes.json"
_WORD = re.compile(r"\w+")
_SMOOTHING = 0.1


class NaiveBayes:
    """Weighed counts of words by class, and of examples by class."""

    def __init__(
        self, labels: Sequence[str], words: Mapping[str, Sequence[float]], examples: Sequence[float]
    ) -> None:
        """Take the counts.

        Args:
            labels: the classes, k of them.
            words: word to its k counts.
            examples: k counts.
        """
        import numpy as np

        self.labels = tuple(labels)
        self._words = {word: list(counts) for word, counts in words.items()}
        self._examples = list(examples)
        table = np.array([*self._words.values()], dtype=np.float64).reshape(-1, len(self.labels))
        table += _SMOOTHING
        self._weights = np.log(table / table.sum(axis=0)) if len(table) else table
        self._prior = np.log(np.array(self._examples, dtype=np.float64) + _SMOOTHING)
        self._rows = {word: row for row, word in enumerate(self._words)}

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), k)."""
        import numpy as np

        texts = batch.text()
        scores = np.tile(self._prior, (len(texts), 1))
        for number, text in enumerate(texts):
            rows = [self._rows[word] for word in _words(text) if word in self._rows]
            scores[number] += self._weights[rows].sum(axis=0)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True))

    def save(self, folder: Path) -> None:
        """Write one JSON file."""
        body = {"labels": self.labels, "examples": self._examples, "words": self._words}
        (folder / FILE).write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")


def train(job: TrainJob) -> TrainedModel:
    """Count words, each by the weight of its example; nothing is chosen on dev."""
    labels = job.task.labels
    column = {label: number for number, label in enumerate(labels)}
    words: dict[str, list[float]] = {}
    per_class = [0.0] * len(labels)
    texts = Batch.of_examples(job.task.inputs, job.train).text()
    for example, text in zip(job.train, texts, strict=True):
        per_class[column[example.label]] += example.weight
        for word in _words(text):
            counts = words.setdefault(word, [0.0] * len(labels))
            counts[column[example.label]] += example.weight
    return NaiveBayes(labels, words, per_class)


def load(folder: Path) -> TrainedModel:
    """Read what `save` wrote.

    Raises:
        IntegrityError: when the file is not of that form.
    """
    try:
        body = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return NaiveBayes(body["labels"], body["words"], body["examples"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{folder / FILE} is not a naive Bayes model: {error}") from error


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
