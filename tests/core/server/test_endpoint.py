"""Settings with which an endpoint does not start, and how it treats its connections."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copy
from typing import Any
from urllib.parse import urlsplit

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.server.endpoint import Endpoint, _listen
from tests.core.server.site import TOKEN, Client, Site, running, write_secret
from tests.core.server.test_middleware import eventually
from tests.servers.engines.certificates import make_certificates

NEW = "the-token-after-the-rotation"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site.make(tmp_path_factory.mktemp("site"))
    yield made
    made.context.close()


def config_error(site: Site, **changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        Endpoint(site.context, site.settings(**changes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestStart:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - that is what is refused
    def test_plain_text_stays_on_this_machine(self, site: Site, host: str) -> None:
        told = config_error(site, host=host)
        assert "name a certificate and its key" in told
        assert "behind_proxy: true" in told

    def test_a_proxy_may_do_tls(self, site: Site) -> None:
        settings = site.settings(host="0.0.0.0", behind_proxy=True)  # noqa: S104 - in front is a proxy
        with running(Endpoint(site.context, settings)) as client:
            port = urlsplit(client.url).port
            assert Client(f"http://127.0.0.1:{port}").get("/healthz").status == 200

    def test_with_a_certificate_it_listens_anywhere(self, site: Site, certificates: Path) -> None:
        pem = {"certificate": certificates / "node.pem", "key": certificates / "node.key"}
        endpoint = Endpoint(site.context, site.settings(host="0.0.0.0", **pem))  # noqa: S104 - TLS
        with running(endpoint) as client:
            port = urlsplit(client.url).port
            trusting = Client(f"https://127.0.0.1:{port}", certificates / "ca.pem")
            assert trusting.get("/healthz").status == 200
            with pytest.raises(ssl.SSLCertVerificationError):
                Client(f"https://127.0.0.1:{port}").get("/healthz")
            with pytest.raises(ConnectionError):
                Client(f"http://127.0.0.1:{port}").get("/healthz")

    def test_needs_a_token_that_is_long_enough(self, site: Site, tmp_path: Path) -> None:
        short = tmp_path / "short.token"
        write_secret(short, "fifteen-letters")
        assert "at least one token is needed" in config_error(site, tokens={})
        told = config_error(site, tokens={"splunk": f"file:{short}"})
        assert "serve.tokens: the token of splunk is shorter than 16" in told
        assert "fifteen-letters" not in told

    def test_a_bad_certificate_is_one_line(
        self, site: Site, certificates: Path, tmp_path: Path
    ) -> None:
        node, key = certificates / "node.pem", certificates / "node.key"
        locked = tmp_path / "locked.key"
        encrypt = ["openssl", "pkey", "-in", str(key), "-aes256", "-passout", "pass:x"]
        subprocess.run([*encrypt, "-out", str(locked)], check=True, capture_output=True)
        absent = tmp_path / "absent.pem"
        assert f"{absent} cannot be read" in config_error(site, certificate=absent, key=key)
        assert "is encrypted" in config_error(site, certificate=node, key=locked)
        told = config_error(site, certificate=node, key=certificates / "ca.key")
        assert "are not a certificate and its key" in told
        assert "certificate and key go together" in config_error(site, certificate=node)

    def test_an_address_in_use_is_one_line(self, site: Site) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            told = config_error(site, port=taken.getsockname()[1])
        assert "choose others with --host and --port" in told
        assert "cannot listen on nowhere.invalid" in config_error(site, host="nowhere.invalid")

    def test_serves_the_named_tasks_alone(self, site: Site) -> None:
        with running(Endpoint(site.context, site.settings(tasks=("empty",)))) as client:
            assert [each["task"] for each in client.get("/v1/tasks").json["tasks"]] == ["empty"]
            reply = client.text("click", task="mail")
        assert reply.status == 404
        assert "known: empty" in reply.detail

    def test_needs_a_task_to_serve(self, tmp_path: Path, site: Site) -> None:
        file = tmp_path / "sftsec.yaml"
        file.write_text("version: 1\n", encoding="utf-8")
        with (
            Context.open(file, actor=local_admin("test")) as empty,
            pytest.raises(ConfigError, match="no task to score"),
        ):
            Endpoint(empty, site.settings())

    def test_the_schema_is_off_by_default(self, site: Site) -> None:
        with running(Endpoint(site.context, site.settings())) as client:
            assert client.get("/openapi.json").status == 404


class TestRenew:
    def test_takes_tokens_and_certificate_while_serving(
        self, own_site: Site, certificates: Path, tmp_path: Path
    ) -> None:
        pem, key = tmp_path / "server.pem", tmp_path / "server.key"
        copy(certificates / "node.pem", pem)
        copy(certificates / "node.key", key)
        endpoint = Endpoint(own_site.context, own_site.settings(certificate=pem, key=key))
        make_certificates(tmp_path / "new")
        with running(endpoint, certificates / "ca.pem") as client:
            open_before = client.connect()
            bearer = {"Authorization": f"Bearer {client.token}"}
            assert client.get("/v1/tasks").status == 200
            open_before.request("GET", "/v1/tasks", headers=bearer)
            assert open_before.getresponse().read()
            pem.write_bytes((tmp_path / "new" / "node.pem").read_bytes())
            endpoint.renew()  # the key is still the old one's
            assert client.get("/v1/tasks").status == 200
            key.write_bytes((tmp_path / "new" / "node.key").read_bytes())
            (own_site.folder / "splunk.token").write_text(NEW, encoding="utf-8")
            endpoint.renew()
            renewed = replace(client, authority=tmp_path / "new" / "ca.pem", token=NEW)
            assert eventually(lambda: answers(renewed))
            assert not answers(client)
            assert replace(renewed, token=client.token).get("/v1/tasks").status == 401
            open_before.request("GET", "/v1/tasks", headers=bearer)
            assert open_before.getresponse().status == 401
            open_before.close()


def answers(client: Client) -> bool:
    try:
        return client.get("/v1/tasks").status == 200
    except ssl.SSLCertVerificationError:
        return False


class TestConnections:
    def test_a_body_must_arrive_in_time(self, site: Site) -> None:
        with running(Endpoint(site.context, site.settings(body_timeout=0.05))) as client:
            connection = client.connect()
            headers = {"Authorization": f"Bearer {client.token}", "Content-Length": "10"}
            connection.request("POST", "/v1/score", b"", headers)
            assert connection.getresponse().status == 408
            connection.close()

    def test_bytes_in_hand_are_bounded(self, site: Site) -> None:
        head = (
            f"POST /v1/score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            "Content-Length: 2000\r\n\r\n"
        )
        with running(Endpoint(site.context, site.settings(queue_bytes=2000))) as client:
            place = urlsplit(client.url)
            with socket.create_connection((place.hostname, place.port)) as slow:
                slow.sendall(head.encode())
                assert eventually(lambda: client.text("click").status == 503)
                reply = client.text("click")
        assert reply.headers["retry-after"] == "1"
        assert "requests of 2,000 bytes are waiting" in reply.detail

    def test_response_waits_for_no_acknowledgement(self, site: Site) -> None:
        """Nagle's algorithm, left on, costs 40 ms an answer: twenty times what the model needs."""
        listening = _listen(site.settings())
        with listening, socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
