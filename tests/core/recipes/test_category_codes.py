"""Categories as numbers: frequent names have codes, all others share one."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.recipes.category_codes import OTHER, CategoryCodes

NAMES = ["b", "a", "b", None, "a", "b", "once", "a2", "a2"]


class TestCategoryCodes:
    def test_number_names_by_their_frequency(self) -> None:
        assert CategoryCodes.fit(NAMES, 10).to_json() == ["b", "a", "a2"]
        assert CategoryCodes.fit(NAMES, 1).to_json() == ["b"]

    def test_give_rare_and_unseen_names_one_code(self) -> None:
        codes = CategoryCodes.fit(NAMES, 10)
        assert codes(["once", "new", "b"]).tolist() == [OTHER, OTHER, 1]

    def test_are_nan_where_there_is_no_name(self) -> None:
        assert np.isnan(CategoryCodes.fit(NAMES, 10)([None])).all()

    def test_survive_their_json(self) -> None:
        codes = CategoryCodes.fit(NAMES, 10)
        assert CategoryCodes.from_json(codes.to_json()) == codes

    @pytest.mark.parametrize("names", [None, {"a": 1}, ["a", "a"]])
    def test_refuse_what_is_no_list_of_names(self, names: object) -> None:
        with pytest.raises(ValueError, match="no list of different names"):
            CategoryCodes.from_json(names)
