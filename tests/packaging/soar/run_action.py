"""Run one action as SOAR does: through the SDK's own runner, in the app's environment.

Usage: run_action.py ACTION FOLDER. The folder holds asset.json and params.json; what became of the
action is written to results.json beside them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from soar_sdk.app_cli_runner import AppCliRunner


def main(action: str, folder: Path) -> None:
    """Run it."""
    from sftsec_soar.src.app import app

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
    main(sys.argv[1], Path(sys.argv[2]))
