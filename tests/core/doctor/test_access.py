"""Rights, secrets and the certificate."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.config.settings import Settings
from sftsec_core.doctor.access import (
    check_certificate,
    check_config_file,
    check_folder,
    check_secrets,
    secrets_in,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def certificate(file: Path, first: timedelta, last: timedelta) -> Path:
    """Write a certificate that is valid from and until so long after now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sftsec")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW + first)
        .not_valid_after(NOW + last)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(built.public_bytes(Encoding.PEM))
    return file


class TestFolder:
    def test_is_judged_by_its_rights(self, tmp_path: Path) -> None:
        folder = tmp_path / "state"
        levels = [each.level for each in check_folder(folder)]
        for mode in (0o700, 0o755):
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
            levels += [each.level for each in check_folder(folder)]
        assert levels == ["ok", "ok", "warning"]

    def test_file_in_its_place_is_a_fault(self, tmp_path: Path) -> None:
        (tmp_path / "state").write_text("", encoding="utf-8")
        assert [each.level for each in check_folder(tmp_path / "state")] == ["fault"]

    def test_of_another_user_is_a_fault(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 3_999_999)
        (found,) = check_folder(tmp_path)
        assert (found.level, "chown -R 3999999" in found.remedy) == ("fault", True)


class TestConfigFile:
    def test_writable_by_others_is_a_warning(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec.yaml"
        file.write_text("", encoding="utf-8")
        file.chmod(0o644)
        assert list(check_config_file(file)) == []
        file.chmod(0o664)
        assert [each.remedy for each in check_config_file(file)] == [f"chmod go-w {file}"]


class TestSecrets:
    def test_are_found_wherever_they_stand(self) -> None:
        given = {"encrypt": {"key": "env:KEY"}}
        settings = Settings.model_validate(
            {"state": given, "serve": {"tokens": {"a": "env:A", "b": "file:/b"}}}
        )
        found = {place: str(reference) for place, reference in secrets_in(settings)}
        assert found == {
            "state.encrypt.key": "env:KEY",
            "serve.tokens.a": "env:A",
            "serve.tokens.b": "file:/b",
        }
        (nested,) = secrets_in({"hec": [SecretRef("env:T")]}, "connectors.s")
        assert nested[0] == "connectors.s.hec.0"

    def test_missing_and_open_ones_are_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SFTSEC_TEST_TOKEN", "hunter2-hunter2")
        file = tmp_path / "token"
        file.write_text("hunter3-hunter3", encoding="utf-8")
        given = [
            ("a", SecretRef("env:SFTSEC_TEST_TOKEN")),
            ("b", SecretRef("env:SFTSEC_TEST_NONE")),
            ("c", SecretRef(f"file:{file}")),
        ]
        file.chmod(0o604)
        found = list(check_secrets(given))
        assert [(each.level, each.text[0]) for each in found] == [("fault", "b"), ("warning", "c")]
        assert "hunter" not in str(found)
        file.chmod(0o440)  # as Kubernetes gives it to a container's group
        assert [each.text for each in check_secrets([given[0], given[2]])] == ["2 found"]


class TestCertificate:
    @pytest.mark.parametrize(
        ("first", "last", "level"),
        [(-9, 90, "ok"), (-9, 13, "warning"), (-9, -1, "fault"), (1, 90, "fault")],
    )
    def test_is_judged_by_its_times(
        self, first: int, last: int, level: str, tmp_path: Path
    ) -> None:
        file = certificate(tmp_path / "c.pem", timedelta(days=first), timedelta(days=last))
        assert [each.level for each in check_certificate(file, NOW)] == [level]

    def test_first_to_end_of_a_chain_counts(self, tmp_path: Path) -> None:
        long = certificate(tmp_path / "a.pem", timedelta(days=-9), timedelta(days=90))
        short = certificate(tmp_path / "b.pem", timedelta(days=-9), timedelta(days=2))
        long.write_bytes(long.read_bytes() + short.read_bytes())
        (found,) = check_certificate(long, NOW)
        assert found.text == f"{long} ends in 2 days"

    def test_missing_or_damaged_one_is_a_fault(self, tmp_path: Path) -> None:
        bad = tmp_path / "bad.pem"
        bad.write_text("no certificate", encoding="utf-8")
        for file in (bad, tmp_path / "none.pem"):
            assert [each.level for each in check_certificate(file, NOW)] == ["fault"]
