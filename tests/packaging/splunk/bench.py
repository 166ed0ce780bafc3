"""A search head to run the app's scripts on: Splunk's Python, splunkd's double, SPLUNK_HOME."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.chunked import Batches, CommandRun, run_command
from tests.servers.splunkd.install import read_conf
from tests.servers.splunkd.pythons import need_python
from tests.servers.splunkd.state import Splunkd

OWN = "/servicesNS/nobody/sftsec"
_PATIENCE_S = 60


@dataclass
class Bench:
    """The app on a search head.

    Attributes:
        app: its folder.
        home: SPLUNK_HOME, with the authority of splunkd's certificate.
        version: of the interpreter.
    """

    splunk: Splunkd
    app: Path
    home: Path
    version: str = "3.13"
    users: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, splunk: Splunkd, app: Path, home: Path, version: str = "3.13") -> Bench:
        """With an analyst, an admin of the app's, and somebody who is neither."""
        auth = home / "etc" / "auth"
        auth.mkdir(parents=True)
        assert splunk.ca_file is not None
        shutil.copy(splunk.ca_file, auth / "cacert.pem")
        made = cls(splunk, app, home, version)
        for name, role in (("ann", "sftsec_analyst"), ("bob", "user"), ("root", "sftsec_admin")):
            splunk.add_user(name, "changed!", [role])
        return made

    def caller(self, user: str = "admin") -> Caller:
        """A client that has logged in."""
        made = Caller(self.splunk)
        made.login(user, "changed!")
        return made

    def set_service(self, url: str, ca_file: Path | str = "", token: str = "", **more: Any) -> None:
        """What the set-up page would write."""
        caller = self.caller()
        form = {"url": url, "ca_file": str(ca_file), **more}
        status, answer = caller.call("POST", f"{OWN}/configs/conf-sftsec/service", form)
        assert status == 200, answer
        if token:
            secret = {"realm": "sftsec", "name": "service_token", "password": token}
            status, answer = caller.call("POST", f"{OWN}/storage/passwords", secret)
            assert status == 201, answer

    def run(
        self, command: str, batches: Batches, *arguments: str, user: str = "root", **more: Any
    ) -> CommandRun:
        """A search command, from its first frame to its last."""
        info = {
            "session_key": more.get("session_key") or self.session(user),
            "splunkd_uri": self.splunk.url,
            "username": user,
            **more,
        }
        script = self.app / "bin" / f"{command}.py"
        env = {"SPLUNK_HOME": str(self.home)}
        python = need_python(self.version)
        return run_command(python, script, batches, arguments=arguments, searchinfo=info, env=env)

    def alert(
        self, rows: Sequence[Mapping[str, str]], user: str = "root", **configuration: str
    ) -> subprocess.CompletedProcess[str]:
        """The alert action, with these rows as the search's results."""
        results = self.home / "results.csv.gz"
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with gzip.open(results, "wt", newline="") as text:
            writer = csv.DictWriter(text, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        payload = {
            "session_key": self.session(user),
            "server_uri": self.splunk.url,
            "results_file": str(results),
            "search_name": "Strange mail",
            "owner": user,
            "configuration": configuration,
        }
        command = [str(need_python(self.version)), "-W", "error"]
        return subprocess.run(
            [*command, str(self.app / "bin" / "sftsec_alert.py"), "--execute"],
            input=json.dumps(payload),
            env={"SPLUNK_HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )

    def session(self, user: str) -> str:
        """A user's session key."""
        return self.caller(user).headers["Authorization"].removeprefix("Splunk ")


def install(splunk: Splunkd, app: Path) -> None:
    """Install the app with its roles and who may read and write its collections.

    The double's own `install_app` knows neither authorize.conf nor the metadata.
    """
    splunk.install_app(app)
    for name, content in _roles(app).items():
        splunk.add_role(name, **content)
    for name, perms in _acl(app).items():
        entity = splunk.entities.find("storage/collections/config", "nobody", "sftsec", name)
        assert entity is not None, name
        entity.perms = perms


def _roles(app: Path) -> dict[str, dict[str, Any]]:
    """The app's roles, as its authorize.conf says."""
    return {
        stanza.removeprefix("role_"): {
            "capabilities": [name for name, value in values.items() if value == "enabled"],
            "imported_roles": values["importRoles"].split(";"),
            "srchIndexesAllowed": values["srchIndexesAllowed"].split(";"),
        }
        for stanza, values in read_conf(app / "default" / "authorize.conf").items()
        if stanza.startswith("role_")
    }


def _acl(app: Path) -> dict[str, dict[str, list[str]]]:
    """What the app's metadata says of its collections."""
    found = {}
    for part in (app / "metadata" / "default.meta").read_text().split("\n[")[1:]:
        name, _, rest = part.partition("]")
        if name.startswith("collections/"):
            access = re.findall(r"(read|write) : \[ ([^]]*) \]", rest)
            found[name.partition("/")[2]] = {kind: roles.split(", ") for kind, roles in access}
    return found
