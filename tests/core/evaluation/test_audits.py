"""The built-in audits as a task names them."""

from __future__ import annotations

import json
from typing import Any

import pytest

import sftsec_core.builtin
from sftsec_core.api.contracts import AuditSpec
from sftsec_core.evaluation.audits import AUDITS
from sftsec_core.plugins import Plugins
from sftsec_core.testing import make_audit_input


class TestAudits:
    def test_are_registered_by_the_core(self) -> None:
        assert list(Plugins.of_modules(sftsec_core.builtin).specs(AuditSpec).values()) == [*AUDITS]

    @pytest.mark.parametrize("spec", AUDITS, ids=lambda spec: spec.name)
    def test_each_runs_with_its_defaults(self, spec: AuditSpec[Any]) -> None:
        section = spec.run(spec.config_model(), make_audit_input())
        assert json.loads(json.dumps(section, allow_nan=False)) == section
