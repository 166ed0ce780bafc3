"""The configuration refuses what it does not know."""

from __future__ import annotations

import pytest

from sftsec_files.config import FilesConfig


class TestKeys:
    def test_that_are_unknown_are_refused(self) -> None:
        with pytest.raises(ValueError, match="labels"):
            FilesConfig.model_validate({"paths": ["x"], "labels": "verdict"})
