"""The reference of what plugins import is what the code says."""

from __future__ import annotations

from types import ModuleType

import pytest

from sftsec_core import api
from sftsec_core.api import contracts, domain
from tests.meta.api_docs import FILE, entry, reference

# Exported by their packages for the core's own use; two are names for types of values.
OURS = {
    *("InputValue", "Inputs"),
    *("baseline_recipe", "canonical_bytes", "describe_inputs", "Registration"),
}


class TestFacade:
    @pytest.mark.parametrize("package", [contracts, domain], ids=["contracts", "domain"])
    def test_offers_all_that_authors_import(self, package: ModuleType) -> None:
        assert set(package.__all__) - OURS <= set(api.__all__)


class TestReference:
    def test_is_generated_from_the_code(self) -> None:
        written = FILE.read_text(encoding="utf-8")
        assert written == reference(), "run: python -m tests.meta.api_docs"

    @pytest.mark.parametrize("name", api.__all__)
    def test_says_something_of_each_name(self, name: str) -> None:
        assert len(entry(name).splitlines()) > 2

    def test_holds_no_address_of_an_object(self) -> None:
        assert "0x" not in reference()
