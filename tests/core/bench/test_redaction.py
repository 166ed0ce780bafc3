"""The figures of a step that redacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from sftsec_core.api.contracts import LabelledText, StepContext, StepSpec
from sftsec_core.api.contracts.base import EmptyConfig
from sftsec_core.api.domain import Incident
from sftsec_core.api.errors import ConfigError
from sftsec_core.bench.redaction import is_found, measure, run_redaction_bench

TEXTS = (
    LabelledText(kind="name", fields={"message": "by anna now"}, hidden=("anna",)),
    LabelledText(kind="name", fields={"message": "by bob now"}, hidden=("bob",), held_out=True),
    LabelledText(kind="plain", fields={"message": "anna street"}),
    LabelledText(kind="plain", fields={"message": "nothing"}),
)


class HideAnna:
    """Replaces one name, wherever it stands."""

    def __init__(self) -> None:
        self.replaced = 0

    def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
        done = []
        for each in incidents:
            text = str(each.fields["message"])
            self.replaced += text.count("anna")
            done.append(Incident(each.uid, {"message": text.replace("anna", "<USER:00000000>")}))
        return done

    def counts(self) -> Mapping[str, int]:
        return {"user": self.replaced}


def spec(*, labelled: bool) -> StepSpec[EmptyConfig]:
    def create(_: EmptyConfig, __: StepContext) -> HideAnna:
        return HideAnna()

    texts = (lambda: TEXTS) if labelled else None
    return StepSpec(name="hide", summary="x", order=200, create=create, labelled_texts=texts)


class TestFigures:
    def test_count_recall_by_half_and_kind(self) -> None:
        got = measure(HideAnna(), TEXTS)
        assert got["recall"] == [{"kind": "name", "count": 2, "developed": 1.0, "held_out": 0.0}]
        assert got["precision"] == [{"kind": "user", "replaced": 2, "precision": 0.5}]
        assert got["benign"] == {"count": 2, "changed": 0.5}

    def test_come_with_the_speed(self) -> None:
        got = run_redaction_bench(spec(labelled=True), {}, 100)
        assert got["rows"] == 100
        assert got["incidents_per_s"] > 0
        assert got["mb_per_s"] > 0

    def test_need_labelled_texts(self) -> None:
        with pytest.raises(ConfigError, match="no labelled texts"):
            run_redaction_bench(spec(labelled=False), {}, 100)


class TestIsFound:
    def test_wants_no_part_of_the_value(self) -> None:
        text = LabelledText(kind="x", fields={"m": "to anna~x@a.example"}, hidden=("anna~x",))
        assert not is_found(text, {"m": "to anna~<EMAIL:00000000>@a.example"})
        assert is_found(text, {"m": "to <EMAIL:00000000>@a.example"})
