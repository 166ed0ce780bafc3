"""An audit's changed texts go through the task's steps before the model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sftsec_core.api.contracts import AttackSpec, AuditInput, AuditSpec, EmptyConfig
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.operations.retrain import retrain
from tests.core.operations.secret_task import Observer, context


class AskingPlugin:
    """An audit that writes texts with characters that the step "normalise" takes out."""

    def __init__(self) -> None:
        self.attacks: set[str] = set()
        self.same: list[bool] = []

    @hookimpl
    def sftsec_register_audits(self) -> Sequence[AuditSpec[EmptyConfig]]:
        return [AuditSpec(name="asking", summary="Asks", run=self.run)]

    @hookimpl
    def sftsec_register_attacks(self) -> Sequence[AttackSpec[EmptyConfig]]:
        return [
            AttackSpec(name="none", summary="", kinds=frozenset(), rewrite=lambda _c, t, _r: t.text)
        ]

    def run(self, _config: EmptyConfig, given: AuditInput) -> dict[str, int]:
        assert given.rescore is not None
        self.attacks = set(given.attacks)
        text = str(given.split.test[0].inputs["text"])
        for changed in (text, f"  {text[:3]}\u200b{text[3:]}", f"{text} <EMAIL:0a1b2c3d>"):
            example = replace(given.split.test[0], inputs={"text": changed})
            proba = given.rescore([example]).proba[0]
            self.same.append(bool(np.allclose(proba, given.predictions.proba[0])))
        return {"asked": 3}


class TestReread:
    def test_steps_run_on_changed_texts(self, folder: Path, observer: Observer) -> None:
        asking = AskingPlugin()
        with context(folder, observer, "linear", evaluation={"audits": ["asking"]}) as work:
            work.plugins.add(asking)
            retrain(work, "secret", promote=False)
        assert asking.same[:2] == [True, True]
        assert {"none", "rewrite_percent"} <= asking.attacks
