"""Run actions as SOAR does: through the SDK's own runner, in the app's environment.

Each line of standard input is an action's identifier, a blank, and a folder with asset.json and
params.json. What became of the action is written to results.json there, and what was printed to
output.txt; then a line is written. Each action has a process of its own, as in SOAR: a fork of
this one, which has paid for the imports.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sftsec_soar.src.app import app
from soar_sdk.app_cli_runner import AppCliRunner


def main() -> None:
    """Run what is asked for until there is no more."""
    for line in sys.stdin:
        action, folder = line.rstrip("\n").split(" ", 1)
        child = os.fork()
        if child == 0:
            in_child(action, Path(folder))
        os.waitpid(child, 0)
        sys.stdout.write("done\n")
        sys.stdout.flush()


def in_child(action: str, folder: Path) -> None:
    """Run one action and end."""
    output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        run(action, folder)
    except BaseException as error:  # noqa: BLE001 - whatever it raises is the finding
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def run(action: str, folder: Path) -> None:
    """Run one action, and write its results."""
    files = ["--asset-file", str(folder / "asset.json")]
    if action != "test_connectivity":
        files += ["--param-file", str(folder / "params.json")]
    asked = AppCliRunner(app).parse_args(["action", action, *files])
    app.handle(asked.raw_input_data)
    results = [
        {"status": each.get_status(), "message": each.get_message(), "data": each.get_data()}
        for each in app.actions_manager.get_action_results()
    ]
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
