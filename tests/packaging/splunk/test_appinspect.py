"""Splunk's own validator finds no fault, for Splunk Enterprise and for Splunk Cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.packages.splunk import SplunkApp, build_app, write_app
from tests.packaging.splunk.inspection import inspect

# What it warns of and we keep, with the reason.
ACCEPTED = {
    "check_collections_conf": "verdicts live in the KV store; it says itself: no action required",
    "check_for_python_script_existence": "any Python file brings it; ours runs on 3.9 and 3.13",
}


class TestAppInspect:
    def test_finds_only_the_accepted_warnings(self, tmp_path: Path) -> None:
        found = inspect(write_app(tmp_path, build_app()).file, tmp_path)
        assert found.of("error", "failure", "future_failure", "skipped", "manual_check") == {}
        warned = found.of("warning")
        assert set(warned) == set(ACCEPTED), warned
        assert found.exit_code == 103  # warnings, and nothing worse
        assert found.summary["success"] > 140

    @pytest.mark.parametrize(
        ("path", "right", "wrong", "check"),
        [
            ("default/app.conf", b"id = sftsec", b"id = other", "check_for_valid_package_id"),
            (
                "default/app.conf",
                b"reload.sftsec",
                b"reload.other",
                "check_reload_trigger_for_all_custom_confs",
            ),
            (
                "default/data/ui/views/setup.xml",
                b'version="1.1"',
                b"",
                "check_simplexml_standards_version",
            ),
        ],
    )
    def test_finds_a_broken_app(
        self, path: str, right: bytes, wrong: bytes, check: str, tmp_path: Path
    ) -> None:
        app = build_app()
        assert right in app.files[path]
        broken = {**app.files, path: app.files[path].replace(right, wrong)}
        found = inspect(write_app(tmp_path, SplunkApp(app.version, broken)).file, tmp_path)
        assert check in found.of("failure", "future_failure")
        assert found.exit_code in {101, 104}

    def test_does_not_pass_a_broken_archive(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec-0.1.0.tgz"
        file.write_bytes(build_app().archive[:5000])
        found = inspect(file, tmp_path)
        assert found.exit_code not in {0, 103}
        assert found.of("error", "failure", "skipped") != {}

    def test_no_certificate_goes_unverified(self) -> None:
        """The validator sees only some of the ways; this is all that Python's own library has."""
        code = b"".join(
            content for path, content in build_app().files.items() if path[-3:] == ".py"
        )
        for way in (
            b"CERT_NONE",
            b"_create_unverified",
            b"verify=False",
            b"verify_mode",
            b"PROTOCOL_",
        ):
            assert way not in code
        assert code.count(b"ssl.create_default_context(") == 1
        assert code.count(b"check_hostname") == 1  # where the name of the loopback is said of
