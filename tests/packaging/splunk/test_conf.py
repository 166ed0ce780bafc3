"""What the app's files say of each other, and of what is written elsewhere."""

from __future__ import annotations

import ast
import csv
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from configparser import ConfigParser
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sftsec_core.api.domain import Detection
from sftsec_splunk.mapping import document_of, event_of
from tests.servers.splunkd.install import Stanzas, read_conf
from tests.servers.splunkd.pythons import SPLUNK_PYTHONS, need_python
from tests.servers.splunkd.state import Splunkd


def conf(app: Path, name: str) -> Stanzas:
    found = read_conf(app / "default" / f"{name}.conf")
    del found["default"]
    return found


def metadata(app: Path) -> Stanzas:
    """What the app's metadata says; what is of all its objects is under "default"."""
    text = (app / "metadata" / "default.meta").read_text(encoding="utf-8")
    parser = ConfigParser(interpolation=None, delimiters=("=",))
    parser.read_string(text.replace("[]\n", "[default]\n", 1))
    return {name: dict(parser[name]) for name in parser.sections()}


def names(text: str) -> list[str]:
    return next(csv.reader([text], skipinitialspace=True))


def fields_of(app: Path, collection: str) -> set[str]:
    stanza = conf(app, "collections")[collection]
    return {key.partition(".")[2] for key in stanza if key.startswith("field.")}


class TestCollections:
    @pytest.mark.parametrize("collection", ["sftsec_queue", "sftsec_verdicts"])
    def test_a_lookup_has_every_field(self, app_folder: Path, collection: str) -> None:
        shown = names(conf(app_folder, "transforms")[collection]["fields_list"])
        assert shown[0] == "_key"
        assert set(shown[1:]) == fields_of(app_folder, collection)
        assert conf(app_folder, "collections")[collection]["enforceTypes"] == "true"

    def test_detections_have_the_connectors_fields(self, app_folder: Path) -> None:
        at = datetime(2026, 1, 5, tzinfo=UTC)
        fields = {"src": "s", "dest": "d", "user": "u"}
        made = Detection("u", "i", "mail", "d", "T1059", 0.9, 0.5, (), at, fields)
        shown = names(conf(app_folder, "transforms")["sftsec_detections"]["fields_list"])
        written = {name for name in document_of(event_of(made), at) if not name.startswith("orig_")}
        assert written - set(shown) <= {"app", "type"}
        assert set(shown) - written == {"orig_time"}

    def test_analysts_write_verdicts_alone(self, splunk: Splunkd) -> None:
        def writers(collection: str) -> set[str]:
            found = splunk.entities.find(
                "storage/collections/config", "nobody", "sftsec", collection
            )
            assert found is not None
            assert found.perms is not None
            assert "*" not in found.perms["read"]
            return set(found.perms["write"])

        others = {"sftsec_connector", "sftsec_admin", "admin", "sc_admin"}
        assert writers("sftsec_verdicts") == {"sftsec_analyst", *others}
        assert writers("sftsec_queue") == writers("sftsec_detections") == others
        assert not splunk.can("admin", "sftsec_label")  # nobody judges who was not given the role

    def test_lookups_have_their_collections_roles(self, app_folder: Path) -> None:
        access = metadata(app_folder)
        for name in conf(app_folder, "collections"):
            granted = access[f"collections/{name}"]
            lookup = access[f"transforms/{name}"]
            assert lookup["export"] == granted["export"]
            readers, _, writers = lookup["access"].partition(", write : ")
            assert readers == granted["access"].partition(", write : ")[0]
            assert writers == "[ admin, sc_admin ]"  # of its definition
            assert "[ *" not in granted["access"]
            assert granted["export"] == "system"  # the macros are: they work in any app

    def test_writers_are_none_but_named_roles(self, app_folder: Path) -> None:
        access = metadata(app_folder)
        assert access["default"]["access"].endswith("write : [ admin, sc_admin ]")
        assert access["default"]["export"] == "none"
        for name, values in access.items():
            _, _, writers = values.get("access", "write : [ admin ]").partition("write : ")
            assert writers, name
            assert "*" not in writers, name

    @pytest.mark.parametrize(
        ("role", "may"), [("sftsec_analyst", ["sftsec_label"]), ("sftsec_connector", [])]
    )
    def test_only_an_admin_reads_credentials(
        self, app_folder: Path, role: str, may: list[str]
    ) -> None:
        settings = conf(app_folder, "authorize")[f"role_{role}"]
        assert [name for name, value in settings.items() if value == "enabled"] == may


