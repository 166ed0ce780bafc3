"""A decider that a plugin brings: from its fit on dev to the decision on an incident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import DeciderSpec, EmptyConfig
from sftsec_core.api.domain import Action, FittedPart, IncidentPage, Threshold
from sftsec_core.api.errors import PluginError
from sftsec_core.api.predictions import ACTIONS, Decisions, Predictions
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.methods import ServingMethods
from sftsec_core.registry.serving import Serving
from sftsec_core.scoring.decision import decide_page, detection_of, review_request
from sftsec_core.scoring.scorer import rate_page, score_page
from tests.core.evaluation.rote_models import RoteModel, split_of
from tests.core.scoring.parts import TASK, incident, scorer

DISMISS, REVIEW, ALERT = range(len(ACTIONS))


@dataclass(frozen=True)
class SetDecider:
    """Keeps every class of a least probability; alerts on one attack, reviews several classes."""

    least: float

    @property
    def state(self) -> Mapping[str, Any]:
        return {"least": self.least}

    @property
    def threshold(self) -> Threshold:
        return Threshold(1 - self.least, "set")

    def decide(self, proba: NDArray[np.float64]) -> Decisions:
        sets = (proba >= self.least) | (proba == proba.max(axis=1, keepdims=True))
        labels = proba.argmax(axis=1).astype(np.int64)
        actions = np.where(labels == 0, DISMISS, ALERT)
        actions[sets.sum(axis=1) > 1] = REVIEW
        return Decisions(actions.astype(np.int8), labels, sets)

    @classmethod
    def fit(cls, _config: EmptyConfig, dev: Predictions, _per_day: float | None) -> SetDecider:
        return cls(0.2 if len(dev) else 0.5)

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> SetDecider:
        return cls(float(state["least"]))


@dataclass(frozen=True)
class UnitDecider(SetDecider):
    """Alerts sooner in one unit; another it does not know."""

    @property
    def group_fields(self) -> tuple[str, ...]:
        return ("unit",)

    def decide_by_group(
        self, proba: NDArray[np.float64], facets: Mapping[str, NDArray[np.object_]]
    ) -> Decisions:
        sooner = facets["unit"] == "abroad"
        thresholds = np.where(sooner, 0.1, self.threshold.value)
        labels = proba[:, 1:].argmax(axis=1) + 1
        actions = np.where(1 - proba[:, 0] >= thresholds, ALERT, DISMISS)
        labels = np.where(actions == ALERT, labels, 0)
        sets = labels[:, None] == np.arange(proba.shape[1])
        return Decisions(actions.astype(np.int8), labels, sets, thresholds, ~sooner)


SETS = DeciderSpec(name="sets", summary="Sets of classes", fit=SetDecider.fit, load=SetDecider.load)


class TestPluginsDecider:
    def test_shapes_the_figures_and_the_serving_file(self) -> None:
        model = FittedModel(RoteModel(TASK.labels, 2.0), "x")
        report = evaluate(model, {}, split_of(TASK), TASK, methods=ServingMethods(decider=SETS))
        scores = report.candidate
        assert scores.decider == FittedPart("sets", {"least": 0.2})
        assert sum(scores.actions.values()) == sum(map(sum, scores.confusion.counts)) == 300
        assert scores.actions["review"] > 0
        # What goes to review raises no alert, so it counts as benign.
        alerts = sum(sum(row[1:]) for row in scores.confusion.counts)
        assert alerts == scores.actions["alert"]
        assert Serving.from_json(Serving.of(report, TASK).to_json()).decider == scores.decider

    def test_gives_an_action_and_several_labels(self) -> None:
        given = scorer(decider=SetDecider(0.3))
        texts = ("hello", "spam spam", "spam virus", "spam")
        incidents = tuple(incident(number, text) for number, text in enumerate(texts))
        decided = list(decide_page(rate_page(IncidentPage(incidents, ""), given), given))
        assert [each.action for each in decided] == [
            Action.DISMISS, Action.ALERT, Action.REVIEW, Action.ALERT,
        ]  # fmt: skip
        assert decided[2].labels == ("spam", "virus")
        assert decided[1].labels == ("spam",)
        assert detection_of(decided[1], given).labels == ("spam",)
        assert "perhaps spam or virus" in review_request(decided[2], given).reason

    def test_reads_the_groups_of_incidents(self) -> None:
        given = scorer(decider=UnitDecider(0.05), keep=("unit",))
        told = [
            incident(number, "spam", unit=unit) for number, unit in enumerate(["abroad", "", "x"])
        ]
        page = score_page(IncidentPage(tuple(told), ""), given)
        assert [each.fields["unit"] for each in page.detections] == ["abroad"]
        assert page.detections[0].threshold == 0.1
        assert (page.scored, page.dismissed, page.unknown_groups) == (3, 2, 2)

    @pytest.mark.parametrize(
        ("decided", "complaint"),
        [
            (([ALERT, ALERT], [1], [[0, 1, 0]]), "shapes"),
            (([ALERT], [1], [[1, 0, 0]]), "not in its own set"),
            (([ALERT], [0], [[1, 0, 0]]), "benign label"),
        ],
    )
    def test_that_breaks_its_contract_is_an_error(
        self, decided: tuple[list[int], list[int], list[list[int]]], complaint: str
    ) -> None:
        class Broken(SetDecider):
            def decide(self, proba: NDArray[np.float64]) -> Decisions:
                actions, labels, sets = decided
                return Decisions(
                    np.array(actions, np.int8), np.array(labels), np.array(sets, np.bool_)
                )

        given = scorer(decider=Broken(0.2))
        rated = rate_page(IncidentPage((incident(1, "spam"),), ""), given)
        with pytest.raises(PluginError, match=complaint):
            list(decide_page(rated, given))
