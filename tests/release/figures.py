"""The table of speeds in BENCHMARKS.md, made of what `sftsec bench` printed: `make figures`.

python -m tests.release.figures [NAME...]

The results are kept in BENCHMARKS.json, with those of small runs, which are not on the page:
`halved` compares the small run of a test with them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEPT, PAGE = ROOT / "BENCHMARKS.json", ROOT / "BENCHMARKS.md"
MEASUREMENTS: Mapping[str, tuple[str, ...]] = {
    "score": ("score", "--rows", "2000"),
    "score, a stream": ("score", "--rows", "20000", "--stream"),
    "train": ("train", "--shape", "minilm", "--rows", "800"),
    "serve": (
        *("serve", "--clients", "1,8,64", "--events", "1,10,100"),
        *("--seconds", "6", "--wait", "200"),
    ),
    "ingest": ("ingest", "--rows", "100000"),
    "store": ("store", "--rows", "10000", "--rows", "100000"),
    "start": ("start",),
}
SMALL = "small "
# Ours, and what a user would pick instead.
_PAIRS = {
    "score": (
        ("sftsec full", "transformers pipeline"),
        ("sftsec full, int8", "transformers pipeline"),
    ),
    "train": (
        ("sftsec full", "transformers.Trainer, tuned"),
        ("sftsec full, fp32", "transformers.Trainer, tuned"),
    ),
}
_LEAST = 0.5  # of what a ratio was
_LEAST_CPU_S = 0.02  # less is measured too coarsely
Row = tuple[str, ...]


def ratios(bench: str, result: Mapping[str, Any]) -> dict[str, float]:
    """Ours over its peer by processor time, which other work on the machine hardly moves."""
    speeds = {
        side["side"]: side.get("rows", result["rows"]) / side["cpu_s"]
        for side in result["sides"]
        if side["cpu_s"] >= _LEAST_CPU_S
    }
    return {
        f"{ours} / {peer}": round(speeds[ours] / speeds[peer], 2)
        for ours, peer in _PAIRS[bench]
        if ours in speeds and peer in speeds
    }


def halved(bench: str, result: Mapping[str, Any], kept: Path = KEPT) -> list[str]:
    """Which ratios of a small run are less than half of those that are kept, a line each."""
    known = json.loads(kept.read_text(encoding="utf-8"))[SMALL + bench]["result"]
    before, now = ratios(bench, known), ratios(bench, result)
    return [
        f"{name}: {now[name]:g}, and it was {was:g}"
        for name, was in before.items()
        if name in now and now[name] < _LEAST * was
    ]


def measure(names: Sequence[str], kept: Path = KEPT) -> None:
    """Measure one thing after another and keep what was found.

    Raises:
        CalledProcessError: when a command fails; what was measured before it is kept.
    """
    found = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for name in names:
        print(name, file=sys.stderr)
        result = small_run(name.removeprefix(SMALL)) if name.startswith(SMALL) else _command(name)
        on = datetime.now(UTC).date().isoformat()
        found[name] = {"on": on, "machine": _machine(), "result": result}
        kept.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def small_run(bench: str) -> dict[str, Any]:
    """A run of a few rows on one thread: threads that wait for each other burn processor time."""
    import torch

    from sftsec_core.bench.score import run_score_bench
    from sftsec_core.bench.train import run_train_bench

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        if bench == "score":
            return run_score_bench(48)
        return run_train_bench("urls", "minilm", 16, None, defaults=False, warm_rows=4)
    finally:
        torch.set_num_threads(threads)


def _command(name: str) -> dict[str, Any]:
    program = str(Path(sys.executable).with_name("sftsec"))
    command = [program, "bench", *MEASUREMENTS[name], "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def render(kept: Mapping[str, Any]) -> str:
    """The page, of what `measure` kept."""
    parts = [
        "# Speeds, beside what one would use instead\n",
        "Made by `make figures` of the output of the commands that are named; a ratio is of the "
        "same run, in turns.\n",
    ]
    for name, words in MEASUREMENTS.items():
        if name in kept:
            one = kept[name]
            parts.append(f"## `sftsec bench {' '.join(words)}`\n")
            parts.append(f"{one['machine']}, {one['on']}.\n")
            rows = list(_TABLES[words[0]](one["result"]))
            parts.append("\n".join(_table(rows)) + "\n")
    return "\n".join(parts)


def _machine() -> str:
    model = "processor not known"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{len(os.sched_getaffinity(0))} cores of {model}"


def _sides(result: Mapping[str, Any]) -> Iterator[Row]:
    yield ("side", "rows a second", "ratio")
    for side in result["sides"]:
        ratio = side["ratio"]
        yield (side["side"], f"{side['rows_per_s']:,.0f}", "" if ratio is None else f"{ratio:g}")


def _serve(result: Mapping[str, Any]) -> Iterator[Row]:
    yield ("clients", "events a request", "ours over bare", "least", "most")
    for each in result["ratios"]:
        figures = (each["throughput"], each["least"], each["most"])
        yield (
            str(each["clients"]),
            str(each["events"]),
            *("" if f is None else f"{f:g}" for f in figures),
        )
    failed, swaps = result["swap"]["failed"], result["swap"]["swaps"]
    yield (f"{swaps} swaps under load", "", f"{failed} failed", "", "")


def _ingest(result: Mapping[str, Any]) -> Iterator[Row]:
    second = result["second"]
    yield ("what", "seconds of the processor", "of the first")
    yield ("first build", f"{result['cpu_seconds']:g}", "")
    yield (
        "with a hundredth new",
        f"{second['cpu_seconds']:g}",
        f"{second['cpu_seconds_part']:.1%}",
    )
    pulled = second["pull_cpu_seconds"], second["pull_cpu_seconds_part"]
    yield ("of it pull, redaction, hashes", f"{pulled[0]:g}", f"{pulled[1]:.1%}")


def _store(result: Mapping[str, Any]) -> Iterator[Row]:
    sizes = result["sizes"]
    yield ("step", *(f"{each['rows']:,} rows, s" for each in sizes), "growth")
    for name in sizes[-1]["steps"]:
        spent = (f"{each['steps'][name]['cpu_seconds']:.3g}" for each in sizes)
        yield (name, *spent, f"{result['growth'].get(name, 0):g}")
    for name in sizes[-1]["commands"]:
        yield (name, *(f"{each['commands'][name]['cpu_seconds']:.3g}" for each in sizes), "")


def _start(result: Mapping[str, Any]) -> Iterator[Row]:
    yield ("command", "seconds", "at most")
    for each in result["commands"]:
        most = each["target_s"]
        yield (each["command"], f"{each['seconds']:g}", "" if most is None else f"{most:g}")


_TABLES = {
    "score": _sides,
    "train": _sides,
    "serve": _serve,
    "ingest": _ingest,
    "store": _store,
    "start": _start,
}


def _table(rows: Sequence[Row]) -> Iterator[str]:
    head, *body = rows
    yield "| " + " | ".join(head) + " |"
    yield "|---" + "|---:" * (len(head) - 1) + "|"
    for row in body:
        yield "| " + " | ".join(row) + " |"


def main(names: Sequence[str]) -> None:
    """Measure what is named, or everything, and write the page."""
    measure(names or [*MEASUREMENTS, *(SMALL + bench for bench in _PAIRS)])
    PAGE.write_text(render(json.loads(KEPT.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
