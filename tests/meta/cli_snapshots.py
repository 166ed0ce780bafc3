"""What the command line shows: the help of every command, a table of it, its commonest error.

python -m tests.meta.cli_snapshots       # writes tests/meta/snapshots; a test holds them

Each command has a file. The lines run in this process, in the order of `LINES`, on a small site
with a live model. What differs from run to run (times, digests, figures, places) is replaced by as
many zeros, so that tables keep their widths.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

import click

from sftsec_core.cli import cli, main
from sftsec_core.operations import authorize, identify
from tests.e2e.site import Site
from tests.meta.tree import ROOT

FOLDER = ROOT / "tests/meta/snapshots"
COLUMNS = "80"
# A command to lines of it; what comes later sees what those before have done.
LINES: Mapping[str, tuple[str, ...]] = {
    "config check": ("config check", "-c none.yaml config check"),
    "config schema": ("config schema --josn",),
    "init": ("init", "init --connector splnk --force"),
    "plugins list": ("plugins list", "plugins list x"),
    "plugins check": ("plugins check", "plugins check x"),
    "plugins new": ("plugins new 9",),
    "connector list": ("connector list", "connector list x"),
    "connector check": ("connector check", "connector check incident"),
    "connector setup": ("connector setup incidents", "connector setup incident"),
    "connector pull": ("connector pull triage --limit 1", "connector pull triag"),
    "dataset build": ("dataset build triag",),
    "dataset show": ("dataset show triage", "dataset show triage ffff"),
    "status": ("status", "-c none.yaml status"),
    "run list": ("run list", "run list --kind scor"),
    "run show": ("run show 20", "run show 19"),
    "run diff": ("run diff 20 19",),
    "run logs": ("run logs 20", "run logs 19"),
    "run cancel": ("run cancel 20", "run cancel 19"),
    "run retry": ("run retry 19",),
    "worker list": ("worker list", "worker list x"),
    "worker drain": ("worker drain", "worker drain none"),
    "worker run": ("worker run --slots 0",),
    "report": ("report triage", "report triag"),
    "adapt": ("adapt triag", "adapt triage --budget soon"),
    "model backtest": ("model backtest triag", "model backtest triage --gap soon"),
    "model optimize": ("model optimize triage", "model optimize triag"),
    "model list": ("model list triage", "model list triag"),
    "model show": ("model show triage@live", "model show triag@live"),
    "model verify": ("model verify", "model verify ffff"),
    "model sign": ("model sign triage@live",),
    "predict": ('predict triage "a text"', "predict triage"),
    "labels functions": ("labels functions triage", "labels functions triag"),
    "labels list": ("labels list --limit 2", "labels list --limit 0"),
    "labels stats": ("labels stats", "labels stats triag"),
    "labels review": ("labels review triage --limit 2", "labels review triag"),
    "labels add": ("labels add incidents x --verdict benign",),
    "labels request": ("labels request triage --limit 2", "labels request triag"),
    "privacy account": ("privacy account triage", "privacy account triag"),
    "quarantine list": ("quarantine list", "quarantine list --limit 0"),
    "score": ("score triage", "score triag"),
    "retrain": ("retrain triage", "retrain triag"),
    "forget": ("forget nobody --dry-run", "forget --user name"),
    "gc": ("gc", "gc --keep x"),
    "model promote": ("model promote triage@live", "model promote ffff"),
    "model rollback": ("model rollback triage", "model rollback triag"),
    "audit tail": ("audit tail -n 3", "audit tail -n 0"),
    "audit verify": ("audit verify", "audit verify --anchor incident"),
    "audit push": ("audit push incidents", "audit push incident"),
    "evidence": ("evidence triag", "evidence --verify sftsec.yaml"),
    "store encrypt": ("store encrypt",),
    "store rotate-key": ("store rotate-key",),
    "package deployment": ("package deployment --output sftsec.yaml",),
    "package elastic": ("package elastic --output sftsec.yaml",),
    "package opensearch": ("package opensearch --output sftsec.yaml",),
    "package soar": ("package soar --output sftsec.yaml",),
    "package splunk": ("package splunk --output sftsec.yaml",),
    "serve": ("serve --host 0.0.0.0", "serve --port 99999"),
    "doctor": ("doctor now",),
    "completion": ("completion tcsh",),
    "demo": ("demo --rows x",),
    "bench connector": ("bench connector incident",),
    "bench context": ("bench context --events 1",),
    "bench ingest": ("bench ingest --rows 0",),
    "bench privacy": ("bench privacy none",),
    "bench quality": ("bench quality none",),
    "bench ray": ("bench ray --rows 1",),
    "bench redaction": ("bench redaction --step redct",),
    "bench robustness": ("bench robustness none",),
    "bench train": ("bench train --kind x",),
    "bench serve": ("bench serve --clients x",),
    "bench drift": ("bench drift --sites none",),
    "bench explain": ("bench explain none",),
    "bench fairness": ("bench fairness none",),
    "bench federated": ("bench federated none",),
    "bench score": ("bench score --rows 1",),
    "bench cascade": ("bench cascade none",),
    "bench start": ("bench start --rounds 0",),
    "bench store": ("bench store --rows 1",),
    "bench kills": ("bench kills --kills 0",),
    "bench noise": ("bench noise none",),
    "bench poison": ("bench poison none",),
    "bench vision": ("bench vision --seeds 0",),
    "run add": ("run add score triage", "run add scor triage"),
    "drift check": ("drift check triag",),
    "drift show": ("drift show triage", "drift show triag"),
    "gpu leases": ("gpu leases", "gpu leases x"),
    "gpu list": ("gpu list --min-free x",),
    "gpu release": ("gpu release none --reason test",),
    "schedule add": (
        'schedule add nightly --run retrain --task triage --cron "0 2 * * *"',
        'schedule add other --run retrain --task triage --cron "0 25 * * *"',
    ),
    "schedule list": ("schedule list", "schedule list x"),
    "schedule show": ("schedule show nightly", "schedule show nightl"),
    "schedule due": ("schedule due", "schedule due --at never"),
    "schedule edit": ("schedule edit nightly --priority 5", "schedule edit nightly --priority x"),
    "schedule pause": ("schedule pause nightly", "schedule pause nightl"),
    "schedule resume": ("schedule resume nightly", "schedule resume nightl"),
    "schedule history": ("schedule history nightly", "schedule history nightl"),
    "schedule simulate": ("schedule simulate --days 0",),
    "schedule run": ("schedule run nightl",),
    "schedule remove": ("schedule remove nightly", "schedule remove nightly"),
    "store check": ("store check", "store check x"),
    "store backup": ("store backup sftsec.yaml",),
    "store migrate": ("store migrate", "store migrate x"),
    "store move": ("store move nowhere",),
    "store restore": ("store restore sftsec.yaml",),
    "store share": ("store share",),
    "token add": ("token add ann --role viewr",),
    "token list": ("token list", "token list x"),
    "token revoke": ("token revoke ann",),
}
# Zeros for what another run, or another machine, shows otherwise.
_VARYING = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<=/tmp/sftsec-)\w+",
        r"\b\d{8}T\d{6}-[0-9a-f]{8}\b",
        r"\b[0-9a-f]{12,64}\b",
        r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b(?= \d{4}-\d\d-\d\d)",
        r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?",
        r"(?<=\d)\.\d+|\b\d+(?=\.\d{2,})",
    )
)
_AMOUNT = re.compile(r"\b[\d.,]+( ?(?:s|ms|bytes|kB|MB))\b")
# Outside tables a length need not stay: versions, the platform of a card, figures.
_SHORT = (
    (re.compile(r"\b\d+\.\d+\.\d+(\+\w+)?(?=$|\s)"), "0.0.0"),
    (re.compile(r"(?<=\*platform\*\*: ).*"), "Linux"),
    (re.compile(r"\b\d+\.\d+\b(?![.\w])"), "0.0"),
)
_SALT = bytes(32)  # a site's secret, which orders what is asked


def commands() -> dict[str, click.Command]:
    """Every command and group by the words that call it, "" for sftsec itself."""
    found: dict[str, click.Command] = {"": cli}
    todo: list[tuple[str, click.Command]] = [("", cli)]
    while todo:
        path, group = todo.pop()
        if isinstance(group, click.Group):
            context = click.Context(group)
            for name in group.list_commands(context):
                child = group.get_command(context, name)
                assert child is not None
                whole = f"{path} {name}".strip()
                found[whole] = child
                todo.append((whole, child))
    return dict(sorted(found.items()))


def file_of(command: str) -> Path:
    """Where a command's snapshot lies."""
    return FOLDER / f"{'-'.join(['sftsec', *command.split()])}.txt"


