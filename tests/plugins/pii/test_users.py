"""User names in paths, accounts and commands."""

from __future__ import annotations

import pytest

from tests.plugins.pii.texts import redact


class TestUsers:
    @pytest.mark.parametrize(
        "text",
        [
            r"\Device\HarddiskVolume3\Users\anna.example\x.exe",
            r"\\fileserver\Users\anna.example\x.exe",
            r"%OSDRIVE%\USERS\ANNA.EXAMPLE\APPDATA\x.exe",
            r"C:\Documents and Settings\anna.example\x.exe",
            "/export/home/anna.example/x",
            r"logon of CORP\anna.example at 10:00",
            "net user anna.example /delete",
            "Failed password for invalid user anna.example from 192.0.2.1 port 22 ssh2",
        ],
    )
    def test_hides_names_in_known_places(self, text: str) -> None:
        assert "anna" not in redact(text).lower()
        assert "<USER:" in redact(text)

    @pytest.mark.parametrize(
        "text",
        [
            r"reg query HKLM\SAM",
            r"C:\Windows\System32\drivers",
            "GET /api/users/list",
            r"BUILTIN\Users",
            r"NT AUTHORITY\SYSTEM",
            "Failed password for root from 192.0.2.1",
            r"..\..\Users\x",
        ],
    )
    def test_leaves_what_names_no_person(self, text: str) -> None:
        assert redact(text) == text
