"""Secrets by what introduces them."""

from __future__ import annotations

import pytest

from tests.plugins.pii.texts import redact


class TestSecrets:
    @pytest.mark.parametrize("scheme", ["Splunk", "ApiKey", "Basic", "Negotiate", "Token"])
    def test_hides_credentials_of_every_scheme(self, scheme: str) -> None:
        got = redact(f"Authorization: {scheme} Zm9vYmFyMTIz")
        assert got.startswith(f"Authorization: {scheme} <SECRET:")
        assert "Zm9v" not in got

    def test_keeps_attributes_of_a_cookie(self) -> None:
        got = redact("Set-Cookie: id=a1b2c3d4; Path=/shop; HttpOnly")
        assert got.startswith("Set-Cookie: id=<SECRET:")
        assert got.endswith("; Path=/shop; HttpOnly")

    @pytest.mark.parametrize(
        "text",
        [
            "curl -u bob:s3cr%et! https://x.example",
            "https://bob:s3cr%et!@host.example/x",
            '{"password": "s3cr%et!"}',
            "net user anna s3cr%et! /add",
            "sshpass -p s3cr%et! ssh x",
        ],
    )
    def test_hides_passwords_with_any_signs(self, text: str) -> None:
        assert "cr%et" not in redact(text)
