"""User names by the object, the field, the line of a log or the sentence in which they stand."""

from __future__ import annotations

import pytest

from tests.plugins.pii.texts import redact


class TestIdentities:
    @pytest.mark.parametrize(
        "text",
        [
            '{"actor": {"type": "User", "alternateId": "anna"}}',
            '"initiatedBy":{"user":{"displayName":"Anna Example"}}',
            'owner="anna", host=web1',
            "<TargetUserName>anna</TargetUserName>",
            "CN=Anna Example,OU=Staff,DC=corp,DC=example",
            '192.0.2.4 - anna [10/Oct/2031:13:55:36 -0700] "GET / HTTP/1.0" 200 23',
            "1286536309.5 9 192.0.2.8 TCP_MISS/200 5 GET http://x.example/ anna DIRECT/1.2.3.4 -",
            "arn:aws:iam::123456789012:user/anna",
            "Configured from console by anna on vty0 (192.0.2.5)",
            "uid=1001(anna) gid=1001(anna) groups=1001(anna)",
            "drwxr-xr-x 2 anna users 4096 Jan 1 10:00 docs",
            "anna     pts/0        2031-03-01 10:11",
            r"logon by .\anna from WS01",
            "find / -user anna -print",
            "Author: Anna Example <x@shop.example>",
        ],
    )
    def test_hides_persons_in_known_forms(self, text: str) -> None:
        assert "anna" not in redact(text).lower()
        assert "<USER:" in redact(text)

    @pytest.mark.parametrize(
        "text",
        [
            "The user clicked on the link",
            "when a user logs in to the server",
            "created by explorer.exe",
            '"displayName":"Office 365"',
            "CN=DC01,OU=Domain Controllers,DC=corp,DC=example",
            '"owner":"TrustedInstaller"',
            '"user":{"name":"SYSTEM","domain":"NT AUTHORITY"}',
            "uid=0(root) gid=0(root) groups=0(root),27(sudo)",
            "drwxr-xr-x 2 root root 4096 Jan 1 10:00 bin",
            "userid=550e8400-e29b-41d4-a716-446655440000",
            "the prepaid account balance is low",
            r".\run.ps1 -x",
        ],
    )
    def test_leaves_what_is_no_person(self, text: str) -> None:
        assert redact(text) == text
