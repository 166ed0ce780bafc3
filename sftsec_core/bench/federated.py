"""What sites gain that train one model together, and what one hostile site of them costs.

The server is `sftsec federated serve` in a process of its own; each site is a process that fits the
recipe `federated` over TLS on loopback. Beside the joined model stand the same head on all sites'
rows together (pooled) and each site's alone.
"""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from sftsec_core.api.contracts import RecipeSpec, TrainJob
from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import DataError, TrainingError
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.bench.certificate import free_port, write_certificate
from sftsec_core.bench.quality_data import read_dataset
from sftsec_core.plugins import Plugins, get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, TaskSpec

PLUGIN = RECIPE = "federated"
_HELD_OUT = 4  # every so many rows of a site are its test part, where the folder names sites
_SERVE = "from sftsec_core.cli import main; main()"
_PATIENCE_S = 1200


@dataclass(frozen=True, slots=True)
class BenchSites:
    """One folder as the data of several sites.

    Attributes:
        train: each site's rows to train on, by its name.
        test: rows that no site trained on.
        test_sites: the site of each of them; "" where they are of none.
    """

    name: str
    task: TaskSpec
    train: Mapping[str, Sequence[Example]]
    test: Sequence[Example]
    test_sites: Sequence[str]


@dataclass(frozen=True, slots=True)
class FederatedPlan:
    """What is measured.

    Attributes:
        split: sites that a folder is split over which names none.
        attacks: of one site: "none", "flip" (its labels), "x10" and "x-10" (its update times so
            much).
        methods: of joining; see the plugin.
        alone: whether each site's own model is measured, by the first seed.
    """

    folders: Sequence[Path]
    seeds: Sequence[int]
    split: int = 6
    attacks: Sequence[str] = ("none", "flip", "x-10")
    methods: Sequence[str] = ("mean", "reviewed")
    rounds: int = 3
    alone: bool = True


def run_federated_bench(
    plan: FederatedPlan, say: Callable[[str], None] = lambda _text: None
) -> dict[str, Any]:
    """Measure all of a plan.

    Raises:
        DataError: when a folder cannot be read, has no benign label, or more classes than two.
        PluginError: when the plugin or what its server needs is not installed.
    """
    plugins = Plugins(("core", PLUGIN))
    plugins.require()
    recipe = get("recipe", RECIPE, plugins.specs(RecipeSpec))
    rows = []
    for folder in plan.folders:
        for seed in plan.seeds:
            sites = read_sites(folder, plan, seed)
            for found in _measure(sites, plan, seed, recipe):
                say(f"{found['data']} seed {seed}: {found['method']}, {found['attack']}: "
                    f"{found['average_precision']:.4f}")  # fmt: skip
                rows.append(found)
    return {"rounds": plan.rounds, "rows": rows}


def read_sites(folder: Path, plan: FederatedPlan, seed: int) -> BenchSites:
    """A folder's rows by the site that they name, or spread at random.

    Raises:
        DataError: when it cannot be read, or is no question of two classes, one of them benign.
    """
    data = read_dataset(folder)
    if data.task.benign is None or len(data.task.labels) != 2:
        raise DataError(f"{folder}: the bench needs two classes, one of them benign")
    rng = np.random.default_rng(seed)
    everything = [*data.train, *data.dev, *data.test]
    if all(each.groups for each in everything):
        names = [str(each.groups[0]) for each in everything]
        held_out = rng.integers(_HELD_OUT, size=len(everything)) == 0
    else:
        names = [f"site{number}" for number in rng.integers(plan.split, size=len(everything))]
        held_out = np.array([each.split == "test" for each in everything])
    kept = np.flatnonzero(~held_out)
    train: dict[str, list[Example]] = {name: [] for name in sorted(set(names))}
    for number in kept:
        train[names[number]].append(replace(everything[number], split="train"))
    test = np.flatnonzero(held_out)
    named = [names[number] for number in test] if everything[0].groups else [""] * len(test)
    return BenchSites(data.name, data.task, train, [everything[n] for n in test], named)


def _measure(
    sites: BenchSites, plan: FederatedPlan, seed: int, recipe: RecipeSpec[Any]
) -> Iterator[dict[str, Any]]:
    """Pooled, each site alone by the first seed, then each attack against each method."""
    everything = [each for rows in sites.train.values() for each in rows]
    yield _row(sites, seed, "pooled", "none", _alone(sites, everything, recipe))
    for name, rows in sites.train.items() if plan.alone and seed == plan.seeds[0] else ():
        if len({each.label for each in rows}) == 2:
            yield _row(sites, seed, f"alone: {name}", "none", _alone(sites, rows, recipe))
    # The largest site is the hostile one: it costs the others the most.
    hostile = max(sites.train, key=lambda name: len(sites.train[name]))
    for attack in plan.attacks:
        for method in plan.methods:
            began = time.monotonic()
            proba, told = _together(sites, plan, method, (hostile, attack), recipe)
            row = _row(sites, seed, method, attack, proba)
            yield {
                **row,
                "hostile": hostile if attack != "none" else None,
                "wall_s": round(time.monotonic() - began, 1),
                **told,
            }


def _row(
    sites: BenchSites, seed: int, method: str, attack: str, proba: NDArray[np.float64]
) -> dict[str, Any]:
    from sklearn.metrics import average_precision_score

    y = np.array([each.label != sites.task.benign for each in sites.test])
    of = np.array(sites.test_sites)
    each = [
        average_precision_score(y[of == name], proba[of == name])
        for name in sorted(set(sites.test_sites))
        if y[of == name].any()
    ]
    return {
        "data": sites.name,
        "seed": seed,
        "sites": len(sites.train),
        "method": method,
        "attack": attack,
        "average_precision": round(float(average_precision_score(y, proba)), 4),
        "mean_of_sites": round(float(np.mean(each)), 4),
    }


