"""A real server in a thread, and sites of all kinds: good, lying, mistaken, killed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import (
    Batch,
    ConfigError,
    ConnectorError,
    Example,
    IntegrityError,
    TaskSpec,
    TrainJob,
    TrainSettings,
)
from sftsec_federated.app import make_app, read_tokens
from sftsec_federated.client import FederationClient
from sftsec_federated.config import FederatedConfig, FederationSettings
from sftsec_federated.frame import Frame
from sftsec_federated.recipe import protected, train_federated
from sftsec_federated.rounds import Federation
from tests.plugins.federated.sites import TOKENS, rows_of

pytest.importorskip("flwr", reason="the server needs the extra federated")


def settings(folder: Path, **more: Any) -> FederationSettings:
    for name, token in TOKENS.items():
        (folder / f"{name}.token").write_text(token, encoding="utf-8")
    body = {
        "state": folder / "state",
        "labels": ["benign", "malicious"],
        "sites": {name: f"file:{folder / name}.token" for name in TOKENS},
        "places": 1024,
        "rounds": 2,
        "linger": "5s",
    }
    return FederationSettings.model_validate({**body, **more})


@contextmanager
def running(federation: Federation) -> Iterator[str]:
    """The address of a federation's server, on a port of its own."""
    import uvicorn

    app = make_app(federation, read_tokens(federation.settings))
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none", loop="asyncio")
    listening = config.bind_socket()
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    rounds = threading.Thread(target=federation.run)
    serving.start()
    rounds.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        rounds.join(30)
    finally:
        federation.exchange.stop()
        server.should_exit = True
        rounds.join(10)
        serving.join(10)
        listening.close()


def job(
    folder: Path, url: str, site: str, labels: tuple[str, ...] = ("benign", "malicious")
) -> Any:
    task = TaskSpec.of_text("triage", ("message",), labels, benign="benign")
    rows = [
        Example(row["id"], {"text": row["message"]}, row["label"], split="train")
        for row in rows_of(site, 120)
        if row["label"] in labels
    ]
    return TrainJob(
        task=task,
        train=rows,
        dev=(),
        config=config_of(folder, url, site),
        settings=TrainSettings(),
        workdir=folder,
    )


def config_of(folder: Path, url: str, site: str) -> FederatedConfig:
    body = {"server": url, "token": f"file:{folder / site}.token", "retry_timeout": "10s"}
    return FederatedConfig.model_validate(body)


def client_of(folder: Path, url: str, site: str) -> FederationClient:
    joins = {
        "labels": ["benign", "malicious"],
        "numbers": [],
        "categories": [],
        "counts": {"benign": 80, "malicious": 40},
    }
    return FederationClient(config_of(folder, url, site), joins)


class TestTwoSites:
    def test_take_the_same_model(self, tmp_path: Path) -> None:
        federation = Federation.open(settings(tmp_path), lambda _text: None)
        models: dict[str, Any] = {}

        def take_part(site: str, url: str) -> None:
            models[site] = train_federated(job(tmp_path, url, site))

        with running(federation) as url:
            threads = [threading.Thread(target=take_part, args=(site, url)) for site in TOKENS]
            for each in threads:
                each.start()
            for each in threads:
                each.join(60)
        graz, vienna = models["graz"], models["vienna"]
        assert np.array_equal(graz.weights, vienna.weights)
        proba = graz.predict_proba(Batch.of_texts(["mimikatz lsass dump", "backup finished"]))
        assert proba[0, 1] > 0.9
        assert proba[1, 1] < 0.1
        assert graz.notes["federation"]["bytes_sent"] < 200_000
        assert federation.exchange.class_counts() == {"benign": 160, "malicious": 80}


class TestRefusals:
    def test_wrong_token_is_refused(self, tmp_path: Path) -> None:
        federation = Federation.open(settings(tmp_path), lambda _text: None)
        with running(federation) as url:
            (tmp_path / "graz.token").write_text("another token 0123456789")
            with pytest.raises(ConfigError, match="the token is no site's") as raised:
                client_of(tmp_path, url, "graz").join()
            federation.exchange.stop()
        assert "another token" not in str(raised.value)
        assert federation.state.counts == {"request refused with 401": 1}

    def test_other_classes_are_named(self, tmp_path: Path) -> None:
        federation = Federation.open(settings(tmp_path), lambda _text: None)
        with running(federation) as url:
            with pytest.raises(ConfigError, match=r"labels are .* in the federation and .*'other'"):
                train_federated(job(tmp_path, url, "graz", ("benign", "malicious", "other")))
            federation.exchange.stop()
        assert federation.state.counts == {"request refused with 409": 1}

    def test_giant_answer_is_refused(self, tmp_path: Path) -> None:
        federation = Federation.open(settings(tmp_path), lambda _text: None)
        with running(federation) as url:
            client = client_of(tmp_path, url, "graz")
            client.join()
            giant = Frame({"id": "1"}, {"weights": np.zeros((1, 1 << 20), np.float32)})
            with pytest.raises(ConnectorError, match=r"413|does not answer"):
                client.reply(giant)
            client.close()
            federation.exchange.stop()
        assert "request refused with 413" in federation.state.counts


class TestLyingSite:
    def test_numbers_that_are_none_are_counted(self, tmp_path: Path) -> None:
        bounds = {"rounds": 1, "round_timeout": "1s", "method": "mean"}
        federation = Federation.open(settings(tmp_path, **bounds), lambda _text: None)

        def lie(url: str) -> None:
            client = client_of(tmp_path, url, "graz")
            client.join()
            asked = client.next_order(None)
            assert asked is not None
            nan = np.full_like(asked.arrays["weights"], np.nan)
            head = {"id": asked.head["id"], "kind": "train", "rows": 9}
            client.reply(Frame(head, {"weights": nan}))
            federation.exchange.stop()
            client.close()

        with running(federation) as url:
            liar = threading.Thread(target=lie, args=(url,))
            liar.start()
            honest = client_of(tmp_path, url, "vienna")
            honest.join()  # and vanishes
            liar.join(30)
            honest.close()
        assert federation.state.counts["update with values that are no numbers"] == 1
        assert federation.state.counts["round without enough updates"] == 1
        assert federation.state.round == 0


class TestState:
    def test_other_settings_are_refused(self, tmp_path: Path) -> None:
        federation = Federation.open(settings(tmp_path), lambda _text: None)
        federation.state.save(federation.settings.state)
        with pytest.raises(IntegrityError, match=r"other settings \(places\)"):
            Federation.open(settings(tmp_path, places=2048), lambda _text: None)

    def test_torn_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "federation.bin").write_bytes(b"\0\0\0\2{}")
        with pytest.raises(IntegrityError, match="is torn"):
            Federation.open(settings(tmp_path), lambda _text: None)


class TestNoise:
    def test_update_is_cut_and_noised(self, tmp_path: Path) -> None:
        body = {"server": "https://f.example", "token": "env:T", "clip": 1.0, "noise": 0.5}
        config = FederatedConfig.model_validate(body)
        start = np.zeros((1, 10_000), np.float32)
        sent = protected(np.full_like(start, 3.0), start, config)
        assert float(np.std(sent)) == pytest.approx(0.5, rel=0.05)
        assert float(np.mean(sent)) == pytest.approx(0.01, abs=0.02)
