"""A stranger's plugin is built, installed beside sftsec and used, as a stranger would."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sftsec_core.testing import make_incidents

EXAMPLE = Path(__file__).parent / "sftsec_example"
CONFIG = {
    "version": 1,
    "plugins": ["core", "files", "pii", "example"],
    "connectors": {"siem": {"type": "example-csv", "folder": "export"}},
    "tasks": {
        "phishing": {
            "connector": "siem",
            "text": ["message"],
            "labels": {"benign": ["benign"], "malicious": ["malicious"]},
            "benign": "benign",
            "steps": {"normalise": {}, "redact": {}, "defang": {}},
            "dedupe": {"enabled": False},
            "split": {"method": "stratified"},
            "train": {"recipe": "example-naive-bayes"},
            "gate": {"min_labels": 20, "on_few_labels": "warn", "beat_linear": False},
        }
    },
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the example's own wheel is installed, without an index."""
    base = tmp_path_factory.mktemp("thirdparty")
    source = shutil.copytree(EXAMPLE, base / "source")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(base), cwd=source)
    (wheel,) = base.glob("*.whl")
    target = base / "site"
    options = ("--no-deps", "--offline", "--no-cache", "--quiet", "--python", sys.executable)
    uv = (sys.executable, "-m", "uv", "pip", "install")
    run(*uv, *options, "--target", str(target), str(wheel), cwd=base)
    return target


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a configuration and an export of judged and open incidents."""
    (tmp_path / "sftsec.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    export = tmp_path / "export"
    export.mkdir()
    with (export / "incidents.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "time", "verdict", "analyst", "judged", "message"])
        for incident in make_incidents(400, labelled=0.9):
            text = f"{incident.fields['message']} http://{incident.uid}.example/x"
            verdict = incident.verdicts[0].value if incident.verdicts else ""
            rows.writerow([incident.uid, incident.at, verdict, "ann", "", text])
    return tmp_path


def run(*command: str, cwd: Path, path: Path | None = None, codes: tuple[int, ...] = (0,)) -> str:
    """Run a command and return what it printed; fail with its errors on another exit code."""
    env = {**os.environ, "PYTHONPATH": str(path or "")}
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode in codes, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def sftsec(
    *arguments: str, cwd: Path, path: Path | None = None, codes: tuple[int, ...] = (0,)
) -> str:
    """Run the command line as a user does."""
    program = "from sftsec_core.cli import main; main()"
    return run(sys.executable, "-c", program, *arguments, cwd=cwd, path=path, codes=codes)


def test_the_wheel_holds_the_package_and_its_entry_point(installed: Path) -> None:
    names = {path.name for path in installed.iterdir()}
    assert {"sftsec_example", "sftsec_example-1.0.0.dist-info"} <= names
    entry_points = installed / "sftsec_example-1.0.0.dist-info" / "entry_points.txt"
    assert "example = sftsec_example.hooks" in entry_points.read_text(encoding="utf-8")


def test_its_own_tests_pass_where_it_is_installed(installed: Path) -> None:
    tests = installed.parent / "source"
    pytest_alone = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    printed = run(*pytest_alone, cwd=tests, path=installed)
    assert " passed" in printed
    assert "failed" not in printed


def test_plugins_list_shows_it_with_its_distribution(installed: Path, site: Path) -> None:
    listed = json.loads(sftsec("plugins", "list", "--json", cwd=site, path=installed))
    text = json.dumps(listed)
    assert "sftsec-example" in text
    assert "1.0.0" in text


def test_where_it_is_not_installed_the_error_names_it(site: Path) -> None:
    env = {**os.environ, "PYTHONPATH": ""}
    program = "from sftsec_core.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "config", "check"],
        cwd=site, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in {3, 4}
    assert "unknown plugin 'example'" in done.stderr


def test_a_retraining_run_uses_its_connector_step_and_recipe(installed: Path, site: Path) -> None:
    printed = sftsec("retrain", "phishing", "--json", cwd=site, path=installed, codes=(0, 8))
    assert "example-naive-bayes" in printed
    assert json.loads(printed)
    snapshots = list((site / ".sftsec" / "snapshots").rglob("*.parquet"))
    assert snapshots
    assert all(b"http://" not in file.read_bytes() for file in snapshots)
    models = list((site / ".sftsec" / "models").rglob("naive_bayes.json"))
    assert "hxxp" in models[0].read_text(encoding="utf-8")


def test_detections_of_its_model_go_to_its_connector_once(installed: Path, site: Path) -> None:
    sftsec("retrain", "phishing", "--json", cwd=site, path=installed)
    for _ in range(2):
        sftsec("score", "phishing", "--json", cwd=site, path=installed)
    with (site / "export" / "detections.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert len({row["uid"] for row in rows}) == len(rows)
    assert all("http://" not in row["fields"] for row in rows)
