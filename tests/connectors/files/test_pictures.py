"""Fields of a record that name a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow
from tests.connectors.files.helpers import pull, write_lines

LONG = "data:image/png;base64," + "A" * 3000


class TestPictures:
    def test_are_paths_below_the_records_folder(self, tmp_path: Path) -> None:
        (tmp_path / "shots").mkdir()
        (tmp_path / "shots" / "1.png").write_bytes(b"x")
        rows = [{"id": "1", "page": {"shot": "shots/1.png"}}]
        found, rejected = pull(write_lines(tmp_path / "a.jsonl", rows), images=("page.shot",))
        assert found[0].fields["page.shot"] == tmp_path / "shots" / "1.png"
        assert rejected == []

    def test_may_be_longer_than_other_fields(self, tmp_path: Path) -> None:
        rows = [{"id": "1", "shot": LONG}, {"id": "2", "shot": "", "m": LONG}]
        found, rejected = pull(
            write_lines(tmp_path / "a.jsonl", rows), images=("shot",), max_field_bytes=1000
        )
        assert [dict(each.fields) for each in found] == [{"id": "1", "shot": LONG}]
        assert len(rejected) == 1

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("../secret.png", "outside of the folder"),
            ("/etc/passwd", "outside of the folder"),
            ("link.png", "outside of the folder"),
            ("absent.png", "not there"),
            ("shots", "not there"),
            ("a\x00b", "not there"),
            ("x" * 5000, "not there"),
            (["1.png"], "holds no path"),
        ],
    )
    def test_elsewhere_are_rejected(self, tmp_path: Path, value: object, reason: str) -> None:
        (tmp_path / "secret.png").write_bytes(b"x")
        folder = tmp_path / "in"
        (folder / "shots").mkdir(parents=True)
        (folder / "link.png").symlink_to(tmp_path / "secret.png")
        rows: list[dict[str, Any]] = [{"id": "1", "shot": value}, {"id": "2", "m": "x"}]
        found, rejected = pull(write_lines(folder / "a.jsonl", rows), images=("shot",))
        assert [dict(each.fields) for each in found] == [{"id": "2", "m": "x"}]
        assert reason in rejected[0].reason

    def test_not_asked_for_are_not_read(self, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"id": "1", "m": "x", "shot": "absent.png"}])
        found, rejected = pull(path, window=PullWindow(fields=("m",)), images=("shot",))
        assert dict(found[0].fields) == {"m": "x"}
        assert rejected == []