def snapshots() -> dict[str, str]:
    """The text of every command's snapshot, made now."""
    texts: dict[str, list[str]] = {command: [] for command in commands()}
    with _site():
        for command, parts in texts.items():
            parts.append(_shown(f"{command} --help".strip()))
        for command, lines in LINES.items():
            texts[command] += map(_shown, lines)
    return {command: "\n".join(parts) for command, parts in texts.items()}


@contextlib.contextmanager
def _site() -> Iterator[None]:
    """A site with a live model as the working directory, of a path that is always as long."""
    fixed = {"COLUMNS": COLUMNS, "NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC"}
    with (
        tempfile.TemporaryDirectory(prefix="sftsec-", dir="/tmp") as folder,
        mock.patch.dict(os.environ, fixed),
        # Both hold the name, and the second one's module must not be imported under the patch.
        mock.patch.object(authorize, "current_user", return_value="ann"),
        mock.patch.object(identify, "current_user", return_value="ann"),
    ):
        for name in [name for name in os.environ if name.startswith("SFTSEC_")]:
            del os.environ[name]
        Site.make(Path(folder), rows=400, open_rows=60)
        state = Path(folder, ".sftsec")
        state.mkdir(mode=0o700)
        (state / "salt").write_bytes(_SALT)
        with contextlib.chdir(folder):
            _run("retrain triage")
            yield


def _shown(line: str) -> str:
    """A line as it is typed, what it prints, and its exit code where that is not 0."""
    printed, code = _run(line)
    end = f"[exit {code}]\n" if code else ""
    return f"$ sftsec {line}\n{_fixed(printed)}{end}"


def _run(line: str) -> tuple[str, int]:
    """Run a line through `main`, as the program does."""
    out = io.StringIO()
    code: object = 0
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
        mock.patch.object(sys, "argv", ["sftsec", *shlex.split(line)]),
    ):
        try:
            main()
        except SystemExit as error:
            code = error.code
    return out.getvalue(), code if isinstance(code, int) else int(code is not None)


def _fixed(text: str) -> str:
    for pattern in _VARYING:
        text = pattern.sub(lambda found: re.sub(r"\w", "0", found[0]), text)
    return "".join(f"{_short(line.rstrip())}\n" for line in text.splitlines())


def _short(line: str) -> str:
    if "│" in line:  # a shorter amount in a cell has a space more behind it
        return _AMOUNT.sub(lambda found: f"0{found[1]}".ljust(len(found[0])), line)
    for pattern, instead in _SHORT:
        line = pattern.sub(instead, line)
    return _AMOUNT.sub(r"0\1", line)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    made = {file_of(command): text for command, text in snapshots().items()}
    for stale in set(FOLDER.glob("*.txt")) - made.keys():
        stale.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
