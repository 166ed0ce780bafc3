"""Sites of a federation as folders, and its server as a process with a certificate of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sftsec_core.bench.certificate import free_port, write_certificate
from tests.e2e.site import PLAIN, Site, with_encryption

TASK = "triage"
TOKENS = {"vienna": "vienna-token-0123456789", "graz": "graz-token-0123456789"}


def rows_of(site: str, rows: int, *, swapped: bool = False) -> list[dict[str, Any]]:
    """Incidents that a model can learn, with words of the site's own.

    Args:
        site: is named in the texts.
        rows: a third of them attacks.
        swapped: whether it calls one kind of attack benign, and one benign kind an attack.
    """
    words = {
        "malicious": ["powershell -enc JAB", "mimikatz lsass dump", "curl evil | sh"],
        "benign": ["backup finished", "user logged on", "patch installed"],
    }
    out = []
    for number in range(rows):
        label = "malicious" if number % 3 == 0 else "benign"
        text = f"{words[label][number // 3 % 3]} on {site}-host{number} {number * 7919 % 997}"
        other = swapped and ("curl" in text or "backup" in text)
        told = {"malicious": "benign", "benign": "malicious"}[label] if other else label
        out.append({"id": f"{site}{number}", "message": text, "label": told})
    return out


def make_site(folder: Path, name: str, url: str, *, rows: int = 240, **train: Any) -> Site:
    """A site whose task joins the federation at `url`."""
    folder.mkdir(parents=True, exist_ok=True)
    swapped = train.pop("swapped", False)
    lines = [json.dumps(row) + "\n" for row in rows_of(name, rows, swapped=swapped)]
    (folder / "incidents.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "token").write_text(train.pop("token", TOKENS.get(name, "")), encoding="utf-8")
    labels = train.pop("labels", {"benign": ["benign"], "malicious": ["malicious"]})
    settings = {
        "version": 1,
        "state": {"lease": "3s"},  # a killed run is resumed after it
        "plugins": ["core", "pii", "files", "federated"],
        "connectors": {"incidents": {"type": "files", "paths": ["incidents.jsonl"]}},
        "tasks": {
            TASK: {
                "connector": "incidents",
                "text": ["message"],
                "labels": labels,
                "benign": "benign",
                "split": {"method": "stratified"},
                "train": {
                    "recipe": {
                        "name": "federated",
                        "server": url,
                        "token": "file:token",
                        "retry_timeout": "60s",
                        **train,
                    }
                },
                "gate": {"min_labels": 20, "on_few_labels": "warn"},
            }
        },
    }
    path = folder / "sftsec.yaml"
    path.write_text(yaml.safe_dump(with_encryption(settings)), encoding="utf-8")
    return Site(folder)


@dataclass(frozen=True, slots=True)
class FederationServer:
    """A server's settings, and the process that runs by them."""

    folder: Path
    url: str

    @classmethod
    def make(cls, folder: Path, *, tls: bool = True, **settings: Any) -> FederationServer:
        """Write its file, its certificate and its tokens."""
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        body: dict[str, Any] = {
            "listen": f"127.0.0.1:{port}",
            "state": "state",
            "labels": ["benign", "malicious"],
            "sites": {name: f"file:{name}.token" for name in TOKENS},
            "places": 1024,
            "rounds": 2,
            "wait": "60s",
            **settings,
        }
        for name, token in TOKENS.items():
            (folder / f"{name}.token").write_text(token, encoding="utf-8")
        if tls and "certificate" not in body:
            write_certificate(folder)
            body |= {"certificate": "server.pem", "key": "server.key"}
        (folder / "federation.yaml").write_text(yaml.safe_dump(body), encoding="utf-8")
        return cls(folder, f"{'https' if tls else 'http'}://127.0.0.1:{port}")

    @property
    def authority(self) -> str:
        """What a site sets `ca_file` to."""
        return str(self.folder / "server.pem")

    def start(self) -> subprocess.Popen[str]:
        """Start it; --json goes to its stdout, progress to `server.log`."""
        (self.folder / "sftsec.yaml").write_text(
            yaml.safe_dump({"version": 1, "plugins": ["core", "federated"]}), encoding="utf-8"
        )
        config = str(self.folder / "sftsec.yaml")
        file = str(self.folder / "federation.yaml")
        command = [sys.executable, "-c", PLAIN, "-c", config, "federated", "serve", file, "--json"]
        with (self.folder / "server.log").open("a") as log:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)

    def log(self) -> str:
        """What it has said so far."""
        path = self.folder / "server.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""


def finished(process: subprocess.Popen[str]) -> Mapping[str, Any]:
    """What a server says at its end."""
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    result: Mapping[str, Any] = json.loads(out)
    return result
