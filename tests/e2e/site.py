"""A folder as an admin would have it, and the command line run in it as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.dataset.snapshot import Snapshot, open_snapshot
from sftsec_core.demo.source import TASK, from_stream
from sftsec_core.store.store import Store
from sftsec_core.store.vault import Vault, is_encrypted, open_vault
from tests.e2e.forked import Ended, run_forked

PLAIN = "from sftsec_core.cli import main; main()"
PATIENCE_S = 200
# Set, it has every site of the suite encrypt its state: what passes without it passes with it.
ENCRYPTED = "SFTSEC_TEST_ENCRYPTED_STATE"
KEY = "SFTSEC_TEST_STATE_KEY"
os.environ[KEY] = "5f" * 32


def encryption() -> dict[str, Any]:
    """What `state` says besides, where the suite runs with encrypted states."""
    return {"encrypt": {"key": f"env:{KEY}"}} if os.environ.get(ENCRYPTED) else {}


def with_encryption(settings: dict[str, Any]) -> dict[str, Any]:
    """A configuration whose state is encrypted, where the suite runs so."""
    state = {**settings.get("state", {}), **encryption()}
    return {**settings, "state": state} if state else settings


@dataclass(frozen=True, slots=True)
class Site:
    """One configuration with its incidents and its state."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, *, rows: int = 500, open_rows: int = 300, **task: Any) -> Site:
        """Write a generated stream and a configuration whose task is changed by `task`."""
        folder.mkdir(parents=True, exist_ok=True)
        source = from_stream(folder, rows=rows, open_rows=open_rows, seed=3)
        settings = yaml.safe_load(source.config.read_text(encoding="utf-8"))
        settings["tasks"][TASK] |= {
            "train": {"recipe": "linear"},
            "gate": {"min_labels": 20, "on_few_labels": "warn"},
            **task,
        }
        settings["connectors"]["incidents"]["page_size"] = 50
        # A killed run can be resumed after its lease: not 15 s, or the tests would wait for it.
        settings["state"] = {"lease": "3s", **encryption()}
        source.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        return cls(folder)

    @property
    def config(self) -> Path:
        return self.folder / "sftsec.yaml"

    @property
    def output(self) -> Path:
        return self.folder / "detections.jsonl"

    def run(self, *arguments: str, code: int = 0, program: str = PLAIN) -> str:
        """Run sftsec and return what it printed; fail on another exit code."""
        done = self._run(*arguments, program=program)
        assert done.returncode == code, (
            f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout if code == 0 else done.stderr

    def json(self, *arguments: str) -> Any:
        """Run sftsec with --json and return what it said."""
        return json.loads(self.run(*arguments, "--json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start sftsec and go on; what it says goes to its `stderr`."""
        return subprocess.Popen(
            self._command(PLAIN, *arguments),
            env=_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_when(self, ready: Callable[[], bool], *arguments: str) -> None:
        """Start sftsec and kill -9 it as soon as `ready` says so."""
        process = self.start(*arguments)
        wait_until(ready, process)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL

    def change(self, kind: str, name: str, **settings: Any) -> None:
        """Change settings of a task or a connector."""
        values = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        values[kind][name] |= settings
        self.config.write_text(yaml.safe_dump(values), encoding="utf-8")

    def store(self) -> Store:
        """The state, read beside the command line."""
        return Store.open(None, folder=self.state, vault=self.vault())

    def vault(self) -> Vault | None:
        """The keys of the state, where it is encrypted."""
        return open_vault(self.state, SecretRef(f"env:{KEY}")) if is_encrypted(self.state) else None

    def snapshot(self, folder: Path) -> Snapshot:
        """A verified snapshot of this site's."""
        return open_snapshot(folder, vault=self.vault())

    @property
    def state(self) -> Path:
        return self.folder / ".sftsec"

    def pushed(self) -> Counter[str]:
        """How often each detection stands in the output."""
        if not self.output.exists():
            return Counter()
        lines = self.output.read_text(encoding="utf-8").splitlines()
        return Counter(json.loads(line)["sftsec.detection.uid"] for line in lines)

    def _run(self, *arguments: str, program: str = PLAIN) -> Ended:
        told = ["-c", str(self.config), *arguments]
        return run_forked(program, told, _environment(), PATIENCE_S)

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [sys.executable, "-c", program, "-c", str(self.config), *arguments]


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something to happen while a process runs."""
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert process.poll() is None, "the process ended before"
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.005)


def _environment() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
