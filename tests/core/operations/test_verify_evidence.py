"""Verification of an archive without a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.evidence.bundle import json_bytes, write_bundle
from sftsec_core.operations.verify_evidence import LOG, is_evidence, verify_evidence

EMPTY = {"anchor": {"seq": 0, "hash": "0" * 64}, "copies": {}, "entries": []}


def written(folder: Path, log: object = EMPTY) -> Path:
    file = folder / "evidence.zip"
    file.write_bytes(write_bundle({LOG: json_bytes(log)}, {"task": "t"}, None))
    return file


class TestVerify:
    def test_says_what_is_not_proved(self, tmp_path: Path) -> None:
        found = verify_evidence(written(tmp_path))
        assert found.proved == ("1 files are as they were written",)
        assert "not signed" in found.not_proved[0]
        assert is_evidence(written(tmp_path))

    def test_names_the_copies_to_compare_with(self, tmp_path: Path) -> None:
        log = {**EMPTY, "copies": {"siem": {"seq": 7, "hash": "0" * 64}}}
        assert "'siem' up to entry 7" in verify_evidence(written(tmp_path, log)).not_proved[-1]

    @pytest.mark.parametrize("log", [[], {"entries": 3}, {**EMPTY, "entries": [{"seq": 1}]}])
    def test_damaged_log_is_named(self, tmp_path: Path, log: object) -> None:
        with pytest.raises(IntegrityError, match=r"audit-log\.json is damaged"):
            verify_evidence(written(tmp_path, log))

    def test_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read: No such file"):
            verify_evidence(tmp_path / "none.zip")

    @pytest.mark.parametrize("names", ["[]", "{", '{"person-0": 1}'])
    def test_wrong_names_are_refused(self, tmp_path: Path, names: str) -> None:
        file = tmp_path / "names.json"
        file.write_text(names)
        with pytest.raises(ConfigError, match="is not what `sftsec evidence --names` wrote"):
            verify_evidence(written(tmp_path), None, file)

    def test_other_file_is_no_evidence(self, tmp_path: Path) -> None:
        (tmp_path / "sftsec.yaml").write_text("version: 1")
        assert not is_evidence(tmp_path / "sftsec.yaml")
