"""Real processes over TLS: a server, and sites that retrain."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api import ConfigError, ConnectorError
from sftsec_federated.client import FederationClient
from sftsec_federated.config import FederatedConfig
from sftsec_federated.serve import read_settings
from tests.e2e.site import wait_until
from tests.plugins.federated.sites import TASK, FederationServer, finished, make_site
from tests.servers.engines.certificates import make_certificates

pytest.importorskip("flwr", reason="the server needs the extra federated")


class TestTwoSites:
    def test_joined_model_passes_each_gate(self, tmp_path: Path) -> None:
        server = FederationServer.make(tmp_path / "server")
        process = server.start()
        sites = [
            make_site(tmp_path / name, name, server.url, ca_file=server.authority)
            for name in ("vienna", "graz")
        ]
        first = sites[0].start("federated", "join", TASK)
        result = sites[1].json("retrain", TASK)
        assert result["promoted"] is True
        said = first.communicate(timeout=200)[1]
        assert first.returncode == 0, said
        told = finished(process)
        assert told["complete"] is True
        assert told["fetched"] == ["graz", "vienna"]
        assert [set(each["sites"]) for each in told["rounds"]] == [{"graz", "vienna"}] * 2
        weights = [next(s.state.rglob("federated.safetensors")).read_bytes() for s in sites]
        assert weights[0] == weights[1]


class TestKilledServer:
    def test_goes_on_after_the_last_round(self, tmp_path: Path) -> None:
        server = FederationServer.make(tmp_path / "server", rounds=12)
        process = server.start()
        sites = [
            make_site(tmp_path / name, name, server.url, ca_file=server.authority).start(
                "retrain", TASK, "--no-promote"
            )
            for name in ("vienna", "graz")
        ]
        wait_until(lambda: "round 2: 2 updates joined" in server.log(), process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        told = finished(server.start())
        assert [each["round"] for each in told["rounds"]] == list(range(1, 13))
        assert "going on after round" in server.log()
        for site in sites:
            said = site.communicate(timeout=200)[1]
            assert site.returncode == 0, said


class TestKilledSite:
    def test_joins_again_and_finishes(self, tmp_path: Path) -> None:
        server = FederationServer.make(tmp_path / "server", rounds=12, round_timeout="60s")
        process = server.start()
        vienna, graz = (
            make_site(tmp_path / name, name, server.url, ca_file=server.authority)
            for name in ("vienna", "graz")
        )
        other = vienna.start("retrain", TASK, "--no-promote")
        graz.kill_when(
            lambda: "round 2: 2 updates joined" in server.log(), "retrain", TASK, "--no-promote"
        )
        graz.run("retrain", TASK, "--no-promote")
        said = other.communicate(timeout=200)[1]
        assert other.returncode == 0, said
        told = finished(process)
        assert told["complete"] is True
        assert told["fetched"] == ["graz", "vienna"]
        # Its rows count once: it came back under its token as the site that it was.
        assert told["class_counts"] == {"benign": 224, "malicious": 112}


class TestGate:
    def test_refuses_what_is_worse_there(self, tmp_path: Path) -> None:
        """The larger Vienna calls an attack benign, and a benign event an attack."""
        server = FederationServer.make(tmp_path / "server", method="mean", polish=0)
        made: dict[str, Any] = {"ca_file": server.authority, "rows": 480}
        graz = make_site(tmp_path / "graz", "graz", server.url, **made)
        made |= {"rows": 2400, "swapped": True}
        vienna = make_site(tmp_path / "vienna", "vienna", server.url, **made)
        process = server.start()
        first = graz.start("retrain", TASK)
        assert vienna.json("retrain", TASK)["model"]["recipe"] == "federated"
        said = first.communicate(timeout=200)[1]
        assert finished(process)["fetched"] == ["graz", "vienna"]
        assert first.returncode == 0, said
        # Its gate rejects the joined model; the baseline, which every run fits beside, may serve.
        (live,) = graz.json("model", "list", TASK)
        assert (live["recipe"], "live" in live["aliases"]) == ("linear", True)


class TestCertificates:
    @pytest.fixture(scope="class")
    @staticmethod
    def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("certificates")
        for each in ("ours", "others"):
            make_certificates(folder / each)
        return folder

    @pytest.fixture(scope="class")
    @staticmethod
    def server(folder: Path) -> Iterator[FederationServer]:
        """One that asks its sites for certificates of our authority."""
        ours = {"certificate": "node.pem", "key": "node.key", "client_ca": "ca.pem"}
        paths: dict[str, Any] = {key: str(folder / "ours" / name) for key, name in ours.items()}
        server = FederationServer.make(folder / "server", **paths)
        process = server.start()
        wait_until(lambda: "listening on https" in server.log(), process)
        yield server
        process.terminate()
        counts = json.loads(process.communicate(timeout=60)[0])["counts"]
        assert counts["connection refused: peer did not return a certificate"] >= 1
        assert counts["connection refused: certificate verify failed"] >= 1

    @staticmethod
    def client(server: FederationServer, authority: Path, **shown: Path) -> FederationClient:
        body = {
            "server": server.url,
            "token": f"file:{server.folder / 'vienna.token'}",
            "ca_file": authority / "ca.pem",
            "retry_timeout": "0s",
            **shown,
        }
        counts = {"benign": 8, "malicious": 4}
        joins = {"labels": sorted(counts), "numbers": [], "categories": [], "counts": counts}
        return FederationClient(FederatedConfig.model_validate(body), joins)

    def test_of_the_authority_is_taken(self, server: FederationServer, folder: Path) -> None:
        ours = folder / "ours"
        shown = {"certificate": ours / "node.pem", "key": ours / "node.key"}
        assert self.client(server, ours, **shown).join()["rounds"] == 2

    def test_missing_one_is_named(self, server: FederationServer, folder: Path) -> None:
        with pytest.raises(ConnectorError, match="set certificate and key"):
            self.client(server, folder / "ours").join()

    def test_of_another_authority_is_named(self, server: FederationServer, folder: Path) -> None:
        others = folder / "others"
        shown = {"certificate": others / "node.pem", "key": others / "node.key"}
        with pytest.raises(ConnectorError, match="its client_ca must have signed it"):
            self.client(server, folder / "ours", **shown).join()

    def test_server_of_another_is_refused(self, server: FederationServer, folder: Path) -> None:
        with pytest.raises(ConnectorError, match="set ca_file to the authority that signed it"):
            self.client(server, folder / "others").join()

    def test_foreign_key_is_an_error(self, server: FederationServer, folder: Path) -> None:
        shown = {"certificate": folder / "ours/node.pem", "key": folder / "others/node.key"}
        with pytest.raises(ConfigError, match="cannot be used"):
            self.client(server, folder / "ours", **shown)


class TestSettings:
    def test_plain_text_outside_loopback_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "federation.yaml"
        file.write_text(
            "{listen: '0.0.0.0:8470', state: s, labels: [a, b], sites: {x: 'env:A', y: 'env:B'}}"
        )
        with pytest.raises(ConfigError, match="needs certificate and key"):
            read_settings(file)

    def test_misspelt_key_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "federation.yaml"
        file.write_text("{state: s, labels: [a, b], sites: {x: 'env:A', y: 'env:B'}, round: 3}")
        with pytest.raises(ConfigError, match=r"federation\.yaml.*round"):
            read_settings(file)
