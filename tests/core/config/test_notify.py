"""What `notify:` in sftsec.yaml may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.config.load import load_settings
from sftsec_core.config.notify import KINDS, NotifySettings

HOOK = "webhook: {url: 'https://soc.example.org/hook', secret: 'env:HOOK'}"
MAIL = "mail: {host: mail.example.org, from: a@example.org, to: [b@example.org]}"


def load(folder: Path, *lines: str) -> NotifySettings:
    file = folder / "sftsec.yaml"
    file.write_text("version: 1\nnotify:\n  soc:\n" + "".join(f"    {x}\n" for x in lines), "utf-8")
    return load_settings(file).notify["soc"]


class TestNotify:
    def test_tells_of_all_by_default(self, tmp_path: Path) -> None:
        found = load(tmp_path, HOOK, MAIL)
        assert found.events == KINDS
        assert found.webhook is not None
        assert repr(found.webhook.secret) == "SecretRef('env:HOOK')"
        assert found.mail is not None
        assert (found.mail.tls, found.mail.port) == ("starttls", 587)

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            (["cool_down: 1h"], "name a webhook, a mail or a connector"),
            (["events: [drfit]", HOOK], "'drift'"),
            ([HOOK.replace("https", "http")], "begins with https://"),
            ([HOOK.replace("soc.", "user:pass@soc.")], "password"),
            ([HOOK.replace("env:HOOK", "literal-secret")], "write a reference"),
            ([MAIL.replace("host:", "tls: none, host:")], "on this machine alone"),
            ([MAIL.replace("host:", "user: me, host:")], "user and password go together"),
            ([MAIL.replace("a@example.org", "nobody")], "from"),
            (["connector: siem"], "notify.soc.connector: unknown connector 'siem'"),
            ([HOOK, "tasks: [mial]"], "notify.soc.tasks: unknown task 'mial'"),
        ],
    )
    def test_refuses_what_cannot_be_told(self, tmp_path: Path, lines: list[str], said: str) -> None:
        with pytest.raises(ConfigError) as caught:
            load(tmp_path, *lines)
        assert said in str(caught.value)
        assert "literal-secret" not in str(caught.value)
        assert "user:pass" not in str(caught.value)
