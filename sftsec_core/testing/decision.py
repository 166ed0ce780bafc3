"""What renderers, splitters, voters and suppressors keep, as test classes.

A voter's test, whole::

    class TestNoFriday(VoterContract):
        def spec(self):
            return NO_FRIDAY

        def config(self):
            return {"after": "16:00"}

        def rejected(self):
            return make_report(macro_f1=0.2)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Split, Suppression, Vote
from sftsec_core.api.settings.split import SplitSettings
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.testing.disturbed import another_day
from sftsec_core.testing.incidents import (
    START,
    make_detections,
    make_examples,
    make_incidents,
    make_report,
    make_task,
)

if TYPE_CHECKING:
    from sftsec_core.api.contracts import RendererSpec, SplitterSpec, SuppressorSpec, VoterSpec
    from sftsec_core.api.domain import Detection, EvalReport, Example, Incident, TaskSpec


class _Configured:
    """Give the settings in `config` where the defaults are not enough."""

    def config(self) -> Mapping[str, Any]:
        """Give the plugin's own settings."""
        return {}


class RendererContract(_Configured):
    """Inherit it, and give `spec`; `incidents` and `task` where the defaults say too little."""

    def spec(self) -> RendererSpec[Any]:
        """Give the renderer's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def incidents(self) -> Sequence[Incident]:
        """Give incidents that it has something to say about."""
        return make_incidents(20)

    def task(self) -> TaskSpec:
        """Give the task whose incidents they are."""
        return make_task()

    def test_it_gives_texts(self) -> None:
        """Strings, and not one and the same for all: a model could learn nothing from that."""
        texts = self._texts(self.incidents())
        assert all(isinstance(text, str) for text in texts)
        assert len(set(texts)) > 1, "every incident has the same text"

    def test_neither_the_clock_nor_the_process_matters(self) -> None:
        """Training and scoring must give the same text, a year and a process apart."""
        texts = self._texts(self.incidents())
        with another_day(self.spec().render):
            assert self._texts(self.incidents()) == texts

    def test_verdicts_do_not_matter(self) -> None:
        """What is scored has no verdict yet; a text that shows it would give the answer away."""
        bare = [replace(each, verdicts=()) for each in self.incidents()]
        assert self._texts(bare) == self._texts(self.incidents())

    def test_incidents_are_not_changed_in_place(self) -> None:
        """Other code may hold them."""
        given = list(self.incidents())
        before = deepcopy(given)
        self._texts(given)
        assert given == before

    def test_missing_and_strange_fields_are_passed_over(self) -> None:
        """A field that is absent, null or no text is common, and no reason to stop a run."""
        first, strange = self.incidents()[0], (None, 7, "", ["a", {"b": 1}])
        odd = [{}, *(dict.fromkeys(first.fields, value) for value in strange)]
        texts = self._texts([replace(first, fields=fields, at=None) for fields in odd])
        assert all(isinstance(text, str) for text in texts)

    def _texts(self, incidents: Sequence[Incident]) -> list[str]:
        spec = self.spec()
        config = spec.configure(self.config())
        return [spec.render(config, each, self.task()) for each in incidents]


class SplitterContract(_Configured):
    """Inherit it, and give `spec`; `examples` where the defaults cannot be divided."""

    def spec(self) -> SplitterSpec[Any]:
        """Give the splitter's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def examples(self) -> Sequence[Example]:
        """Give examples, sorted by uid; those of one cluster belong together."""
        return [
            replace(each, cluster=number // 4, at=START + timedelta(hours=number))
            for number, each in enumerate(make_examples(200))
        ]

    def test_every_example_stands_in_at_most_one_part(self) -> None:
        """None is invented or changed, and none is both trained and tested on."""
        given = {each.uid: each for each in self.examples()}
        placed = [each for _, part in self._split().parts() for each in part]
        assert len({each.uid for each in placed}) == len(placed), "an example stands twice"
        assert all(given.get(each.uid) == each for each in placed)
        assert len(placed) >= len(given) / 2, "most examples are dropped"

    def test_clusters_stand_in_one_part(self) -> None:
        """Near-duplicates in two parts would be a leak: the run would end there."""
        parts = [{each.cluster for each in part} for _, part in self._split().parts()]
        assert not parts[0] & (parts[1] | parts[2])
        assert not parts[1] & parts[2]

    def test_each_part_can_be_used(self) -> None:
        """Two labels to train on, and something to choose and to report on."""
        split = self._split()
        assert len({each.label for each in split.train}) > 1
        assert split.dev
        assert split.test

    def test_neither_the_clock_nor_the_process_matters(self) -> None:
        """A rerun must test on the same examples."""
        first = self._split()
        with another_day(self.spec().split):
            again = self._split()
        assert [list(part) for _, part in again.parts()] == [list(p) for _, p in first.parts()]

    def _split(self) -> Split:
        spec = self.spec()
        settings = SplitSettings(method=spec.name, **dict(self.config()))
        split = spec.split(spec.configure(self.config()), self.examples(), settings)
        assert isinstance(split, Split)
        return split


class VoterContract(_Configured):
    """Inherit it, and give `spec` and `rejected`."""

    def spec(self) -> VoterSpec[Any]:
        """Give the voter's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def rejected(self) -> EvalReport:
        """Give the report of a candidate that it must reject."""
        raise NotImplementedError(f"{type(self).__name__}.rejected()")

    def test_it_rejects(self) -> None:
        """A voter that never says no only looks like caution."""
        votes = self._votes(self.rejected(), None)
        assert any(not vote.approve for vote in votes)

    def test_votes_say_who_and_why(self) -> None:
        """The report lists them."""
        for report in (make_report(), self.rejected()):
            for vote in self._votes(report, None):
                assert vote.voter.strip()
                assert vote.reason.strip()
                assert "\n" not in vote.reason

    def test_it_votes_without_and_beside_a_live_model(self) -> None:
        """The first model of a task has none beside it."""
        for live in (None, make_report()):
            assert isinstance(self._votes(make_report(), live), list)

    def test_the_same_reports_give_the_same_votes(self) -> None:
        """A promotion that is tried again must not depend on chance."""
        assert self._votes(self.rejected(), None) == self._votes(self.rejected(), None)

    def _votes(self, candidate: EvalReport, live: EvalReport | None) -> list[Vote]:
        spec = self.spec()
        given = spec.vote(spec.configure(self.config()), candidate, live, GateSettings())
        votes = [] if given is None else [given] if isinstance(given, Vote) else list(given)
        assert all(isinstance(vote, Vote) for vote in votes)
        return votes


class SuppressorContract(_Configured):
    """Inherit it, and give `spec` and `suppressed`; `passed` where the default is suppressed."""

    def spec(self) -> SuppressorSpec[Any]:
        """Give the suppressor's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def suppressed(self) -> Detection:
        """Give a detection that must not go out."""
        raise NotImplementedError(f"{type(self).__name__}.suppressed()")

    def passed(self) -> Detection:
        """Give a detection that must go out."""
        return make_detections(1)[0]

    def test_it_suppresses_with_a_reason(self) -> None:
        """The audit log keeps it."""
        found = self._of(self.suppressed())
        assert isinstance(found, Suppression), "nothing is suppressed"
        assert found.reason.strip()
        assert "\n" not in found.reason

    def test_it_lets_others_pass(self) -> None:
        """One that suppresses everything switches detection off."""
        assert self._of(self.passed()) is None

    def test_a_detection_without_time_or_fields_is_no_error(self) -> None:
        """A source may know no time, and a task may keep no fields."""
        bare = replace(self.suppressed(), at=None, fields={})
        assert isinstance(self._of(bare), Suppression | None)

    def test_the_same_detection_gives_the_same_answer(self) -> None:
        """A run that resumes asks again."""
        assert self._of(self.suppressed()) == self._of(self.suppressed())

    def _of(self, detection: Detection) -> Suppression | None:
        spec = self.spec()
        return spec.suppress(spec.configure(self.config()), detection)
