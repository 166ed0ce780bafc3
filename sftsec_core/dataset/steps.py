"""The steps of a task, in their order: what happens to incidents before the first write."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import (
    CleansVerdictText,
    RejectsIncidents,
    StepContext,
    StepSpec,
)
from sftsec_core.api.errors import PluginError
from sftsec_core.dataset.values import gather_fields, with_verdicts
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sftsec_core.api.contracts import Step
    from sftsec_core.api.domain import Incident, Rejection, Verdict
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.plugins import Plugins


class StepChain:
    """A chain of named steps, run on incidents whose needed fields were gathered first."""

    def __init__(
        self,
        chain: Sequence[tuple[str, Step]],
        settings: Mapping[str, Mapping[str, Any]],
        fields: Sequence[str] = (),
    ) -> None:
        """Take the chain.

        Args:
            chain: names with their steps, in the order in which they run.
            settings: each step's settings, as the manifest keeps them; nothing secret.
            fields: the task's; one that names an object, or a path into a list of objects, is
                gathered before the steps, so that they clean it too.
        """
        self._chain = tuple(chain)
        self._fields = tuple(fields)
        self._cleaners = [step for _, step in chain if isinstance(step, CleansVerdictText)]
        self.settings = {name: dict(settings.get(name, {})) for name, _ in self._chain}

    def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Run every step on a batch; the order of the incidents stays.

        A step never sees a verdict: one that did could write it into the text. Incidents of one
        uid are shown to it one after the other: of two that it is given at once and drops one of,
        nothing would tell which is left, and whose verdicts it has.

        Raises:
            PluginError: when a step returns an incident that it was not given, or not in order.
        """
        gathered = [gather_fields(incident, self._fields) for incident in incidents]
        if not self._chain:
            return gathered
        return [clean for part in _of_different_uids(gathered) for clean in self._run(part)]

    def _run(self, incidents: Sequence[Incident]) -> list[Incident]:
        shown: Sequence[Incident] = [with_verdicts(each, ()) for each in incidents]
        for name, step in self._chain:
            shown = _in_order(name, shown, step(shown))
        return [
            with_verdicts(incident, self._cleaned(verdicts)) if verdicts else incident
            for incident, verdicts in _with_verdicts(shown, incidents)
        ]

    def _cleaned(self, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        """Verdicts with what people wrote in them cleaned; their values are not shown."""
        for step in self._cleaners:
            verdicts = tuple(
                replace(
                    verdict,
                    reason=verdict.reason and step.clean_reason(verdict.reason),
                    analyst=verdict.analyst and step.clean_analyst(verdict.analyst),
                )
                for verdict in verdicts
            )
        return verdicts

    def take_rejected(self) -> tuple[Rejection, ...]:
        """What the steps have found unusable since the last call."""
        steps = [step for _, step in self._chain if isinstance(step, RejectsIncidents)]
        return tuple(each for step in steps for each in step.take_rejected())

    def counts(self) -> dict[str, dict[str, int]]:
        """What each step did since it was built ({"redact": {"email": 3}})."""
        return {name: dict(step.counts()) for name, step in self._chain}


def _of_different_uids(incidents: Sequence[Incident]) -> Iterator[Sequence[Incident]]:
    """Cut a batch, in its order, into parts in which no uid stands twice."""
    begin, seen = 0, set[str]()
    for index, incident in enumerate(incidents):
        if incident.uid in seen:
            yield incidents[begin:index]
            begin, seen = index, set()
        seen.add(incident.uid)
    if begin < len(incidents):
        yield incidents[begin:]


def _in_order(
    name: str, given: Sequence[Incident], returned: Sequence[Incident]
) -> Sequence[Incident]:
    """Check that a step returned some of what it was given, in the same order."""
    rest = iter(given)
    for incident in returned:
        if not any(each.uid == incident.uid for each in rest):
            raise PluginError(
                f"step {name!r} returns an incident that it was not given, or not in order"
            )
    return returned


def _with_verdicts(
    shown: Sequence[Incident], originals: Sequence[Incident]
) -> Iterator[tuple[Incident, tuple[Verdict, ...]]]:
    rest = iter(originals)
    for incident in shown:
        original = next(each for each in rest if each.uid == incident.uid)
        yield incident, original.verdicts


def step_context(task: TaskSettings, salt: bytes) -> StepContext:
    """What the steps of a task may know."""
    texts = (*task.text, *task.text_fallback)
    return StepContext(text_fields=texts, salt=salt, image_fields=task.images)


def build_steps(task: TaskSettings, plugins: Plugins, context: StepContext) -> StepChain:
    """Make the steps that a task names, sorted by their order and then by name.

    Args:
        task: its `steps` names them with their settings.
        plugins: where they are registered.
        context: what they may know, the salt among it; each is told the steps before it.

    Raises:
        NotFoundError: when a step is not registered.
        ConfigError: when a step's settings are wrong.
    """
    specs = [get("step", name, plugins.specs(StepSpec)) for name in task.steps]
    chain: list[tuple[str, Step]] = []
    settings: dict[str, dict[str, Any]] = {}
    for spec in sorted(specs, key=lambda spec: (spec.order, spec.name)):
        config = spec.configure(task.steps[spec.name], "steps", plugins.base)
        settings[spec.name] = config.model_dump(mode="json")
        known = replace(context, earlier=tuple(step for _, step in chain))
        chain.append((spec.name, spec.create(config, known)))
    return StepChain(chain, settings, task.fields)
