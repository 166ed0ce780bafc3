"""Rows are copied as all other transforms leave them."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from sftsec_core.api.settings.transforms import Transforms

READ = TypeAdapter(Transforms).validate_python


class TestTransforms:
    def test_copies_come_last(self) -> None:
        assert [each.name for each in READ(["label_errors", "augment"])] == [
            "label_errors",
            "augment",
        ]

    @pytest.mark.parametrize("names", [["augment", "label_errors"], ["augment", "augment"]])
    def test_another_order_is_refused(self, names: list[str]) -> None:
        with pytest.raises(ValidationError, match="name 'augment' last, and once"):
            READ(names)
