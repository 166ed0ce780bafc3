"""What every explainer keeps, as a test class.

An explainer's test, whole::

    class TestMyWords(ExplainerContract):
        def spec(self):
            return MY_WORDS
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import ExplainJob
from sftsec_core.api.domain import Batch, Explanation, Neighbour

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import ExplainerSpec, TrainedModel

TELLING = "malware"
_TEXTS = (
    f"please open the {TELLING} now",
    "a\u0301 \U0001f600\u200d\U0001f525 naïve\r\n\x1b[31mred\u202e text",
    "",
    "word " * 300,
)


class WordCountModel:
    """Finds a text malicious by how often it names malware; a `TrainedModel`."""

    labels = ("benign", "malicious")

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), 2)."""
        logits = np.array([2.0 * text.lower().count(TELLING) - 1.0 for text in batch.text()])
        attack = 1 / (1 + np.exp(-logits))
        return np.stack([1 - attack, attack], axis=1)

    def save(self, folder: Path) -> None:
        """Write nothing: it has learnt nothing."""


class ExplainerContract:
    """Inherit it, and give `spec`; `config` and `model` where these do not suit."""

    # --- what the author gives

    def spec(self) -> ExplainerSpec[Any]:
        """Give the explainer's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def config(self) -> Mapping[str, Any]:
        """Give the settings that stand beside its name."""
        return {}

    def model(self) -> TrainedModel:
        """Give a model of the labels "benign" and "malicious" for which a word speaks."""
        return WordCountModel()

    # --- the contract

    def test_the_telling_word_speaks_for_the_label(self) -> None:
        """An analyst must be shown what the model goes by."""
        found = self._explain()[0]
        strongest = max(found.attributions, key=lambda each: each.contribution)
        assert TELLING in strongest.words
        assert strongest.contribution > 0
        assert TELLING in found.text

    def test_signs_turn_with_the_question(self) -> None:
        """What speaks for one class speaks against the other."""
        found = self._explain(pair=(0, 1))[0]
        assert found.label == "benign"
        strongest = min(found.attributions, key=lambda each: each.contribution)
        assert TELLING in strongest.words
        assert strongest.contribution < 0

    def test_each_row_has_an_explanation(self) -> None:
        """Empty, long and odd texts too."""
        found = self._explain()
        assert len(found) == len(_TEXTS)
        assert all(isinstance(each, Explanation) and each.text.strip() for each in found)

    def test_spans_lie_within_the_text(self) -> None:
        """They are highlighted there."""
        for text, found in zip(_TEXTS, self._explain(), strict=True):
            spans = [each.span for each in found.attributions if each.span is not None]
            assert all(0 <= start < end <= len(text) for start, end in spans)

    def test_figures_are_finite(self) -> None:
        """JSON knows no others."""
        every = [each for found in self._explain() for each in found.attributions]
        assert np.isfinite([each.contribution for each in every]).all()

    def test_the_same_rows_have_the_same_reasons(self) -> None:
        """A page that is scored again after a kill gives the same detections."""
        assert list(self._explain()) == list(self._explain())

    def _explain(self, pair: tuple[int, int] = (1, 0)) -> Sequence[Explanation]:
        spec, model = self.spec(), self.model()
        batch = Batch.of_texts(_TEXTS)
        near = (Neighbour("incident 7", "malicious", 0.9, ("ana",)),)
        job = ExplainJob(
            model=model,
            batch=batch,
            pairs=[pair] * len(batch),
            proba=model.predict_proba,
            decide=lambda rows, _of: [
                model.labels[column] for column in model.predict_proba(rows).argmax(axis=1)
            ],
            nearest=lambda count: [near[:count]] * len(batch),
        )
        return spec.explain(spec.configure(self.config()), job)
