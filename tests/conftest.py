"""What every test runs under, and the fixtures that all of them share."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# Before any test module imports a library that reads them.
os.environ["HF_HUB_OFFLINE"] = "1"  # no test may depend on a model hub
os.environ["TOKENIZERS_PARALLELISM"] = "false"  # its threads and our subprocesses do not mix
os.environ["MPLBACKEND"] = "Agg"
# One thread: the same sums on every machine, and workers that do not fight over the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
from hypothesis import settings

from tests.heap import freeze_imported
from tests.needs import need

# CI runs the same examples each time; on a desk each run tries others.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

ROOT = Path(__file__).resolve().parent.parent


# A worker that begins a long file last works on alone.
LONG_FIRST = (
    "e2e",
    "servers",
    "connectors",
    "packaging",
    "thirdparty",
    "release",
    "plugins",
    "core",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders whose files take longest."""
    rank = {name: number for number, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(ROOT).parts[1], len(rank)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect without the garbage collector: nothing of it is garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        freeze_imported()


@pytest.fixture(scope="module", autouse=True)
def _frozen_heap() -> None:
    """Keep the garbage collector off what the tests before have imported."""
    freeze_imported()


@pytest.fixture(scope="session", autouse=True)
def _quick_parts() -> None:
    """Have what tests open and train in their own process cost little."""
    from tests.e2e import trainings
    from tests.servers import quick_stores

    quick_stores.install()
    trainings.install()


@pytest.fixture(autouse=True)
def _one_torch_thread() -> None:
    """Bound torch where a test has brought it in; never import it on a test's behalf."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Callable[[str], Path]:
    """Give the folder of a real labelled data set by its name ("sms_spam")."""

    def find(name: str) -> Path:
        base = os.environ.get("SFTSEC_TEST_DATA")
        folder = Path(base) / name if base else None
        present = folder if folder is not None and folder.is_dir() else None
        return need(
            present, f"set SFTSEC_TEST_DATA to a folder that holds {name}/train.jsonl.gz and so on"
        )

    return find
