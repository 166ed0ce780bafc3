"""What a task may say about its threshold."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sftsec_core.sdk.threshold_settings import ThresholdSettings


class TestThresholdSettings:
    @pytest.mark.parametrize("method", ["fpr", "alerts_per_day", "fixed"])
    def test_method_needs_its_target(self, method: str) -> None:
        with pytest.raises(ValidationError, match=f"method {method} needs a target"):
            ThresholdSettings.model_validate({"method": method})
        assert ThresholdSettings.model_validate({"method": method, "target": 0}).target == 0

    def test_max_f1_needs_no_target(self) -> None:
        assert ThresholdSettings().method == "max_f1"

    @pytest.mark.parametrize(
        "wrong", [{"method": "f1"}, {"method": "fpr", "target": -1}, {"review_from": 1.5}]
    )
    def test_nonsense_is_refused(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            ThresholdSettings.model_validate(wrong)
