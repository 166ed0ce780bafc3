"""The app as SOAR would run it: an asset, actions with parameters, and what came of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.packaging.soar.tools import Tools, lay

_RUNNER = Path(__file__).with_name("run_action.py")
_SECRETS = ("service_token", "splunk_token")


class Runner:
    """A process that has the app imported."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, action: str, folder: Path) -> None:
        """Have an action run whose asset and parameters lie in a folder; wait for its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{action} {folder}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"


@contextmanager
def running(tools: Tools, folder: Path) -> Iterator[Runner]:
    """The app from its archive, unpacked below a folder, in the environment of its package."""
    lay(folder, tools.lock)
    env = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(tools.python), "-W", "error", str(_RUNNER)]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Runner(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


@dataclass(frozen=True)
class Run:
    """What became of an action.

    Attributes:
        ok: whether it succeeded.
        message: one line.
        data: what a playbook gets.
        output: all that was printed: progress, logs.
    """

    ok: bool
    message: str
    data: list[dict[str, Any]]
    output: str


@dataclass
class Bench:
    """The app with an asset."""

    runner: Runner
    folder: Path
    asset: dict[str, Any] = field(default_factory=dict)

    def run(
        self, action: str, asset: Mapping[str, Any] | None = None, /, **params: str | None
    ) -> Run:
        """Run an action; a failure must be one line, and no secret may show.

        Args:
            action: its identifier.
            asset: settings that differ from the bench's; None takes one away.
            params: of the action.
        """
        settings = {**self.asset, **(asset or {})}
        given = {name: value for name, value in settings.items() if value is not None}
        (self.folder / "asset.json").write_text(json.dumps(given), encoding="utf-8")
        (self.folder / "params.json").write_text(json.dumps(params), encoding="utf-8")
        results = self.folder / "results.json"
        results.unlink(missing_ok=True)
        self.runner.run(action, self.folder)
        output = (self.folder / "output.txt").read_text(encoding="utf-8")
        assert results.is_file(), output[-3000:]
        found: list[dict[str, Any]] = json.loads(results.read_text(encoding="utf-8"))
        shown = output + json.dumps(found)
        assert not [name for name in _SECRETS if given.get(name) and str(given[name]) in shown]
        assert "Traceback" not in shown
        message = str(found[0]["message"])
        assert "\n" not in message
        data = [row for each in found for row in each["data"]]
        return Run(found[0]["status"] is True, message, data, output)


def ok(run: Run) -> list[dict[str, Any]]:
    """The data of an action that succeeded."""
    assert run.ok, run.message
    return run.data


def refused(run: Run) -> str:
    """The line of one that did not."""
    assert not run.ok, run.data
    assert run.data == []
    return run.message
