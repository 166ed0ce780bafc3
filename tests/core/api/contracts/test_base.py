"""What every spec can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from sftsec_core.api.contracts import MetricSpec, Requirement, Spec, StepSpec
from sftsec_core.api.domain.objectives import EXPECTED_COST
from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.evaluation.metrics import METRIC_NAMES


class Rank(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rank: int = 4


class Listed(BaseModel):
    file: ConfigPath


def spec(*requires: Requirement) -> StepSpec[Rank]:
    return StepSpec(
        name="lower", summary="x", order=1, config_model=Rank, create=never, requires=requires
    )


def never(*_: object) -> Any:
    raise AssertionError("nothing calls it here")


class TestConfigure:
    def test_fills_in_defaults(self) -> None:
        assert spec().configure({}).rank == 4

    def test_paths_start_from_the_given_base(self, tmp_path: Path) -> None:
        listed = StepSpec(name="l", summary="x", order=1, config_model=Listed, create=never)
        assert listed.configure({"file": "a/b.txt"}, base=tmp_path).file == tmp_path / "a/b.txt"
        assert listed.configure({"file": "/a/b.txt"}, base=tmp_path).file == Path("/a/b.txt")

    def test_names_the_place_of_a_mistake(self) -> None:
        with pytest.raises(ConfigError, match=r"steps\.lower\.rnk"):
            spec().configure({"rnk": 3}, "steps")

    def test_a_spec_without_settings_takes_none(self) -> None:
        bare = StepSpec(name="bare", summary="x", order=1, create=never)
        with pytest.raises(ConfigError, match=r"bare\.anything"):
            bare.configure({"anything": 1})


class TestMissing:
    def test_is_none_when_all_is_installed(self) -> None:
        assert spec(Requirement(module="json", install_hint="")).missing() is None

    def test_names_module_and_install_command(self) -> None:
        needs = Requirement(module="no_such_module", install_hint="pip install such")
        assert spec(needs).missing() == "step 'lower' needs no_such_module: pip install such"


class TestReserved:
    def test_the_core_metrics_are_all_reserved(self) -> None:
        assert MetricSpec.reserved == frozenset({*METRIC_NAMES, EXPECTED_COST})

    def test_a_kind_reserves_nothing_by_itself(self) -> None:
        assert Spec.reserved == frozenset()
