"""A task in a configuration of people: all else stays to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sftsec_core.api.errors import ConfigError
from sftsec_core.config.insert import insert_task

FILE = Path("sftsec.yaml")
TASK = "new:\n  connector: siem\n  text: [message]\n"
OLD = "    old:\n        text: [a]  # what it reads\n        # window: 90d\n"


def inserted(text: str) -> str:
    return insert_task(text, "new", TASK, file=FILE)


class TestInsertTask:
    @pytest.mark.parametrize(
        "text",
        [
            "version: 1\n",
            "version: 1",
            "# only a comment\n",
            "",
            "tasks:\nversion: 1\n",
            "tasks: {}\nversion: 1\n",
            f"tasks:\n{OLD}",
            f"tasks:\n{OLD}\n# serve:\n#   port: 1\n",
            f"tasks:\n{OLD}\n\nversion: 1\n",
            f"tasks:\n{OLD.rstrip()}",
        ],
    )
    def test_changes_nothing_else(self, text: str) -> None:
        after = inserted(text)
        before, found = yaml.safe_load(text) or {}, yaml.safe_load(after)
        assert found.pop("tasks") == {**(before.pop("tasks", None) or {}), **yaml.safe_load(TASK)}
        assert found == before
        kept = [line for line in text.splitlines() if line.strip() and "tasks:" not in line]
        assert [line for line in after.splitlines() if line in kept] == kept

    def test_keeps_comments_with_their_task(self) -> None:
        after = inserted(f"tasks:\n{OLD}\n# serve:\n")
        assert after.index("# window: 90d") < after.index("    new:") < after.index("# serve:")

    def test_refuses_a_task_that_is_there(self) -> None:
        with pytest.raises(ConfigError, match="'new' is there already; --name"):
            inserted("tasks: {new: {}}")

    @pytest.mark.parametrize("text", ["tasks: {old: {text: [a]}}\n", "{tasks: {}, version: 1}\n"])
    def test_refuses_what_it_would_rewrite(self, text: str) -> None:
        with pytest.raises(ConfigError, match="as a block, a key a line"):
            inserted(text)
