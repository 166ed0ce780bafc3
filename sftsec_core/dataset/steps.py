"""The steps of a task, in their order: what happens to incidents before the first write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sftsec_core.api.errors import ConfigError
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.contracts import Step, StepContext
    from sftsec_core.api.domain import Incident
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.plugins import Plugins


class Steps:
    """A chain of named steps."""

    def __init__(
        self, chain: Sequence[tuple[str, Step]], settings: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Take the chain.

        Args:
            chain: names with their steps, in the order in which they run.
            settings: each step's settings, as the manifest keeps them; nothing secret.
        """
        self._chain = tuple(chain)
        self.settings = {name: dict(settings.get(name, {})) for name, _ in self._chain}

    def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Run every step on a batch; the order of the incidents stays."""
        for _, step in self._chain:
            incidents = step(incidents)
        return list(incidents)

    def counts(self) -> dict[str, dict[str, int]]:
        """What each step did since it was built ({"redact": {"email": 3}})."""
        return {name: dict(step.counts()) for name, step in self._chain}


def build_steps(task: TaskSettings, plugins: Plugins, context: StepContext) -> Steps:
    """Make the steps that a task names, sorted by their order and then by name.

    Args:
        task: its `steps` names them with their settings.
        plugins: where they are registered.
        context: what they may know; the salt among it.

    Raises:
        NotFoundError: when a step is not registered.
        ConfigError: when a step's settings are wrong.
    """
    specs = [get("step", name, plugins.steps()) for name in task.steps]
    chain: list[tuple[str, Step]] = []
    settings: dict[str, dict[str, Any]] = {}
    for spec in sorted(specs, key=lambda spec: (spec.order, spec.name)):
        try:
            config = spec.config_model.model_validate(task.steps[spec.name])
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join(map(str, ("steps", spec.name, *first["loc"])))
            raise ConfigError(str(first["msg"]), path=path) from error
        settings[spec.name] = config.model_dump(mode="json")
        chain.append((spec.name, spec.create(config, context)))
    return Steps(chain, settings)
