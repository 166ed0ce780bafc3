"""The files of a new plugin: a step and a voter with settings, and the contracts as its tests.

`$name` is what `plugins:` enables, `$module` the package, `$title` the start of class names.
"""

from __future__ import annotations

from collections.abc import Mapping

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "$name"
version = "0.1.0"
description = "A plugin for sftsec."
requires-python = ">=3.11"
dependencies = ["pydantic>=2.10", "sftsec>=0.1"]

# The name in front is what `plugins:` in sftsec.yaml enables.
[project.entry-points.sftsec]
$name = "$module.hooks"

[tool.hatch.build.targets.wheel]
packages = ["src/$module"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["src"]
addopts = ["--import-mode=importlib", "--strict-markers", "--strict-config"]
filterwarnings = ["error"]
"""

HOOKS = '''\
"""What this plugin registers. Every `sftsec` command imports this module: keep it light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sftsec_core.api import StepSpec, VoterSpec, hookimpl
from $module.step import ${title}Config, ${title}Step
from $module.voter import ${title}VoterConfig, vote


@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
    """Register `steps.$name`, which runs after normalise (100) and redact (200)."""
    return [
        StepSpec(
            name="$name",
            summary="Lower-case texts.",
            order=300,
            config_model=${title}Config,
            create=${title}Step,
        )
    ]


@hookimpl
def sftsec_register_voters() -> Sequence[VoterSpec[Any]]:
    """Register the voter; `gate.voters.$name` has its settings."""
    return [
        VoterSpec(
            name="$name",
            summary="A floor for the macro-F1 of a candidate.",
            config_model=${title}VoterConfig,
            vote=vote,
        )
    ]
'''

STEP = '''\
"""`steps.$name`: lower-case the text fields of a task. Replace it with your own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import Field

from sftsec_core.api import Incident, StepContext, Strict


class ${title}Config(Strict):
    """What `steps.$name` may say."""

    skip: tuple[str, ...] = Field((), description="Fields that stay as they are.")


class ${title}Step:
    """Return incidents with their text fields in lower case."""

    def __init__(self, config: ${title}Config, context: StepContext) -> None:
        """Take the settings, and from the context the fields that the task reads."""
        self._fields = [name for name in context.text_fields if name not in config.skip]
        self._changed = 0

    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        """Return the incidents in their order."""
        return [self._one(incident) for incident in incidents]

    def counts(self) -> Mapping[str, int]:
        """How many incidents were changed."""
        return {"changed": self._changed} if self._changed else {}

    def _one(self, incident: Incident) -> Incident:
        texts = {name: incident.fields.get(name) for name in self._fields}
        lower = {n: t.lower() for n, t in texts.items() if isinstance(t, str) and not t.islower()}
        if not lower:
            return incident
        self._changed += 1
        return replace(incident, fields={**incident.fields, **lower})
'''

VOTER = '''\
"""`gate.voters.$name`: a floor for the macro-F1 of a candidate. Replace it with your own."""

from __future__ import annotations

from pydantic import Field

from sftsec_core.api import EvalReport, GateSettings, Strict, Vote


class ${title}VoterConfig(Strict):
    """What `gate.voters.$name` may say."""

    min_macro_f1: float = Field(0.0, ge=0, le=1, description="The floor, 0 to 1.")


def vote(
    config: ${title}VoterConfig,
    candidate: EvalReport,
    incumbent: EvalReport | None,
    policy: GateSettings,
) -> Vote | None:
    """Reject a candidate under the floor; abstain where no floor is set."""
    if not config.min_macro_f1:
        return None
    found = candidate.candidate.metrics["macro_f1"].value or 0.0
    reason = f"macro-F1 is {found:.3f}, the floor {config.min_macro_f1:.3f}"
    return Vote("$name", found >= config.min_macro_f1, reason)
'''

TESTS = '''\
"""The contracts of sftsec, inherited."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import $module.hooks

from sftsec_core.api import StepSpec
from sftsec_core.testing import PluginContract, StepContract, make_incidents


class TestPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return $module.hooks


class TestStep(StepContract):
    def spec(self) -> StepSpec[Any]:
        return $module.hooks.sftsec_register_steps()[0]

    def test_texts_are_in_lower_case(self) -> None:
        texts = [str(each.fields["message"]) for each in self._step()(make_incidents(5))]
        assert texts == [text.lower() for text in texts]
'''

FILES: Mapping[str, str] = {
    "pyproject.toml": PYPROJECT,
    "src/$module/__init__.py": '"""A plugin for sftsec."""\n',
    "src/$module/py.typed": "",
    "src/$module/hooks.py": HOOKS,
    "src/$module/step.py": STEP,
    "src/$module/voter.py": VOTER,
    "tests/test_contracts.py": TESTS,
}
