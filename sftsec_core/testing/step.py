"""What every step keeps, as a test class.

A step's test, whole::

    class TestDefang(StepContract):
        def spec(self) -> StepSpec:
            return DEFANG
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from sftsec_core.api.contracts import StepContext
from sftsec_core.testing.disturbed import another_day
from sftsec_core.testing.incidents import make_incidents

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Step, StepSpec
    from sftsec_core.api.domain import Incident


class StepContract:
    """Inherit it, and give `spec`; `config` and `incidents` where the defaults say too little.

    Attributes:
        field: the text field of the incidents.
    """

    field: ClassVar[str] = "message"

    # --- what the author gives

    def spec(self) -> StepSpec[Any]:
        """Give the step's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def config(self) -> Mapping[str, Any]:
        """Give what stands under the step's name in a task's `steps`."""
        return {}

    def incidents(self) -> Sequence[Incident]:
        """Give incidents that the step has something to do with, several of them."""
        return make_incidents(20, field=self.field)

    # --- the contract

    def test_the_order_is_kept_and_a_batch_never_grows(self) -> None:
        """What comes out is what went in, less what was dropped."""
        given = [incident.uid for incident in self.incidents()]
        got = [incident.uid for incident in self._step()(self.incidents())]
        remaining = iter(given)
        assert all(uid in remaining for uid in got), f"{got} is no part of {given} in its order"

    def test_incidents_are_not_changed_in_place(self) -> None:
        """Somebody else may hold them: return new ones."""
        given = list(self.incidents())
        before = deepcopy(given)
        self._step()(given)
        assert given == before

    def test_two_steps_of_one_configuration_do_the_same(self) -> None:
        """Training and scoring must read the same text, a year and a process apart."""
        assert list(self._step()(self.incidents())) == list(self._step()(self.incidents()))

    def test_neither_the_clock_nor_the_process_matters(self) -> None:
        """`hash()` of a string is another in each process, and the day is another when scoring."""
        step = self._step()
        given = list(step(self.incidents()))
        with another_day(self.spec().create, step):
            assert list(self._step()(self.incidents())) == given

    def test_verdicts_do_not_matter(self) -> None:
        """What is scored has no verdict yet; a step that uses it gives the answer away."""
        bare = [replace(each, verdicts=()) for each in self.incidents()]
        with_verdicts = [(each.uid, each.fields) for each in self._step()(self.incidents())]
        assert [(each.uid, each.fields) for each in self._step()(bare)] == with_verdicts

    def test_where_batches_are_cut_does_not_matter(self) -> None:
        """A page's size is the connector's affair."""
        step = self._step()
        one_by_one = [out for incident in self.incidents() for out in step([incident])]
        assert one_by_one == list(self._step()(self.incidents()))

    def test_fields_stay_flat(self) -> None:
        """Names remain dotted strings, and no nested mapping appears."""
        for incident in self._step()(self.incidents()):
            assert all(isinstance(name, str) for name in incident.fields)
            assert not any(isinstance(value, Mapping) for value in incident.fields.values())

    def test_an_empty_batch_stays_empty(self) -> None:
        """A page may bring nothing but rejections."""
        assert list(self._step()([])) == []

    def test_missing_and_strange_fields_are_passed_over(self) -> None:
        """A field that is absent, null or no text is common, and no reason to stop a run."""
        template = self.incidents()[0]
        for fields in ({}, {self.field: None}, {self.field: 7}, {self.field: ""}):
            strange = type(template)(template.uid, fields, template.verdicts, template.at)
            assert len(self._step()([strange])) <= 1

    def test_counts_are_counts(self) -> None:
        """They go into the report: names of kinds with numbers, never a value of the data."""
        step = self._step()
        step(self.incidents())
        texts = " ".join(str(v) for i in self.incidents() for v in i.fields.values())
        for kind, count in step.counts().items():
            assert count >= 0
            assert len(kind) < 40
            assert kind not in texts.split(), f"{kind!r} looks like a value of the data"

    def _step(self) -> Step:
        spec = self.spec()
        context = StepContext(text_fields=(self.field,), salt=b"\x07" * 32)
        return spec.create(spec.config_model.model_validate(dict(self.config())), context)
