"""The steps of a task: their order, and what they are shown and may return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sftsec_pii.hooks
from sftsec_core.api.contracts import StepContext
from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.api.errors import ConfigError, NotFoundError, PluginError
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.dataset.steps import StepChain, build_steps
from sftsec_core.plugins import Plugins
from tests.core.dataset.builders import incident, no_steps

LABELS = {"malicious": ("bad",), "benign": ("good",)}


class TestBuildSteps:
    def test_configures_known_steps_and_refuses_others(self) -> None:
        plugins = Plugins.of_modules(sftsec_pii.hooks)
        context = StepContext(("message",), b"s" * 32)

        def steps(**named: dict[str, Any]) -> StepChain:
            task = TaskSettings(connector="c", text=("message",), labels=LABELS, steps=named)
            return build_steps(task, plugins, context)

        assert steps(redact={"ip": True}).settings["redact"]["ip"] is True
        with pytest.raises(NotFoundError, match="redact"):
            steps(redcat={})
        with pytest.raises(ConfigError, match=r"steps\.redact\.emial"):
            steps(redact={"emial": True})
        assert no_steps()([incident("1", "x")]) == [incident("1", "x")]


class TestStepChain:
    def test_shows_no_verdict_to_a_step(self, tmp_path: Path) -> None:
        seen: list[Verdict] = []

        class Peeks:
            def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
                seen.extend(verdict for each in incidents for verdict in each.verdicts)
                return [
                    replace(each, fields={**each.fields, "message": f"{each.verdicts}{each.uid}"})
                    for each in incidents
                ]

            def counts(self) -> dict[str, int]:
                return {}

        incidents = [Incident(uid, {"message": "x"}, (Verdict("bad"),)) for uid in ("1", "2")]
        cleaned = StepChain([("peeks", Peeks())], {})(incidents)
        assert seen == []
        assert [each.fields["message"] for each in cleaned] == ["()1", "()2"]
        assert [each.verdicts for each in cleaned] == [(Verdict("bad"),)] * 2

    def test_refuses_an_invented_incident(self) -> None:
        class Invents:
            def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
                return [*incidents, Incident("other", {})]

            def counts(self) -> dict[str, int]:
                return {}

        with pytest.raises(PluginError, match="step 'invents' returns an incident"):
            StepChain([("invents", Invents())], {})([Incident("1", {})])
