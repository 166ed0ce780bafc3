"""Each pin that is installed has a licence that Apache-2.0 can stand on, or a reason."""

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tests.meta.tree import ROOT
from tests.release.licences import EXCEPTIONS, check_licences, is_allowed, pins


class TestPins:
    def test_have_allowed_licences(self) -> None:
        checked, absent = check_licences(pins(ROOT / "constraints.txt"))
        assert [each for each in checked if each.verdict == "refused"] == []
        assert len(checked) > len(absent) > 0

    def test_exceptions_all_apply(self) -> None:
        names = pins(ROOT / "constraints.txt")
        assert [key for key in EXCEPTIONS if not any(n.startswith(key) for n in names)] == []


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache Software License", True),
        ("BSD License OR Apache Software License", True),
        ("Apache-2.0 WITH LLVM-exception AND BSL-1.0", True),
        ("MIT OR GPL-3.0-only", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("MIT AND GPL-3.0-only", False),
        ("Apache-2.0 AND (GPL-2.0-only OR AGPL-3.0-only)", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("GNU Affero General Public License v3", False),
        ("LicenseRef-Commercial", False),
        ("see the file", False),
    ],
)
def test_expression_is_read_as_spdx(licence: str, allowed: bool) -> None:
    assert is_allowed(licence) is allowed


class TestException:
    def test_lapses_when_the_licence_changes(self, tmp_path: Path) -> None:
        def find(name: str) -> Distribution:
            info = tmp_path / f"{name}-1.dist-info"
            info.mkdir()
            fields = (
                f"Metadata-Version: 2.4\nName: {name}\nVersion: 1\nLicense-Expression: SSPL-1.0\n"
            )
            (info / "METADATA").write_text(fields, encoding="utf-8")
            return Distribution.at(info)

        checked, _ = check_licences(["psycopg"], find)
        assert [each.verdict for each in checked] == ["refused"]
