"""The configuration refuses what it does not know."""

from __future__ import annotations

import pytest

from sftsec_files.config import FilesConfig


class TestKeys:
    def test_that_are_unknown_are_refused(self) -> None:
        with pytest.raises(ValueError, match="labels"):
            FilesConfig.model_validate({"paths": ["x"], "labels": "verdict"})

    def test_of_times_are_checked(self) -> None:
        for given in ({"time_format": "dd/MM/yyyy"}, {"timezone": "Berlin"}):
            with pytest.raises(ValueError, match=r"is no time format|is not a time zone"):
                FilesConfig.model_validate({"paths": ["x"], **given})