def _alone(
    sites: BenchSites, rows: Sequence[Example], recipe: RecipeSpec[Any]
) -> NDArray[np.float64]:
    """The attack's probability by the same head, trained in one place by one round of one site."""
    with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as made:
        folder = Path(made)
        halves = {"a": rows, "b": rows}  # a federation has two sites: here two of the same rows
        model, _ = _federate(
            replace(sites, train=halves), folder, {"rounds": 1, "steps": 200, "method": "mean"},
            ("", "none"), recipe,
        )  # fmt: skip
        return _attack_scores(sites, recipe, model)


def _together(
    sites: BenchSites,
    plan: FederatedPlan,
    method: str,
    hostile: tuple[str, str],
    recipe: RecipeSpec[Any],
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as made:
        settings = {"rounds": plan.rounds, "method": method}
        model, result = _federate(sites, Path(made), settings, hostile, recipe)
        notes = json.loads((model / "federated.json").read_text(encoding="utf-8"))["notes"]
        told = notes["federation"]
        exchanged = {
            "bytes_sent": told["bytes_sent"],
            "bytes_received": told["bytes_received"],
            "trust": {name: each["trust"] for name, each in result["rounds"][-1]["sites"].items()},
        }
        return _attack_scores(sites, recipe, model), exchanged


def _attack_scores(sites: BenchSites, recipe: RecipeSpec[Any], folder: Path) -> NDArray[np.float64]:
    model = recipe.load(folder)
    proba = model.predict_proba(Batch.of_examples(sites.task.inputs, sites.test))
    return proba[:, 1 - list(model.labels).index(str(sites.task.benign))]


def _federate(
    sites: BenchSites,
    folder: Path,
    settings: Mapping[str, Any],
    hostile: tuple[str, str],
    recipe: RecipeSpec[Any],
) -> tuple[Path, Mapping[str, Any]]:
    """Run a server and all sites as processes.

    Returns:
        The folder of the model, and what the server says at its end.

    Raises:
        TrainingError: when one of them fails.
    """
    port = free_port()
    _write_server(sites, folder, port, settings)
    command = [sys.executable, "-c", _SERVE, "-c", str(folder / "sftsec.yaml"), "federated"]
    command += ["serve", str(folder / "federation.yaml"), "--json"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    _wait_for(server, folder / "server.log")
    fork = multiprocessing.get_context("fork")  # a site has the rows and the libraries already
    processes = []
    for name in sites.train:
        own = (folder, port, hostile[1] if name == hostile[0] else "none")
        processes.append(fork.Process(target=_be_a_site, args=(sites, name, own, recipe)))
        processes[-1].start()
    try:
        out, _ = server.communicate(timeout=_PATIENCE_S)
        for each in processes:
            each.join(_PATIENCE_S)
    finally:
        for each in processes:
            each.kill()
        server.kill()
    if server.returncode or any(each.exitcode for each in processes):
        said = (folder / "server.log").read_text(encoding="utf-8").strip()
        raise TrainingError(f"a process of the bench failed: {said[-500:]}")
    return folder / f"model-{min(sites.train)}", json.loads(out)


def _wait_for(server: subprocess.Popen[str], log: Path) -> None:
    """Wait until a server listens, or has ended."""
    while "listening" not in log.read_text(encoding="utf-8") and server.poll() is None:
        time.sleep(0.05)


def _write_server(sites: BenchSites, folder: Path, port: int, settings: Mapping[str, Any]) -> None:
    write_certificate(folder)
    kinds = {"numbers": "number", "categories": "category"}
    fields = sites.task.inputs
    body = {
        "listen": f"127.0.0.1:{port}",
        "certificate": "server.pem",
        "key": "server.key",
        "state": "state",
        "labels": list(sites.task.labels),
        **{k: [f.name for f in fields if f.kind.value == v] for k, v in kinds.items()},
        "sites": {name: f"file:{name}.token" for name in sites.train},
        "min_sites": len(sites.train),
        **settings,
    }
    for name in sites.train:
        (folder / f"{name}.token").write_text(f"the token of {name:>16}", encoding="utf-8")
    (folder / "federation.yaml").write_text(yaml.safe_dump(body), encoding="utf-8")
    enabled = {"version": 1, "plugins": ["core", PLUGIN]}
    (folder / "sftsec.yaml").write_text(yaml.safe_dump(enabled), encoding="utf-8")


def _be_a_site(
    sites: BenchSites, name: str, own: tuple[Path, int, str], recipe: RecipeSpec[Any]
) -> None:
    """Fit the recipe on one site's rows, and save what it gives; in a process of its own."""
    folder, port, attack = own
    rows = sites.train[name]
    if attack == "flip":
        turned = dict(zip(sites.task.labels, reversed(sites.task.labels), strict=True))
        rows = [replace(each, label=turned[each.label]) for each in rows]
    options = {
        "server": f"https://127.0.0.1:{port}",
        "token": f"file:{folder / name}.token",
        "ca_file": str(folder / "server.pem"),
        "drill": float(attack[1:]) if attack.startswith("x") else 1.0,
    }
    workdir, saved = folder / f"work-{name}", folder / f"model-{name}"
    workdir.mkdir()
    saved.mkdir()
    job = TrainJob(
        task=sites.task,
        train=rows,
        dev=(),
        config=recipe.configure(options),
        settings=TrainSettings(),
        workdir=workdir,
    )
    recipe.fit(job).save(saved)
