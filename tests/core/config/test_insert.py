"""A task in a configuration of people: all else stays to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sftsec_core.api.errors import ConfigError
from sftsec_core.config.insert import insert_task, set_state_url

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


class TestSetStateUrl:
    @pytest.mark.parametrize(
        "text",
        [
            "version: 1\n",
            "version: 1",
            "",
            "state:\nversion: 1\n",
            "state: {}\nversion: 1\n",
            "state: {lease: 3s}  # short\n",
            "state: {url: old, lease: 3s}\n",
            "state: {lease: 3s, url: 'old'}\n",
            "state:\n    # where\n    lease: 3s  # short\n",
            "state:\n  url: old  # the old one\n  lease: 3s\n",
            "state:\n  lease: 3s\n  url:\ntasks: {}\n",
            'state:\n  url: "old"\n',
        ],
    )
    def test_changes_nothing_else(self, text: str) -> None:
        url = "postgresql://h/db?application_name=a#b: c"
        after = set_state_url(text, url, file=FILE)
        before = yaml.safe_load(text) or {}
        wanted = {**before, "state": {**(before.get("state") or {}), "url": url}}
        assert yaml.safe_load(after) == wanted
        assert [part for part in text.split() if part.startswith("#")] == [
            part for part in after.split() if part.startswith("#") and "b:" not in part
        ]

    def test_refuses_what_would_change_more(self) -> None:
        with pytest.raises(ConfigError, match=r"state: cannot be changed by itself"):
            set_state_url("base: &b {lease: 3s}\nstate: *b\n", "x", file=FILE)
