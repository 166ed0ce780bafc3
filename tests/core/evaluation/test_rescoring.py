"""An audit asks the candidate about other examples, as it decides in the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sftsec_core.api.contracts import AuditInput
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.methods import ServingMethods
from sftsec_core.sdk.threshold_settings import ThresholdSettings
from tests.core.evaluation.rote_models import BINARY, RoteModel, split_of


class TestRescorer:
    def test_decides_as_the_report_does(self) -> None:
        seen: list[AuditInput] = []

        def keep(given: AuditInput) -> dict[str, int]:
            seen.append(given)
            return {}

        split = split_of()
        methods = ServingMethods(decider_config=ThresholdSettings(method="fpr", target=0.02))
        fitted = FittedModel(RoteModel(BINARY.labels, 2.0), "hybrid")
        evaluate(fitted, {}, split, BINARY, methods=methods, audits={"keep": keep})
        (given,) = seen
        assert given.rescore is not None
        again = given.rescore(split.test)
        assert again.threshold == given.predictions.threshold
        np.testing.assert_array_equal(again.labels, given.predictions.labels)
        np.testing.assert_array_equal(again.proba, given.predictions.proba)
        one = given.rescore([replace(split.test[0], uid="changed")])
        np.testing.assert_allclose(one.proba[0], given.predictions.proba[0])
