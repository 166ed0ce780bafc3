"""What every transform keeps, as a test class.

A transform's test, whole::

    class TestBalance(TransformContract):
        def spec(self):
            return BALANCE
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import TransformResult
from sftsec_core.api.domain import Example
from sftsec_core.testing.disturbed import another_day
from sftsec_core.testing.incidents import make_examples, make_task

if TYPE_CHECKING:
    from sftsec_core.api.contracts import TransformSpec
    from sftsec_core.api.domain import TaskSpec

_SEED = 13


class TransformContract:
    """Inherit it, and give `spec`; `config`, `examples`, `task` where it does nothing to these."""

    # --- what the author gives

    def spec(self) -> TransformSpec[Any]:
        """Give the transform's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def config(self) -> Mapping[str, Any]:
        """Give the settings that stand beside its name."""
        return {}

    def task(self) -> TaskSpec:
        """Give the task whose examples they are."""
        return make_task()

    def examples(self) -> Sequence[Example]:
        """Give training examples that it has something to do with: here, two of three benign."""
        labels = self.task().labels
        return make_examples(30, labels=(labels[0], labels[0], labels[-1]))

    # --- the contract

    def test_it_changes_the_training_part(self) -> None:
        """One that never does anything would not be noticed in a run."""
        assert list(self._run().examples) != list(self.examples())

    def test_rows_can_be_trained_on(self) -> None:
        """Labels of the task, weights from 0 to 1, a uid of its own for each row."""
        examples = self._run().examples
        assert all(isinstance(each, Example) for each in examples)
        assert {each.label for each in examples} <= set(self.task().labels)
        assert all(0 <= each.weight <= 1 for each in examples)
        twice = [uid for uid, times in Counter(each.uid for each in examples).items() if times > 1]
        assert not twice, f"several rows have the uid {twice[0]!r}"

    def test_inputs_stay_those_of_the_task(self) -> None:
        """A recipe reads the names that the task has."""
        known = {name for each in self.examples() for name in each.inputs}
        assert all(set(each.inputs) <= known for each in self._run().examples)

    def test_what_it_gives_has_two_labels(self) -> None:
        """There is nothing to tell apart otherwise, and the run would end."""
        assert len({each.label for each in self._run().examples}) > 1

    def test_notes_are_counts(self) -> None:
        """They stand in the report and in the card, where no value of the data may be."""
        notes = self._run().notes
        assert all(isinstance(name, str) for name in notes)
        assert all(type(value) is int for value in notes.values())
        json.dumps(dict(notes))

    def test_examples_are_not_changed_in_place(self) -> None:
        """Other code may hold them."""
        given = list(self.examples())
        before = deepcopy(given)
        self._run(given)
        assert given == before

    def test_neither_the_clock_nor_the_process_matters(self) -> None:
        """A run that resumes does it again, and must train on the same rows."""
        first = self._run()
        with another_day(self.spec().run):
            again = self._run()
        assert (list(again.examples), dict(again.notes)) == (
            list(first.examples),
            dict(first.notes),
        )

    def test_few_rows_are_no_error(self) -> None:
        """A task begins with one verdict of each kind."""
        firsts = {each.label: each for each in reversed(self.examples())}
        assert isinstance(self._run(list(firsts.values())), TransformResult)

    def _run(self, examples: Sequence[Example] | None = None) -> TransformResult:
        spec = self.spec()
        given = self.examples() if examples is None else examples
        result = spec.run(spec.configure(self.config()), given, self.task(), _SEED)
        assert isinstance(result, TransformResult)
        return result
