from __future__ import annotations

import pytest

from sftsec_core.api import PluginError
from sftsec_ray.same_versions import require_same_versions, versions_here


class TestVersionsHere:
    def test_name_sftsec_and_its_plugins(self) -> None:
        found = versions_here(["core", "ray"])
        assert found == dict.fromkeys(("core", "ray", "sftsec"), found["sftsec"])
        assert found["sftsec"]

    def test_what_is_missing_has_none(self) -> None:
        assert versions_here(["no-such-plugin"])["no-such-plugin"] == ""


class TestRequireSameVersions:
    def test_accepts_the_same(self) -> None:
        here = {"sftsec": "1.0", "ray": "1.0"}
        require_same_versions(here, {**here, "more": "2.0"}, "n1")
        assert here == {"sftsec": "1.0", "ray": "1.0"}

    def test_names_both_versions(self) -> None:
        with pytest.raises(PluginError, match=r"node n1: ray is 1\.1 there and 1\.0 here: install"):
            require_same_versions({"ray": "1.0"}, {"ray": "1.1"}, "n1")

    def test_names_what_is_missing(self) -> None:
        with pytest.raises(PluginError, match=r"mine is not installed there and 2\.0 here"):
            require_same_versions({"mine": "2.0"}, {}, "n1")
