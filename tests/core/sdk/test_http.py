"""The one HTTP client, against a real server on loopback."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.sdk.errors import LostAnswerError, RequestError, TlsError, TooLargeError
from sftsec_core.sdk.http import HttpClient
from tests.core.sdk.loopback import Loopback, hang_up, loopback_server, send, stay_silent
from tests.servers.engines.certificates import make_certificates

SECRET = "Bearer 0123-the-secret"


LIMIT = 1 << 20


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback_server() as server:
        yield server


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with closing(connect()) as client:
        yield client


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


def connect(ca_file: Path | None = None, **settings: Any) -> HttpClient:
    given = {"timeout_s": 5.0, "max_bytes": LIMIT, **settings}
    return HttpClient("Platform", ca_file=ca_file, **given)


class TestRequest:
    def test_carries_method_headers_and_body(self, server: Loopback, client: HttpClient) -> None:
        answer = client.send("POST", f"{server.url}/a%2Fb?c=d", headers={"X-One": "1"}, body=b"hi")
        assert (answer.status, answer.body) == (200, b"ok")
        [asked] = server.requests
        assert (asked.method, asked.path, asked.body) == ("POST", "/a%2Fb?c=d", b"hi")
        assert asked.headers["X-One"] == "1"

    def test_returns_an_error_status_as_an_answer(
        self, server: Loopback, client: HttpClient
    ) -> None:
        server.answer = lambda handler: send(handler, b"no", 503)
        answer = client.send("GET", server.url)
        assert (answer.status, answer.body) == (503, b"no")

    def test_keeps_headers_that_come_twice(self, server: Loopback, client: HttpClient) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            for value in ("a=1", "b=2"):
                handler.send_header("Set-Cookie", value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        server.answer = answer
        headers = client.send("GET", server.url).headers
        assert [value for name, value in headers if name == "Set-Cookie"] == ["a=1", "b=2"]

    def test_stores_no_cookies(self, server: Loopback, client: HttpClient) -> None:
        server.answer = lambda handler: send(handler, b"", Set_Cookie="session=1")
        client.send("GET", server.url)
        client.send("GET", server.url)
        assert [asked.headers["Cookie"] for asked in server.requests] == [None, None]

    def test_takes_nothing_from_the_environment(
        self, server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ann password hunter2\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with closing(connect()) as client:
            client.send("GET", server.url)
        assert server.requests[0].headers["Authorization"] is None


class TestPool:
    def test_reuses_one_connection(self, server: Loopback, client: HttpClient) -> None:
        for _ in range(5):
            client.send("GET", server.url)
        assert len({asked.connection for asked in server.requests}) == 1

    def test_reconnects_after_the_server_closed(self, server: Loopback, client: HttpClient) -> None:
        server.answer = lambda handler: send(handler, b"ok", Connection="close")
        for _ in range(3):
            assert client.send("GET", server.url).body == b"ok"
        assert len({asked.connection for asked in server.requests}) == 3

    def test_drops_a_connection_not_fully_read(self, server: Loopback, client: HttpClient) -> None:
        server.answer = lambda handler: send(handler, b"x" * (LIMIT * 4))
        with pytest.raises(TooLargeError):
            client.send("GET", server.url)
        server.answer = lambda handler: send(handler, b"ok")
        assert client.send("GET", server.url).body == b"ok"
        assert len({asked.connection for asked in server.requests}) == 2


class TestRedirect:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_is_refused_and_not_followed(
        self, server: Loopback, client: HttpClient, status: int
    ) -> None:
        with loopback_server() as other:
            server.answer = lambda handler: send(handler, b"", status, Location=other.url)
            with pytest.raises(RequestError, match="correct the URL") as caught:
                client.send("GET", server.url, headers={"Authorization": SECRET})
            assert caught.value.status == status
            assert len(server.requests) == 1
            assert other.requests == [], "the credentials went to another address"


class TestBounds:
    def test_take_an_answer_of_just_that_size(self, server: Loopback, client: HttpClient) -> None:
        server.answer = lambda handler: send(handler, b"x" * LIMIT)
        assert len(client.send("GET", server.url).body) == LIMIT

    def test_refuse_a_larger_answer(self, server: Loopback, client: HttpClient) -> None:
        server.answer = lambda handler: send(handler, b"x" * (LIMIT + 1))
        with pytest.raises(TooLargeError, match="larger than 1,048,576 bytes"):
            client.send("GET", server.url)

    def test_count_what_is_unpacked(self, server: Loopback, client: HttpClient) -> None:
        packed = gzip.compress(b"x" * (LIMIT * 50))
        server.answer = lambda handler: send(handler, packed, Content_Encoding="gzip")
        assert len(packed) < LIMIT
        with pytest.raises(TooLargeError):
            client.send("GET", server.url)


class TestLostAnswer:
    def test_differs_from_a_refused_connection(self, client: HttpClient) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            with pytest.raises(ConnectorUnavailableError, match="ConnectionRefused") as caught:
                client.send("GET", url)
        assert not isinstance(caught.value, LostAnswerError)

    def test_is_a_connection_closed_without_an_answer(
        self, server: Loopback, client: HttpClient
    ) -> None:
        server.answer = hang_up
        with pytest.raises(LostAnswerError, match=r"Platform at 127\.0\.0\.1"):
            client.send("POST", server.url, body=b"event")
        assert len(server.requests) == 1, "the request is not repeated"

    def test_is_an_answer_that_breaks_off(self, server: Loopback, client: HttpClient) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            send(handler, b"half", length=100)
            handler.close_connection = True

        server.answer = answer
        with pytest.raises(LostAnswerError):
            client.send("GET", server.url)

    def test_is_silence_beyond_the_read_timeout(self, server: Loopback) -> None:
        server.answer = stay_silent
        with closing(connect(timeout_s=0.2)) as client, pytest.raises(LostAnswerError) as caught:
            client.send("GET", server.url)
        assert "does not answer" in str(caught.value)

    def test_is_not_a_connection_that_times_out(self) -> None:
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            address = full.getsockname()
            waiting = [socket.socket() for _ in range(4)]
            for each in waiting:  # what fills the queue that no one accepts from
                each.setblocking(False)
                each.connect_ex(address)
            client = connect(connect_timeout_s=0.2)
            with closing(client), pytest.raises(ConnectorUnavailableError) as caught:
                client.send("GET", f"http://127.0.0.1:{address[1]}")
            for each in waiting:
                each.close()
        assert not isinstance(caught.value, LostAnswerError)


class TestTls:
    def test_trusts_the_authority_of_the_ca_file(self, certificates: Path) -> None:
        client = connect(certificates / "ca.pem")
        with loopback_server(certificates) as server, closing(client):
            assert client.send("GET", server.url).body == b"ok"

    def test_refuses_a_certificate_of_another_authority(
        self, certificates: Path, tmp_path: Path
    ) -> None:
        make_certificates(tmp_path)
        client = connect(tmp_path / "ca.pem")
        with loopback_server(certificates) as server, closing(client):
            with pytest.raises(TlsError, match="set ca_file to the authority"):
                client.send("GET", server.url)
            assert server.requests == []

    def test_refuses_it_without_a_ca_file(self, certificates: Path) -> None:
        client = connect()
        with loopback_server(certificates) as server, closing(client), pytest.raises(TlsError):
            client.send("GET", server.url)

    def test_refuses_a_certificate_of_another_name(self, certificates: Path) -> None:
        client = connect(certificates / "ca.pem")
        with loopback_server(certificates) as server, closing(client), pytest.raises(TlsError):
            client.send("GET", server.url.replace("127.0.0.1", "127.1"))

    def test_adds_no_authority_to_the_file(self, certificates: Path) -> None:
        client = connect(certificates / "ca.pem")
        with loopback_server(certificates) as server, closing(client):
            client.send("GET", server.url)
            assert len(client.trust.get_ca_certs()) == 1

    def test_names_a_ca_file_without_certificates(self, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("nothing")
        with pytest.raises(TlsError, match=r"ca\.pem holds no certificates"):
            connect(tmp_path / "ca.pem")


class TestErrors:
    @pytest.mark.parametrize("answer", [hang_up, lambda handler: send(handler, b"", 302)])
    def test_repeat_nothing_that_was_sent(
        self, server: Loopback, client: HttpClient, answer: Any
    ) -> None:
        server.answer = answer
        headers, body = {"Authorization": SECRET}, b"a document of the customer's"
        try:
            client.send("POST", f"{server.url}/?q=private", headers=headers, body=body)
        except ConnectorError as error:
            shown = f"{error!r} {error} {error.__cause__!r}"
            assert not any(part in shown for part in ("0123", "customer", "private"))

    def test_name_a_request_http_does_not_allow(self, client: HttpClient) -> None:
        with pytest.raises(ConnectorError, match="cannot be sent") as caught:
            client.send("GET", "http://127.0.0.1", headers={"X-One": "a\nb"})
        assert not isinstance(caught.value, ConnectorUnavailableError)


class TestClose:
    def test_closes_the_connections_and_may_come_twice(self, server: Loopback) -> None:
        closed = threading.Event()

        def answer(handler: BaseHTTPRequestHandler) -> None:
            send(handler, b"ok")
            handler.wfile.flush()
            if handler.connection.recv(1) == b"":
                closed.set()
            handler.close_connection = True

        server.answer = answer
        client = connect()
        client.send("GET", server.url)
        client.close()
        client.close()
        assert closed.wait(5)
