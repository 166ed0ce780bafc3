"""The audit keeps the contract of audits, and tells a brittle model from a robust one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sftsec_core.api import AuditInput, AuditSpec, Example, Predictions
from sftsec_core.testing import AuditContract, make_audit_input
from sftsec_robust.attacks.registry import ATTACKS
from sftsec_robust.audit import disguise
from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.hooks import sftsec_register_audits
from sftsec_robust.settings import CanonicalSettings, DisguiseSettings

SMALL = DisguiseSettings(rows=20, queries=15, draws=2)
NAMED = {spec.name: spec for spec in ATTACKS}


def with_attacks(*names: str, right: bool = True) -> AuditInput:
    return replace(
        make_audit_input(right=right), attacks={name: NAMED[name] for name in names or NAMED}
    )


def canonical(given: AuditInput) -> AuditInput:
    """The same candidate behind the step `canonical`."""
    ask = given.rescore
    assert ask is not None

    def rescore(examples: Sequence[Example]) -> Predictions:
        read = [
            replace(e, inputs={"text": canonical_text(str(e.inputs["text"]), CanonicalSettings())})
            for e in examples
        ]
        return ask(read)

    return replace(given, rescore=rescore)


class TestDisguiseAudit(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return sftsec_register_audits()[0]

    def config(self) -> Mapping[str, Any]:
        return {"rows": 10, "queries": 10}

    def sound(self) -> AuditInput:
        return canonical(with_attacks("homoglyphs", "zero_width"))

    def faulty(self) -> AuditInput:
        return with_attacks("homoglyphs", "zero_width")


class TestFigures:
    def test_brittle_model_loses_recall(self) -> None:
        section = disguise(SMALL, with_attacks("homoglyphs", "typos"))
        figures = section["figures"]
        assert section["outcome"] == "failed"
        ways = section["tables"][1]
        assert ways["public"], "ways past the model are shown without texts"
        missed = round(figures["rows"] * (1 - figures["retained"]))
        assert sum(count for _, count, _ in ways["rows"]) == missed > 0
        assert figures["recall"] == 1.0
        assert figures["retained"] < 0.5
        assert figures["recall_attacked"] == figures["retained"]
        assert "canonical" in section["advice"]

    def test_canonical_reading_keeps_it(self) -> None:
        section = disguise(SMALL, canonical(with_attacks("homoglyphs", "zero_width")))
        assert section["outcome"] == "held"
        assert section["figures"]["retained"] == 1.0
        assert section["figures"]["fpr"] == section["figures"]["fpr_dev"] == 0.0

    def test_tables_name_each_attack(self) -> None:
        section = disguise(SMALL, with_attacks("homoglyphs", "typos", "url_port"))
        rows = {row[0]: row for row in section["tables"][0]["rows"]}
        assert set(rows) == {"homoglyphs", "typos"}
        assert rows["typos"][-1] == "no"
        assert section["tables"][1]["rows"][0][0] in {"homoglyphs", "typos", "typos, homoglyphs"}


class TestNotMeasured:
    def test_task_without_benign(self) -> None:
        given = with_attacks()
        section = disguise(SMALL, replace(given, task=replace(given.task, benign=None)))
        assert section["outcome"] == "not_measured"
        assert "no benign label" in section["found"]

    def test_model_that_detects_nothing(self) -> None:
        given = with_attacks()
        quiet = replace(given.predictions, decided=np.zeros(60, dtype=np.int64))
        section = disguise(SMALL, replace(given, predictions=quiet))
        assert "detects no attack" in section["found"]

    def test_model_that_cannot_be_asked(self) -> None:
        section = disguise(SMALL, replace(with_attacks(), rescore=None))
        assert "cannot be asked" in section["found"]
