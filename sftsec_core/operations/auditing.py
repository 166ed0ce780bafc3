"""The audits of a run: those that the task names, and those that always run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import AttackSpec, AuditSpec
from sftsec_core.operations.rereading import reread
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sftsec_core.api.contracts import AuditInput, Rescore
    from sftsec_core.evaluation.evaluate import AuditRun
    from sftsec_core.operations.refitting import Refitter
    from sftsec_core.operations.running import Run


@dataclass(frozen=True, slots=True)
class Auditor:
    """One audit of a run, with its settings bound; an `AuditRun`."""

    run: Run
    name: str
    spec: AuditSpec[Any]
    config: BaseModel
    refit: Refitter

    def __call__(self, given: AuditInput) -> Mapping[str, Any]:
        """Run it as a stage of the run; one that is computed in a moment is none."""
        given = replace(
            given,
            refit=self.refit,
            rescore=self._as_served(given.rescore),
            attacks=self.run.context.plugins.specs(AttackSpec),
        )
        if self.spec.always:
            return self.spec.run(self.config, given)
        with self.run.stage("audit", self.name) as stage:
            counted = partial(stage.progress, unit=self.spec.unit)
            return self.spec.run(self.config, replace(given, progress=counted))

    def _as_served(self, rescore: Rescore | None) -> Rescore | None:
        """Run the task's steps first, as scoring does."""
        if rescore is None:
            return None
        return lambda examples: rescore(reread(self.run, examples))


def audits_of(run: Run, refit: Refitter) -> dict[str, AuditRun]:
    """Each audit by name, with its settings bound.

    Args:
        run: the run under way.
        refit: what audits fit recipes with.

    Raises:
        NotFoundError: when the task names one that no enabled plugin registers.
        ConfigError: when its settings are wrong.
    """
    plugins, named = run.context.plugins, run.task.evaluation.audits
    specs = plugins.specs(AuditSpec)
    always = (name for name, spec in specs.items() if spec.always)
    found: dict[str, AuditRun] = {}
    for name in dict.fromkeys((*always, *named)):
        spec = get("audit", name, specs)
        config = spec.configure(named.get(name, {}), "evaluation.audits", plugins.base)
        found[name] = Auditor(run, name, spec, config, refit)
    return found
