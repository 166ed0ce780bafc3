"""The audits of a run: those that the task names, and those that always run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import AuditSpec
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from sftsec_core.evaluation.evaluate import AuditRun
    from sftsec_core.operations.running import Run


def audits_of(run: Run) -> dict[str, AuditRun]:
    """Each audit by name, with its settings bound.

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
        found[name] = partial(spec.run, config)
    return found