class TestStanzas:
    def test_every_view_of_the_menu_exists(self, app_folder: Path) -> None:
        ui = app_folder / "default" / "data" / "ui"
        menu = ET.parse(ui / "nav" / "default.xml").getroot()  # noqa: S314 - our own
        shown = [str(each.get("name")) for each in menu]
        there = {path.stem for path in (ui / "views").glob("*.xml")} | {"search"}
        assert set(shown) == there
        assert [each.get("name") for each in menu if each.get("default")] == ["labelling"]
        assert conf(app_folder, "app")["ui"]["setup_view"] in there

    def test_name_splunks_pythons_and_a_script(self, app_folder: Path) -> None:
        stanzas = conf(app_folder, "commands") | conf(app_folder, "alert_actions")
        assert set(stanzas) == {"sftsecscore", "sftseclabel", "sftsec_alert"}
        for name, stanza in stanzas.items():
            assert (app_folder / "bin" / f"{name}.py").is_file()
            assert (stanza["python.version"], stanza["python.required"]) == ("python3", "3.9,3.13")

    def test_splunk_asks_before_links_run_commands(self, app_folder: Path) -> None:
        stanzas = conf(app_folder, "commands")
        assert stanzas
        for name, stanza in stanzas.items():
            assert stanza.get("is_risky") == "true", name

    def test_nothing_listens_or_starts_itself(self, app_folder: Path) -> None:
        there = {path.stem for path in (app_folder / "default").glob("*.conf")}
        assert "commands" in there
        assert not there & {"restmap", "web", "inputs", "scripts"}
        searches = conf(app_folder, "savedsearches")
        assert {each["disabled"] for each in searches.values()} == {"1"}

    def test_every_command_and_setting_is_described(self, app_folder: Path) -> None:
        described = {name.removesuffix("-command") for name in conf(app_folder, "searchbnf")}
        assert described == set(conf(app_folder, "commands"))
        spec = (app_folder / "README" / "sftsec.conf.spec").read_text()
        for stanza, values in conf(app_folder, "sftsec").items():
            assert f"[{stanza}]" in spec
            assert all(f"\n{name} = <" in spec for name in values)
        spec = (app_folder / "README" / "alert_actions.conf.spec").read_text()
        form = (app_folder / "default/data/ui/alerts/sftsec_alert.html").read_text()
        for name in conf(app_folder, "alert_actions")["sftsec_alert"]:
            if name.startswith("param."):
                assert f"\n{name} = " in spec
                assert (f"action.sftsec_alert.{name}" in form) == (name != "param._cam")

    def test_security_offers_the_alert_action(self, app_folder: Path) -> None:
        told = json.loads(conf(app_folder, "alert_actions")["sftsec_alert"]["param._cam"])
        assert {"category", "task", "subject", "technology"} <= set(told)
        assert told["supports_adhoc"] is True
        (technology,) = told["technology"]
        version = conf(app_folder, "app")["launcher"]["version"]
        assert technology == {"vendor": "sftsec", "product": "sftsec", "version": [version]}

    def test_security_keys_are_specified(self, app_folder: Path) -> None:
        spec = (app_folder / "README" / "savedsearches.conf.spec").read_text()
        for values in conf(app_folder, "savedsearches").values():
            for name in values:
                if name.startswith("action."):
                    known, parts = name.partition(".param."), spec.split("\n")
                    shown = f"{known[0]}.param.<name>" if known[1] else name
                    assert any(line.startswith(f"{shown} = ") for line in parts), name


class TestModules:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_import_alone_without_a_warning(self, app_folder: Path, version: str) -> None:
        folder = app_folder / "bin"
        files = [path.relative_to(folder) for path in sorted((folder / "sftsec_app").rglob("*.py"))]
        modules = [".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files]
        assert len(modules) > 15
        assert "sftsec_app.portable.event_rules" in modules
        code = "import importlib, sys; importlib.import_module(sys.argv[1])"
        for module in modules:
            command = [str(need_python(version)), "-B", "-W", "error", "-c", code, module]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), module

    def test_import_the_standard_library_alone(self, app_folder: Path) -> None:
        found = set()
        for path in (app_folder / "bin").rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    found.add(str(node.module).partition(".")[0])
        assert found - set(sys.stdlib_module_names) == {"sftsec_app"}
        assert "subprocess" not in found
        assert "pickle" not in found
