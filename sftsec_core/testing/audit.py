"""What audits keep, as a test class.

An audit's test, whole::

    class TestErrorsByLength(AuditContract):
        def spec(self):
            return ERRORS_BY_LENGTH
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import AuditInput
from sftsec_core.api.domain import Batch, Split
from sftsec_core.api.predictions import Predictions
from sftsec_core.testing.disturbed import another_day
from sftsec_core.testing.incidents import START, make_examples, make_task

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import AuditSpec
    from sftsec_core.api.domain import Example

_ATTACK = ("password", "verify", "urgent", "account", "locked", "prize", "click", "бонус")


class AuditContract:
    """Inherit it, and give `spec`; `sound` and `faulty` where the defaults say nothing to it."""

    # --- what the author gives

    def spec(self) -> AuditSpec[Any]:
        """Give the audit's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def config(self) -> Mapping[str, Any]:
        """Give what stands under the audit's name in `evaluation.audits`."""
        return {}

    def sound(self) -> AuditInput:
        """Give a candidate without the fault that the audit looks for: one that is always right."""
        return make_audit_input()

    def faulty(self) -> AuditInput:
        """Give a candidate with the fault that the audit looks for: one that is always wrong."""
        return make_audit_input(right=False)

    # --- the contract

    def test_it_gives_a_section_of_json_values(self) -> None:
        """The report is kept as JSON, and voters compare numbers: a NaN passes every comparison."""
        for given in (self.sound(), self.faulty()):
            section = self._of(given)
            assert isinstance(section, Mapping)
            assert section, "a section that is empty tells nothing"
            assert json.loads(json.dumps(_mapping(section), allow_nan=False)) == section

    def test_it_tells_a_faulty_candidate_from_a_sound_one(self) -> None:
        """An audit that says the same of every model only looks like care."""
        assert self._of(self.sound()) != self._of(self.faulty())

    def test_the_same_candidate_gives_the_same_section(self) -> None:
        """A run that resumes evaluates again; neither chance, the clock nor `hash()` has a say."""
        first, again = self._of(self.sound()), self._of(self.sound())
        assert first == again
        with another_day(self.spec().run):
            assert self._of(self.sound()) == first

    def test_it_leaves_what_it_looks_at_as_it_is(self) -> None:
        """The next audit, and the report, read the same values."""
        given = self.sound()
        kept = copy.deepcopy(given)
        self._of(given)
        assert given.split == kept.split
        assert given.task == kept.task
        for name in ("y", "proba", "decided", "at"):
            np.testing.assert_array_equal(
                getattr(given.predictions, name), getattr(kept.predictions, name), err_msg=name
            )
        batch = Batch.of_examples(given.task.inputs, given.split.test)
        np.testing.assert_array_equal(
            given.model.predict_proba(batch), kept.model.predict_proba(batch)
        )

    def test_it_takes_any_split(self) -> None:
        """An exception ends the run: small data has no dev, no times and perhaps one class."""
        for given in _odd(self.sound()):
            json.dumps(_mapping(self._of(given)), allow_nan=False)

    def _of(self, given: AuditInput) -> Mapping[str, Any]:
        spec = self.spec()
        return spec.run(spec.configure(self.config()), given)


def make_audit_input(*, right: bool = True, examples: int = 60) -> AuditInput:
    """Make a candidate for an audit, evaluated on a test part of its own.

    Args:
        right: whether the candidate is always right, or always wrong.
        examples: of the test part; train has three times as many and dev one more.
    """
    train, dev, test = (
        _timed(make_examples(n, seed=n)) for n in (3 * examples, examples + 1, examples)
    )
    return _input(Split(train, dev, test), _WordModel(right))


def _input(split: Split, model: _WordModel) -> AuditInput:
    def rescore(examples: Sequence[Example]) -> Predictions:
        return _predictions(examples, model)

    return AuditInput(make_task(), split, model, rescore(split.test), rescore=rescore)


def _predictions(examples: Sequence[Example], model: _WordModel) -> Predictions:
    task = make_task()
    proba = model.predict_proba(Batch.of_examples(task.inputs, examples))
    times = [None if each.at is None else each.at.replace(tzinfo=None) for each in examples]
    return Predictions(
        y=np.array([task.labels.index(each.label) for each in examples], dtype=np.int64),
        proba=proba,
        benign=0,
        at=np.array(times, "datetime64[us]") if any(times) else None,
        decided=proba.argmax(axis=1).astype(np.int64),
    )


def _timed(examples: Sequence[Example]) -> tuple[Example, ...]:
    return tuple(
        replace(each, at=START + timedelta(minutes=number), cluster=number)
        for number, each in enumerate(examples)
    )


def _odd(given: AuditInput) -> list[AuditInput]:
    """The same model on splits as small data has them."""
    split = given.split
    timeless = tuple(replace(each, at=None) for each in split.test)
    benign = tuple(each for each in split.test if each.label == given.task.benign)
    parts = (
        replace(split, dev=()),
        replace(split, test=timeless),
        replace(split, test=benign),
        replace(split, test=split.test[:1]),
    )
    return [_input(each, _WordModel(right=True)) for each in parts]


@dataclass(frozen=True, slots=True)
class _WordModel:
    """A model that knows the words of `make_examples`; a `TrainedModel`."""

    right: bool
    labels: tuple[str, ...] = ("benign", "malicious")

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), 2)."""
        found = [any(word in text.split() for word in _ATTACK) for text in batch.text()]
        attack = np.where(np.array(found, dtype=bool) == self.right, 0.9, 0.1)
        return np.column_stack([1 - attack, attack])

    def save(self, folder: Path) -> None:
        """It is never kept."""
        raise NotImplementedError(folder)


def _mapping(section: Mapping[str, Any]) -> dict[str, Any]:
    assert all(isinstance(name, str) for name in section), "the names of a section are strings"
    return dict(section)
