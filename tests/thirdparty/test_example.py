"""A stranger's plugin is built, installed beside sftsec and used, as a stranger would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import yaml

from sftsec_core.testing import make_incidents

TOKEN = "a-token-that-no-file-may-hold"
EXAMPLE = Path(__file__).parent / "sftsec_example"
CONFIG: dict[str, Any] = {
    "version": 1,
    "plugins": ["core", "files", "pii", "example"],
    "connectors": {"desk": {"type": "example-desk", "token": "env:SFTSEC_EXAMPLE_TOKEN"}},
    "tasks": {
        "phishing": {
            "connector": "desk",
            "text": ["message"],
            "labels": {"benign": ["benign"], "malicious": ["malicious"]},
            "benign": "benign",
            "steps": {"normalise": {}, "redact": {}, "defang": {}},
            "dedupe": {"enabled": False},
            "split": {"method": "stratified"},
            "render": {"name": "example-lines", "longest": 4000},
            "train": {
                "recipe": "example-naive-bayes",
                "transforms": [{"name": "example-cap", "ratio": 1.5}],
            },
            "evaluation": {"audits": {"example-lengths": {"parts": 4}}},
            "gate": {
                "min_labels": 20,
                "on_few_labels": "warn",
                "beat_baseline": False,
                "voters": {"example-precision": {"floor": 0.5}},
            },
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


@pytest.fixture(scope="module")
def desk() -> Iterator[Any]:
    """The example's own service desk, with judged and open incidents."""
    spec = spec_from_file_location("example_desk", EXAMPLE / "tests" / "desk.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patched, module.start_desk(TOKEN) as desk:
        patched.setenv("SFTSEC_EXAMPLE_TOKEN", TOKEN)
        for incident in make_incidents(400, labelled=0.9):
            assert incident.at is not None
            text = f"{incident.fields['message']} http://{incident.uid}.example/x"
            desk.add(incident.uid, incident.at.isoformat(), {"message": text})
            for verdict in incident.verdicts:
                desk.judge(incident.uid, verdict.value, "ann", incident.at.isoformat())
        yield desk


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, desk: Any) -> Path:
    """A folder with a configuration that names the desk."""
    folder = tmp_path_factory.mktemp("desk-site")
    config = deepcopy(CONFIG)
    config["connectors"]["desk"]["url"] = desk.url
    (folder / "sftsec.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def retrained(installed: Path, site: Path) -> str:
    """What `retrain` printed."""
    return sftsec("retrain", "phishing", "--json", cwd=site, path=installed, codes=(0, 8))


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


def test_wheel_holds_package_and_entry_point(installed: Path) -> None:
    names = {path.name for path in installed.iterdir()}
    assert {"sftsec_example", "sftsec_example-1.0.0.dist-info"} <= names
    entry_points = installed / "sftsec_example-1.0.0.dist-info" / "entry_points.txt"
    assert "example = sftsec_example.hooks" in entry_points.read_text(encoding="utf-8")


def test_own_tests_pass_where_installed(installed: Path) -> None:
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


def test_error_names_it_where_not_installed(site: Path) -> None:
    env = {**os.environ, "PYTHONPATH": ""}
    program = "from sftsec_core.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "config", "check"],
        cwd=site, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in {3, 4}
    assert "unknown plugin 'example'" in done.stderr


def test_retraining_uses_connector_step_and_recipe(retrained: str, site: Path) -> None:
    assert "example-naive-bayes" in retrained
    assert "example-precision" in retrained
    outcome = json.loads(retrained)
    report = json.loads(Path(outcome["report"]).with_suffix(".json").read_text(encoding="utf-8"))
    assert len(report["sections"]["example-lengths"]["parts"]) == 4
    snapshots = list((site / ".sftsec" / "snapshots").rglob("*.parquet"))
    assert snapshots
    assert all(b"http://" not in file.read_bytes() for file in snapshots)
    models = list((site / ".sftsec" / "models").rglob("naive_bayes.json"))
    assert "hxxp" in models[0].read_text(encoding="utf-8")


def test_detections_go_to_its_connector_once(
    installed: Path, site: Path, desk: Any, retrained: str
) -> None:
    assert json.loads(retrained)["promoted"]
    for _ in range(2):
        sftsec("score", "phishing", "--json", cwd=site, path=installed)
    assert desk.alerts
    assert all("http://" not in alert["event"]["message"] for alert in desk.alerts.values())
    assert not any(TOKEN in path.read_text(errors="replace") for path in site.rglob("*.json*"))
