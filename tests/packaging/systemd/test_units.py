"""The units, as systemd itself reads them."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sftsec_core.api.errors import (
    AuthorizationError,
    ConfigError,
    GateRefusedError,
    NotFoundError,
    PluginError,
)
from sftsec_core.config.settings import WorkerSettings
from sftsec_core.server.endpoint import SHUTDOWN_TIMEOUT_S
from tests.meta.tree import ROOT
from tests.needs import need
from tests.packaging.commands import refusal, words_after

FOLDER = ROOT / "packaging" / "systemd"
PROGRAM = "/opt/sftsec/bin/sftsec"
SERVICES = sorted(FOLDER.glob("*.service"))
UNITS = [*SERVICES, *sorted(FOLDER.glob("*.timer"))]
MOST_EXPOSED = 15  # tenths


def name_of(path: Path) -> str:
    return path.name


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = need(shutil.which("systemd-analyze"), "apt-get install systemd")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def installed(unit: Path, folder: Path, text: str | None = None) -> Path:
    """A copy of a unit that starts this environment's sftsec: systemd looks for the program."""
    there = str(Path(sys.executable).with_name("sftsec"))
    copy = folder / unit.name
    content = unit.read_text(encoding="utf-8") if text is None else text
    copy.write_text(content.replace(PROGRAM, there), encoding="utf-8")
    return copy


class Keys(configparser.ConfigParser):
    """Keys keep their case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def section(unit: Path, name: str) -> configparser.SectionProxy:
    parser = Keys(strict=False, interpolation=None)
    parser.read(unit, encoding="utf-8")
    return parser[name]


class TestUnits:
    @pytest.mark.parametrize("unit", UNITS, ids=name_of)
    def test_systemd_finds_no_fault(self, unit: Path, tmp_path: Path) -> None:
        for each in FOLDER.glob(f"{unit.stem}.*"):
            installed(each, tmp_path)
        done = analyze("verify", "--man=no", "--recursive-errors=no", tmp_path / unit.name)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")

    def test_systemd_finds_a_misspelt_key(self, tmp_path: Path) -> None:
        text = SERVICES[0].read_text(encoding="utf-8").replace("PrivateTmp=", "PrivateTemp=")
        done = analyze("verify", "--man=no", installed(SERVICES[0], tmp_path, text))
        assert "PrivateTemp" in done.stderr

    @pytest.mark.parametrize("unit", SERVICES, ids=name_of)
    def test_little_of_the_system_is_exposed(self, unit: Path, tmp_path: Path) -> None:
        copy = installed(unit, tmp_path)
        done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", copy)
        assert done.returncode == 0, done.stdout[-300:] + done.stderr

    def test_open_unit_is_told_apart(self, tmp_path: Path) -> None:
        open_ = "[Service]\nExecStart=/bin/true\n"
        copy = installed(SERVICES[0], tmp_path, open_)
        done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", copy)
        assert done.returncode != 0


class TestServices:
    @pytest.mark.parametrize("unit", SERVICES, ids=name_of)
    def test_command_is_one_of_ours(self, unit: Path) -> None:
        line = section(unit, "Service")["ExecStart"].replace("%i", "triage")
        assert refusal(words_after(line, PROGRAM)) is None

    @pytest.mark.parametrize("unit", SERVICES, ids=name_of)
    def test_user_is_the_one_that_is_made(self, unit: Path) -> None:
        made = (FOLDER / "sysusers.conf").read_text(encoding="utf-8").splitlines()[-1].split()
        service = section(unit, "Service")
        assert (service["User"], f"/var/lib/{service['StateDirectory']}") == (made[1], made[-1])

    def test_server_has_time_to_finish(self) -> None:
        service = section(FOLDER / "sftsec-serve.service", "Service")
        assert int(service["TimeoutStopSec"]) > SHUTDOWN_TIMEOUT_S

    def test_worker_has_time_for_checkpoints(self) -> None:
        service = section(FOLDER / "sftsec-worker@.service", "Service")
        assert int(service["TimeoutStopSec"]) > WorkerSettings().grace.total_seconds() * 2
        # A second signal to the runs themselves would end them at once.
        assert service["KillMode"] == "mixed"

    def test_codes_mean_what_units_take_them_for(self) -> None:
        serve = section(FOLDER / "sftsec-serve.service", "Service")
        lasting = (NotFoundError, ConfigError, PluginError, AuthorizationError)
        assert serve["RestartPreventExitStatus"].split() == [str(e.exit_code) for e in lasting]
        retrain = section(FOLDER / "sftsec-retrain@.service", "Service")
        assert retrain["SuccessExitStatus"].split() == [str(GateRefusedError.exit_code), "130"]

    def test_readme_names_every_file(self) -> None:
        text = (FOLDER / "README.md").read_text(encoding="utf-8")
        for unit in (*SERVICES, FOLDER / "sysusers.conf"):
            assert f"`{unit.name}`" in text
