"""How fast `| sftsecscore` is beside `sftsec score` on the same events; run it as a program.

    python -m tests.packaging.splunk.rate --events 20000

The search command runs under Splunk's Pythons, speaks to a live `sftsec serve` in a process of its
own over TLS, and is timed from its start to its last byte, less what the stand-in for the search
head needs to write and read CSV. `sftsec score` is timed less what it needs when there is nothing
to score.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from sftsec_core.api.domain import Incident
from sftsec_core.packages.splunk import build_app
from sftsec_core.testing.incidents import make_incidents
from tests.core.server.site import TASK, TOKEN, Site
from tests.packaging.splunk.bench import Bench, install
from tests.packaging.splunk.scored import closed_port
from tests.servers.engines.certificates import make_certificates
from tests.servers.splunkd.chunked import Record, from_csv, to_csv
from tests.servers.splunkd.pythons import SPLUNK_PYTHONS
from tests.servers.splunkd.server import start_splunkd

_FRAME = 10_000  # rows that Splunk gives a command at once, about
_SFTSEC = (sys.executable, "-c", "from sftsec_core.cli import main; main()")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=0, help="default: the app's own")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sftsec-rate-") as folder:
        print(json.dumps(measure(Path(folder), asked.events, asked.rounds, asked.batch), indent=2))


def measure(folder: Path, events: int, rounds: int, batch: int) -> dict[str, object]:
    """Rates in events a second, the medians of the rounds, and their ratios."""
    incidents = list(make_incidents(events, seed=5, labelled=0.0))
    site, certificates = _site(folder, incidents), folder / "tls"
    make_certificates(certificates)
    found: dict[str, list[float]] = {"score": [], **{each: [] for each in SPLUNK_PYTHONS}}
    with start_splunkd() as splunk, _served(site, certificates) as url:
        app = build_app().unpack(folder / "apps")
        install(splunk, app)
        bench = Bench.make(splunk, app, folder / "splunk")
        more = {"batch": str(batch)} if batch else {}
        bench.set_service(url, certificates / "ca.pem", TOKEN, **more)
        for _ in range(rounds):
            found["score"].append(events / _score(site))
            for version in SPLUNK_PYTHONS:
                bench.version = version
                found[version].append(events / _command(bench, incidents))
    rates = {name: round(statistics.median(each)) for name, each in found.items()}
    ratios = {each: round(rates[each] / rates["score"], 2) for each in SPLUNK_PYTHONS}
    return {"events": events, "rounds": rounds, "per_s": rates, "ratio": ratios}


def _site(folder: Path, incidents: Sequence[Incident]) -> Site:
    home = folder / "site"
    home.mkdir()
    site = Site.make(home)
    site.write(incidents)
    site.promote(site.register())
    return site


@contextmanager
def _served(site: Site, certificates: Path) -> Iterator[str]:
    """`sftsec serve` as an admin starts it."""
    port = closed_port()
    pem = ("--certificate", str(certificates / "node.pem"), "--key", str(certificates / "node.key"))
    command = [*_SFTSEC, "-q", "-c", str(site.context.file), "serve", "--port", str(port), *pem]
    url = f"https://127.0.0.1:{port}"
    with subprocess.Popen(command, env=_quiet()) as process:
        try:
            _wait(f"{url}/readyz", certificates / "ca.pem")
            yield url
        finally:
            process.terminate()


def _wait(url: str, ca_file: Path) -> None:
    tls = ssl.create_default_context(cafile=ca_file)
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(url, context=tls, timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _score(site: Site) -> float:
    """Seconds of `sftsec score` on all events, less its start."""
    seconds = []
    for kept in (False, True):  # the second time there is nothing new
        if not kept:
            (site.folder / "detections.jsonl").unlink(missing_ok=True)
        option = [] if kept else ["--rescan"]
        begin = time.perf_counter()
        command = [*_SFTSEC, "-c", str(site.context.file), "score", TASK, "--json", *option]
        subprocess.run(command, check=True, capture_output=True, env=_quiet())
        seconds.append(time.perf_counter() - begin)
    return seconds[0] - seconds[1]


def _command(bench: Bench, incidents: Sequence[Incident]) -> float:
    """Seconds of the search command on all events."""
    rows: list[Record] = [
        {**{name: str(value) for name, value in each.fields.items()}, "_raw": "x" * 300}
        for each in incidents
    ]
    frames = [rows[start : start + _FRAME] for start in range(0, len(rows), _FRAME)]
    begin = time.perf_counter()
    fields = "fields=email.subject,message"
    run = bench.run("sftsecscore", frames, f"task={TASK}", fields)
    seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    for frame in frames:  # the search head's part, which is Python only here
        from_csv(to_csv(frame))
    seconds -= time.perf_counter() - begin
    scored = sum(bool(each["sftsec_label"]) for each in run.records)
    if scored != len(rows):
        raise SystemExit(f"{len(rows) - scored} rows went on without a score: {run.messages}")
    return seconds


def _quiet() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1"}


if __name__ == "__main__":
    assert shutil.which("openssl"), "install OpenSSL's command line"
    main()
