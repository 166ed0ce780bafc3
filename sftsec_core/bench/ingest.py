"""How fast incidents are pulled, cleaned, redacted, deduplicated and written, and pulled again.

`python -m sftsec_core.bench.ingest --rows 100000`. The pipeline is the real one, in a process of
its own so that its peak memory is its own. Then a hundredth of new incidents is appended to the
file, and it is ingested again: with the parts that the first ingest left, and without. The
baseline, in another process, does only what cannot be left out: parse, nine patterns, MinHash.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sftsec_core.api.contracts import StepSpec
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.bench.corpus import write_corpus
from sftsec_core.bench.memory import peak_rss_mb
from sftsec_core.dataset.normalise import NORMALISE

if TYPE_CHECKING:
    from sftsec_core.api.contracts import PullsParts
    from sftsec_core.dataset.plan import IngestPlan
    from sftsec_core.dataset.snapshot import Snapshot

_CORPUS = "incidents.jsonl"
_FIELD = "message"
_BATCH = 2000
_BASELINE_ROWS = 200_000
_NEW = 100  # one incident in so many is new at the second ingest
_PATTERNS = tuple(
    map(
        re.compile,
        (
            r"[\w.+-]+@[\w-]+\.[\w.-]+",
            r"\b(?:\d[ -]?){13,19}\b",
            r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}\b",
            r"\+\d[\d ()-]{7,}",
            r"\b\d{3}-\d{2}-\d{4}\b",
            r"\bAKIA[A-Z0-9]{16}\b",
            r"\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*",
            r"(?i)(?:password|token|secret)=(\S+)",
            r"(?:/home/|C:\\Users\\)([^/\\\s]+)",
        ),
    )
)


def run_ingest_bench(rows: int, folder: Path) -> dict[str, Any]:
    """Generate a file and ingest it.

    Args:
        rows: lines of the file; a tenth of them are near-duplicates.
        folder: for the file and the snapshot; what is left there is removed again.

    Returns:
        rows, seconds, cpu_seconds, rows_per_s, pulled, peak_rss_mb, kept, exact_duplicates,
        near_duplicates, planted, recall, redactions, digest, baseline_rows_per_s, and ratio:
        the baseline's CPU time by ours, a row, which a busy machine disturbs little; second: the
        figures of the second ingest, with the CPU time of it and of its pull as parts of the
        first one's, and whether its digest is that of a rebuild.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="bench-ingest-", dir=folder))
    try:
        new = scratch / "new"
        planted = write_corpus(scratch / _CORPUS, rows, more=(rows // _NEW, new))
        result = _in_child("pipeline", scratch)
        with (scratch / _CORPUS).open("ab") as stream:
            stream.write(new.read_bytes())
        second = _in_child("pipeline", scratch)
        shutil.rmtree(scratch / "parts")
        rebuilt = _in_child("pipeline", scratch)
        baseline = _in_child("baseline", scratch)
    finally:
        shutil.rmtree(scratch)
    found = result["near_duplicates"] + result["exact_duplicates"]
    return {
        "rows": rows,
        **result,
        "rows_per_s": round(rows / result["seconds"]),
        "planted": planted,
        "recall": round(found / planted, 4) if planted else None,
        "baseline_rows_per_s": round(baseline["rows"] / baseline["seconds"]),
        "ratio": round(
            baseline["cpu_seconds"] / baseline["rows"] * rows / result["cpu_seconds"], 3
        ),
        "second": compared(result, second, rebuilt),
    }


def compared(
    first: dict[str, Any], second: dict[str, Any], rebuilt: dict[str, Any]
) -> dict[str, Any]:
    """The second ingest beside the first one, and beside one that takes nothing over.

    Returns:
        The figures of the second, its CPU times as parts of the first one's, and whether its
        snapshot is that of a rebuild.
    """
    names = ("cpu_seconds", "pull_cpu_seconds")
    return {
        **second,
        **{f"{name}_part": round(second[name] / first[name], 4) for name in names},
        "as_rebuilt": second["digest"] == rebuilt["digest"],
    }


def _in_child(what: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "sftsec_core.bench.ingest", f"--{what}", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


class _NormaliseOnly:
    """The one step that the core registers, without its engines, whose memory is not measured."""

    @hookimpl
    def sftsec_register_steps(self) -> Sequence[StepSpec[Any]]:
        return [NORMALISE]


def _connector(folder: Path) -> PullsParts:
    """The connector on the file."""
    from sftsec_core.api.contracts import ConnectorContext, ConnectorSpec
    from sftsec_core.plugins import Plugins

    kind = Plugins(("files",)).specs(ConnectorSpec)["files"]
    connector = kind.create(
        kind.configure({"paths": [folder / _CORPUS]}), ConnectorContext("bench", bytes(32), folder)
    )
    return cast("PullsParts", connector)


def ingest_plan(field: str) -> IngestPlan:
    """What a task that reads one field of text does with its incidents: redaction, by default."""
    from sftsec_core.api.contracts import StepContext
    from sftsec_core.api.domain import TaskSpec
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.dataset.features import field_kinds, renderer
    from sftsec_core.dataset.plan import IngestPlan
    from sftsec_core.dataset.steps import build_steps
    from sftsec_core.plugins import Plugins

    plugins = Plugins(("pii",))
    plugins.add(_NormaliseOnly())
    labels = {"malicious": ("malicious",), "benign": ("benign",)}
    task = TaskSettings(connector="bench", text=(field,), labels=labels, benign="benign")
    spec = TaskSpec("bench", task.inputs, ("benign", "malicious"), "benign")
    steps = build_steps(task, plugins, StepContext(task.text, bytes(32)))
    render = renderer(spec, task.render, plugins)
    return IngestPlan(field_kinds(spec), None, steps, task.dedupe, render)


def measured_ingest(connector: PullsParts, field: str, folder: Path) -> dict[str, Any]:
    """Ingest what a connector brings, with what an earlier call has left in the folder.

    Args:
        connector: gives the incidents, labelled or not, by parts.
        field: the text that is read of them.
        folder: for the parts and the snapshots.

    Returns:
        seconds, cpu_seconds, pull_cpu_seconds (pull, redaction and hashes), peak_rss_mb, pulled
        (incidents that were not taken over), kept, exact_duplicates, near_duplicates, redactions
        and digest (of the snapshot).
    """
    import pyarrow as pa

    from sftsec_core.api.domain import PullWindow
    from sftsec_core.dataset.ingest import Earlier, Heard, ingest
    from sftsec_core.dataset.journal import PartStore
    from sftsec_core.dataset.sources import SourceParts

    plan = ingest_plan(field)
    pa.array([""])  # PyArrow imports pandas for it, once a process
    begin, cpu = time.perf_counter(), time.process_time()
    pulled, read = list[float](), list[int]()
    snapshot = ingest(
        [SourceParts("", None, connector.parts(PullWindow(fields=(field,))))],
        plan,
        folder=folder / "work",
        snapshots=folder / "snapshots",
        heard=Heard(
            page=lambda page: read.append(page.read),
            pulled=lambda: pulled.append(time.process_time() - cpu),
        ),
        earlier=Earlier(PartStore(folder / "parts"), _newest(folder / "snapshots")),
    )
    seconds, used = time.perf_counter() - begin, time.process_time() - cpu
    counts = snapshot.counts
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used, 2),
        "pull_cpu_seconds": round(pulled[0], 2),
        "peak_rss_mb": round(peak_rss_mb()),
        "pulled": sum(read),
        "kept": counts["kept"],
        "exact_duplicates": counts["exact_duplicates"],
        "near_duplicates": counts["near_duplicates"],
        "redactions": sum(snapshot.manifest["step_counts"]["redact"].values()),
        "digest": snapshot.digest,
    }


def _newest(snapshots: Path) -> Snapshot | None:
    """The snapshot that was made last; None where there is none."""
    from sftsec_core.dataset.snapshot import open_snapshot

    found = sorted(snapshots.glob("*/manifest.json"), key=lambda path: path.stat().st_mtime)
    return open_snapshot(found[-1].parent, verify=False) if found else None


def _baseline(folder: Path) -> dict[str, Any]:
    import orjson
    import rensa

    begin, cpu = time.perf_counter(), time.process_time()
    rows = 0
    with (folder / _CORPUS).open("rb") as stream:
        while rows < _BASELINE_ROWS and (lines := stream.readlines(500 * _BATCH)):
            texts = [orjson.loads(line)[_FIELD] for line in lines]
            for pattern in _PATTERNS:
                texts = [pattern.sub("<X>", text) for text in texts]
            shingles = [[text[i : i + 5] for i in range(len(text) - 4)] for text in texts]
            rensa.RMinHash.digest_matrix_from_token_sets(shingles, 128, 42)
            rows += len(lines)
    seconds, used = time.perf_counter() - begin, time.process_time() - cpu
    return {"rows": rows, "seconds": seconds, "cpu_seconds": used}


def main() -> None:
    """Run the benchmark, or as its child one half of it, and print a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--pipeline", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--baseline", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.pipeline:
        result = measured_ingest(_connector(given.pipeline), _FIELD, given.pipeline)
    elif given.baseline:
        result = _baseline(given.baseline)
    else:
        result = run_ingest_bench(given.rows, given.folder)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
