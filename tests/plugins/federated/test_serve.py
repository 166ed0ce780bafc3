"""Real processes over TLS: a server, and sites that retrain."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from sftsec_core.api import ConfigError
from sftsec_federated.serve import read_settings
from tests.e2e.site import wait_until
from tests.plugins.federated.sites import TASK, FederationServer, finished, make_site

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
