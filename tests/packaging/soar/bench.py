"""The app as SOAR would run it: an asset, actions with parameters, and what came of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.packaging.soar.tools import Tools, lay

_RUNNER = Path(__file__).with_name("run_action.py")
_PATIENCE_S = 60
SECRETS = ("service_token", "splunk_token")


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

    python: Path
    folder: Path
    asset: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def make(cls, tools: Tools, folder: Path) -> Bench:
        """The app from its archive, in a folder of the test's."""
        lay(folder, tools.lock)
        return cls(tools.python, folder)

    def run(
        self, action: str, asset: Mapping[str, Any] | None = None, **params: str | float | bool
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
        told = subprocess.run(
            [str(self.python), "-W", "error", str(_RUNNER), action, str(self.folder)],
            cwd=self.folder,
            env={"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        output = told.stdout + told.stderr
        assert results.is_file(), output[-3000:]
        (result,) = self._read(results)[:1] or [{}]
        shown = output + json.dumps(result)
        assert not [name for name in SECRETS if given.get(name) and str(given[name]) in shown]
        assert "Traceback" not in shown
        message = str(result["message"])
        assert "\n" not in message
        data = [row for each in self._read(results) for row in each["data"]]
        return Run(result["status"] is True, message, data, output)

    @staticmethod
    def _read(file: Path) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        return found


def ok(run: Run) -> list[dict[str, Any]]:
    """The data of an action that succeeded."""
    assert run.ok, run.message
    return run.data


def refused(run: Run) -> str:
    """The line of one that did not."""
    assert not run.ok, run.data
    assert run.data == []
    return run.message
