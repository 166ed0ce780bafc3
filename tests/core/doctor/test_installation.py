"""What is installed, against what is needed."""

from __future__ import annotations

import resource
from importlib.metadata import version
from pathlib import Path

import pytest

from sftsec_core.doctor.finding import Level
from sftsec_core.doctor.installation import (
    check_limits,
    check_missing,
    check_python,
    check_versions,
    check_zones,
)


def distribution(folder: Path, name: str, number: str, *lines: str) -> None:
    """Write an installed distribution's metadata, which is all that is read of it."""
    info = folder / f"{name.replace('-', '_')}-{number}.dist-info"
    info.mkdir()
    text = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {number}", *lines, ""])
    (info / "METADATA").write_text(text, encoding="utf-8")


class TestPython:
    def test_running_one_is_allowed(self) -> None:
        (found,) = check_python()
        assert found.level is Level.OK

    @pytest.mark.parametrize("running", [(3, 10, 14), (3, 14, 0)])
    def test_untested_one_is_a_fault(self, running: tuple[int, ...]) -> None:
        (found,) = check_python(running)
        assert (found.level, found.remedy) == (Level.FAULT, "install Python 3.11 to 3.13")


class TestVersions:
    def test_of_this_installation_are_right(self) -> None:
        (found,) = check_versions({"serve": "`serve`", "sign": "`registry`"})
        assert found.text == f"sftsec {version('sftsec')} and what it needs"

    def test_old_missing_and_unneeded_differ(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        distribution(
            tmp_path, "sftsec", "9.9",
            "Provides-Extra: x", "Provides-Extra: y", "Provides-Extra: all",
            "Requires-Dist: zz-old>=2", "Requires-Dist: zz-gone>=1",
            'Requires-Dist: zz-x>=1; extra == "x"', 'Requires-Dist: zz-y>=1; extra == "y"',
            'Requires-Dist: zz-old-y>=3; extra == "y"', 'Requires-Dist: zz-x>=1; extra == "all"',
            'Requires-Dist: zz-elsewhere>=1; sys_platform == "win32"',
        )  # fmt: skip
        distribution(tmp_path, "zz-old", "1.0")
        distribution(tmp_path, "zz-old-y", "1.0")
        monkeypatch.syspath_prepend(str(tmp_path))
        assert [(each.level, each.text, each.remedy) for each in check_versions({"x": "it"})] == [
            ("fault", "zz-old 1.0 is installed, not >=2", "pip install 'zz-old>=2'"),
            ("fault", "zz-gone is missing", "pip install 'zz-gone>=1'"),
            ("fault", "it needs zz-x, which is not installed", "pip install 'sftsec[x]'"),
            ("warning", "zz-old-y 1.0 is installed, not >=3", "pip install 'zz-old-y>=3'"),
        ]


class TestMissing:
    def test_line_is_split_at_its_remedy(self) -> None:
        line = "recipe 'boosted' needs lightgbm: pip install 'sftsec[boosted]'"
        (found,) = check_missing([line, line])
        assert found.text == "recipe 'boosted' needs lightgbm"
        assert found.remedy == "pip install 'sftsec[boosted]'"


class TestZones:
    def test_of_this_machine_can_be_read(self) -> None:
        assert [each.level for each in check_zones()] == [Level.OK]


class TestLimits:
    def test_too_few_files_are_a_warning(self) -> None:
        (found,) = check_limits(1000, soft=1024)
        assert (found.level, found.text) == (
            Level.WARNING, "at most 1,024; `sftsec serve` may need 1,128",
        )  # fmt: skip

    def test_enough_or_unlimited_files_pass(self) -> None:
        for soft in (1128, resource.RLIM_INFINITY):
            assert [each.level for each in check_limits(1000, soft=soft)] == [Level.OK]
