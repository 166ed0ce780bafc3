"""TLS, API keys and users on an Elasticsearch that has all three."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_core.sdk.errors import AccessError, TlsError
from sftsec_core.testing import make_label_requests
from sftsec_core.testing.incidents import make_detections, make_incidents
from sftsec_search.connector import SearchConnector
from tests.connectors.elastic.alerts import AlertSite, alert, closed, make_alerts
from tests.connectors.search.sites import as_document, own_site, pages, uids
from tests.servers.elasticsearch import start_elasticsearch
from tests.servers.engines.certificates import make_certificates
from tests.servers.engines.server import SearchServer
from tests.servers.kibana import start_kibana

Login = dict[str, str | None]
NO_RIGHTS: Mapping[str, Any] = {"cluster": [], "indices": []}
KEY = "SFTSEC_TEST_API_KEY"


@pytest.fixture(scope="module")
def site(elasticsearch_server: SearchServer) -> Iterator[AlertSite]:
    """A space with alerts; an administrator did the setup."""
    with own_site("elastic", elasticsearch_server) as own, start_kibana(own.server) as kibana:
        site = AlertSite(own, kibana, make_alerts(own))
        site.plant(
            a=alert("2026-01-05T08:00:00Z", "x", **closed("true_positive")),
            b=alert("2026-01-05T08:01:00Z", "y"),
        )
        connect(site).setup()
        yield site


@pytest.fixture(scope="module")
def index(site: AlertSite) -> str:
    """A labelled index with ten events."""
    name = site.site.name("mail")
    site.site.make_index(name)
    site.site.plant(name, {each.uid: as_document(each) for each in make_incidents(10)})
    return name


@pytest.fixture
def key(site: AlertSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], Login]]:
    """Make an API key with a role; give what a configuration says to log in with it."""
    made: list[str] = []

    def make(role: Mapping[str, Any]) -> Login:
        wish = {"name": site.space, "role_descriptors": {"sftsec": role}}
        answer = site.site.call("POST", "/_security/api_key?refresh=true", wish)
        made.append(answer["id"])
        monkeypatch.setenv(KEY, answer["encoded"])
        return {"api_key": f"env:{KEY}", "username": None, "password": None}

    yield make
    site.site.call("DELETE", "/_security/api_key", {"ids": made})


def key_id() -> str:
    """The id within the encoded key."""
    return b64decode(os.environ[KEY]).decode().partition(":")[0]


def connect(site: AlertSite, index: str | None = None, **options: Any) -> SearchConnector:
    given: dict[str, Any] = {
        "space": site.space,
        "kibana_url": site.kibana.url,
        "verdicts_index": f"verdicts-{site.space}",
        "setup": False,
    }
    if index is not None:
        labelled = {"kind": "index", "index": index, "label": "verdict.word"}
        given["sources"] = [{"kind": "alerts"}, labelled]
    return site.site.connect(**given | options)


def printed_role(connector: SearchConnector) -> dict[str, Any]:
    lines = [each for each in connector.check() if each.startswith("this role grants")]
    found: dict[str, Any] = json.loads(lines[0].partition(": ")[2])
    return found


def make_self_signed(folder: Path) -> None:
    """Write what `make_certificates` writes, with a certificate that is its own authority."""
    folder.mkdir()
    command = ["openssl", "req", "-x509", "-days", "30", "-nodes", "-subj", "/CN=localhost"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", "node.key"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", "node.pem"]
    subprocess.run([*command, *key, *names], cwd=folder, check=True, capture_output=True)
    shutil.copy(folder / "node.pem", folder / "ca.pem")


class TestMissing:
    def test_names_each_privilege_and_the_role(
        self, site: AlertSite, index: str, key: Callable[[Any], Login]
    ) -> None:
        problems = list(connect(site, index, kibana_url=None, **key(NO_RIGHTS)).check())
        written = "auto_configure, create_doc, read, view_index_metadata"
        assert set(problems) > {
            "no privilege monitor on the cluster",
            f"no privilege read, view_index_metadata on .alerts-security.alerts-{site.space}",
            f"no privilege read, view_index_metadata on {index}",
            f"no privilege {written} on {site.site.stream}",
            f"no privilege {written} on verdicts-{site.space}",
        }
        assert problems[-1].startswith("this role grants what is needed: {")


class TestRole:
    def test_is_enough_for_all_calls(
        self, site: AlertSite, index: str, key: Callable[[Any], Login]
    ) -> None:
        role = printed_role(connect(site, index, **key(NO_RIGHTS)))
        connector = connect(site, index, **key(role))
        assert list(connector.check()) == []
        labelled = uids(pages(connector, PullWindow(labelled=True)))
        fresh = uids(pages(connector, PullWindow(labelled=False)))
        assert len(labelled) + len(fresh) == 12
        detections = make_detections(3)
        assert len(connector.push(detections).written) == 3
        assert len(connector.push(detections).duplicates) == 3
        assert connector.request_labels(make_label_requests([f"{site.index}/b"])) == 1
        event = next(uid for uid in fresh if uid.startswith(index))
        assert connector.add_verdicts([(event, Verdict("spam", "ann"))]) == 1
        assert event in uids(pages(connector, PullWindow(labelled=True)))

    @pytest.mark.parametrize("part", ["cluster", "indices"])
    def test_grants_nothing_that_could_be_omitted(
        self, site: AlertSite, index: str, key: Callable[[Any], Login], part: str
    ) -> None:
        role = printed_role(connect(site, index, **key(NO_RIGHTS)))
        assert printed_role(connect(site, index, **key(role | {part: role[part][1:]}))) == role


class TestRefusedCall:
    def test_of_a_pull_points_to_check(
        self, site: AlertSite, index: str, key: Callable[[Any], Login]
    ) -> None:
        with pytest.raises(
            AccessError, match=r"privilege is missing.*sftsec connector check"
        ) as error:
            pages(connect(site, index, **key(NO_RIGHTS)))
        assert "\n" not in str(error.value)

    def test_of_a_push_writes_nothing(
        self, site: AlertSite, index: str, key: Callable[[Any], Login]
    ) -> None:
        role = printed_role(connect(site, index, **key(NO_RIGHTS)))
        for each in role["indices"]:
            each["privileges"] = ["read", "view_index_metadata"]
        detections = make_detections(3, model_digest="1" * 64)
        with pytest.raises(AccessError, match="sftsec connector check"):
            connect(site, index, **key(role)).push(detections)
        there = {hit["_id"] for hit in site.site.documents(site.site.stream)}
        assert there.isdisjoint(each.uid for each in detections)

    def test_of_setup_is_one_line(self, site: AlertSite, key: Callable[[Any], Login]) -> None:
        with pytest.raises(AccessError, match="privilege is missing"):
            connect(site, **key(NO_RIGHTS)).setup()


class TestCredentials:
    @pytest.mark.parametrize("wrong", ["not-base64", "bm9ib2R5Om5vdGhpbmc=", "withdrawn"])
    def test_refuse_a_bad_api_key_at_once(
        self,
        site: AlertSite,
        key: Callable[[Any], Login],
        monkeypatch: pytest.MonkeyPatch,
        wrong: str,
    ) -> None:
        login = key(NO_RIGHTS)
        if wrong == "withdrawn":
            site.site.call("DELETE", "/_security/api_key", {"ids": [key_id()]})
        else:
            monkeypatch.setenv(KEY, wrong)
        connector = connect(site, **login)
        detections = make_detections(1)
        for call in (connector.check, lambda: pages(connector), lambda: connector.push(detections)):
            with pytest.raises(AccessError, match=r"401.*correct the API key") as error:
                call()
            assert wrong not in str(error.value)
            assert "\n" not in str(error.value)

    def test_refuse_a_wrong_password_at_once(
        self, site: AlertSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(KEY, "not-the-password")
        with pytest.raises(AccessError, match=r"401.*credentials are not accepted") as error:
            pages(connect(site, password=f"env:{KEY}"))
        assert "not-the-password" not in str(error.value)


class TestTls:
    def test_refuses_another_authority(self, site: AlertSite, tmp_path: Path) -> None:
        make_certificates(tmp_path)
        connector = connect(site, ca_file=str(tmp_path / "ca.pem"))
        detections = make_detections(1)
        for call in (connector.check, lambda: pages(connector), lambda: connector.push(detections)):
            with pytest.raises(
                TlsError, match="set ca_file to the authority that signed it"
            ) as error:
                call()
            assert "\n" not in str(error.value)

    def test_trusts_the_systems_authorities_by_default(
        self, site: AlertSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(TlsError, match="certificate cannot be verified"):
            connect(site, ca_file=None).check()
        monkeypatch.setenv("SSL_CERT_FILE", str(site.site.server.ca_file))
        assert list(connect(site, ca_file=None).check()) == []

    def test_refuses_a_certificate_of_another_name(self, site: AlertSite) -> None:
        """The certificate names 127.0.0.1; 127.1 is the same address by another name."""
        url = site.site.server.url.replace("127.0.0.1", "127.1")
        with pytest.raises(TlsError, match="certificate cannot be verified"):
            connect(site, url=url).check()

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
