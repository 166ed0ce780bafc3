"""Credentials and TLS of a real cluster: what is refused at once, in one line without a secret."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.sdk.errors import AccessError, TlsError
from sftsec_core.testing.incidents import make_detections
from tests.connectors.elastic.access import KEY, NO_RIGHTS, Login, connect, key_id
from tests.connectors.elastic.alerts import AlertSite
from tests.connectors.search.sites import own_site, pages
from tests.servers.elasticsearch import start_elasticsearch
from tests.servers.engines.certificates import make_certificates


def make_self_signed(folder: Path) -> None:
    """Write what `make_certificates` writes, with a certificate that is its own authority."""
    folder.mkdir()
    command = ["openssl", "req", "-x509", "-days", "30", "-nodes", "-subj", "/CN=localhost"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", "node.key"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", "node.pem"]
    subprocess.run([*command, *key, *names], cwd=folder, check=True, capture_output=True)
    shutil.copy(folder / "node.pem", folder / "ca.pem")


class TestCredentials:
    @pytest.mark.parametrize("wrong", ["not-base64", "bm9ib2R5Om5vdGhpbmc=", "withdrawn"])
    def test_refuse_a_bad_api_key_at_once(
        self,
        secured: AlertSite,
        key: Callable[[Any], Login],
        monkeypatch: pytest.MonkeyPatch,
        wrong: str,
    ) -> None:
        login = key(NO_RIGHTS)
        if wrong == "withdrawn":
            secured.site.call("DELETE", "/_security/api_key", {"ids": [key_id()]})
        else:
            monkeypatch.setenv(KEY, wrong)
        connector = connect(secured, **login)
        detections = make_detections(1)
        for call in (connector.check, lambda: pages(connector), lambda: connector.push(detections)):
            with pytest.raises(AccessError, match=r"401.*correct the API key") as error:
                call()
            assert wrong not in str(error.value)
            assert "\n" not in str(error.value)

    def test_refuse_a_wrong_password_at_once(
        self, secured: AlertSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(KEY, "not-the-password")
        with pytest.raises(AccessError, match=r"401.*credentials are not accepted") as error:
            pages(connect(secured, password=f"env:{KEY}"))
        assert "not-the-password" not in str(error.value)


class TestTls:
    def test_refuses_another_authority(self, secured: AlertSite, tmp_path: Path) -> None:
        make_certificates(tmp_path)
        connector = connect(secured, ca_file=str(tmp_path / "ca.pem"))
        detections = make_detections(1)
        for call in (connector.check, lambda: pages(connector), lambda: connector.push(detections)):
            with pytest.raises(
                TlsError, match="set ca_file to the authority that signed it"
            ) as error:
                call()
            assert "\n" not in str(error.value)

    def test_trusts_the_systems_authorities_by_default(
        self, secured: AlertSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(TlsError, match="certificate cannot be verified"):
            connect(secured, ca_file=None).check()
        monkeypatch.setenv("SSL_CERT_FILE", str(secured.site.server.ca_file))
        assert list(connect(secured, ca_file=None).check()) == []

    def test_refuses_a_certificate_of_another_name(self, secured: AlertSite) -> None:
        """The certificate names 127.0.0.1; 127.1 is the same address by another name."""
        url = secured.site.server.url.replace("127.0.0.1", "127.1")
        with pytest.raises(TlsError, match="certificate cannot be verified"):
            connect(secured, url=url).check()

    @pytest.mark.slow
    def test_trusts_a_self_signed_certificate_by_fingerprint(
        self,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("tests.servers.elasticsearch.make_certificates", make_self_signed)
        with start_elasticsearch() as engine, own_site("elastic", engine) as own:
            index = own.name("mail")
            own.make_index(index)
            assert engine.ca_file is not None
            right = sha256(ssl.PEM_cert_to_DER_cert(engine.ca_file.read_text())).hexdigest()
            colons = ":".join(right[i : i + 2] for i in range(0, 64, 2)).upper()
            for trusted in (right, colons):
                connector = own.connect(index, ca_file=None, fingerprint=trusted)
                assert list(connector.check()) == []
            assert list(own.connect(index).check()) == [], "ca_file is the certificate itself"
            for wrong in (None, "0" * 64):
                with pytest.raises(TlsError, match="fingerprint to its SHA-256") as error:
                    own.connect(index, ca_file=None, fingerprint=wrong, setup=False).check()
                assert "\n" not in str(error.value)
