"""The command line: one noun a folder, one verb a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from sftsec_core import __version__
from sftsec_core.cli.lazy import LazyGroup
from sftsec_core.cli.options import CONFIG_VARIABLE, App

COMMANDS = {
    "init": "sftsec_core.cli.init",
    "demo": "sftsec_core.cli.demo",
    "config": "sftsec_core.cli.config",
    "connector": "sftsec_core.cli.connector",
    "labels": "sftsec_core.cli.labels",
    "quarantine": "sftsec_core.cli.quarantine",
    "dataset": "sftsec_core.cli.dataset",
    "retrain": "sftsec_core.cli.retrain",
    "adapt": "sftsec_core.cli.adapt",
    "score": "sftsec_core.cli.score",
    "predict": "sftsec_core.cli.predict",
    "serve": "sftsec_core.cli.serve",
    "report": "sftsec_core.cli.report",
    "schedule": "sftsec_core.cli.schedule",
    "run": "sftsec_core.cli.run",
    "worker": "sftsec_core.cli.worker",
    "status": "sftsec_core.cli.status",
    "doctor": "sftsec_core.cli.doctor",
    "model": "sftsec_core.cli.model",
    "gpu": "sftsec_core.cli.gpu",
    "package": "sftsec_core.cli.package",
    "plugins": "sftsec_core.cli.plugins",
    "privacy": "sftsec_core.cli.privacy",
    "bench": "sftsec_core.cli.bench",
    "drift": "sftsec_core.cli.drift",
    "audit": "sftsec_core.cli.audit",
    "evidence": "sftsec_core.cli.evidence",
    "forget": "sftsec_core.cli.forget",
    "gc": "sftsec_core.cli.gc",
    "store": "sftsec_core.cli.store",
    "token": "sftsec_core.cli.token",
    "completion": "sftsec_core.cli.completion",
}

EPILOG = """\
\b
Examples:
  sftsec demo                        the whole loop on a generated stream
  sftsec init && sftsec config check
  sftsec retrain phishing            pull, train, evaluate, gate, promote
  sftsec score phishing              write detections back
  sftsec model rollback phishing

\b
Exit codes:
  0 done            1 unexpected error    2 wrong usage or unknown name
  3 configuration   4 plugin              5 connector
  6 data            7 training            8 rejected by the gate
  9 integrity      10 store              11 not permitted
 12 doctor found a fault               130 interrupted
"""


def _extend(root: click.Group) -> None:
    """Let the configured plugins add commands; a broken configuration must not hide --help."""
    from sftsec_core.cli.extend import add_plugin_commands

    add_plugin_commands(root, click.get_current_context(silent=True))


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    extend=_extend,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sftsec")
@click.option(
    "-c",
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar=CONFIG_VARIABLE,
    is_eager=True,  # --help is too, and lists the commands of this configuration's plugins
    help="Configuration file; default: sftsec.yaml here or in a folder above.",
)
@click.option("--debug", is_flag=True, envvar="SFTSEC_DEBUG", help="Show traces and details.")
@click.option("-q", "--quiet", is_flag=True, help="Only print results and errors.")
@click.pass_context
def cli(ctx: click.Context, config: Path | None, debug: bool, quiet: bool) -> None:
    """Fine-tune detection models on your analysts' verdicts."""
    import logging

    from sftsec_core.cli.terminal import configure_logging

    configure_logging(logging.DEBUG if debug else logging.ERROR if quiet else logging.WARNING)
    ctx.obj = App(config=config, debug=debug, quiet=quiet)


def main() -> None:
    """Run the command line; turn our own errors into one line and an exit code."""
    from sftsec_core.cli.terminal import echo, echo_click_error
    from sftsec_core.operations.gc_tuning import raise_gc_thresholds

    raise_gc_thresholds()
    # Threads that spin while they wait lose the cores to their neighbours: on a machine that
    # does something else too, training took ten times as long. Read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        sys.exit(cli.main(prog_name="sftsec", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        echo("interrupted; run the same command again to resume", err=True)
        sys.exit(130)
    except click.ClickException as error:
        echo_click_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader went away (`| head`): keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last resort: no trace for a user
        # Here: the classes bring pydantic along, for which --help need not wait.
        from sftsec_core.api.errors import DiskFullError, SftsecError

        ours = error if isinstance(error, SftsecError) else DiskFullError.of(error)
        _complain(ours or error)
        sys.exit(ours.exit_code if ours else 1)


def _complain(error: Exception) -> None:
    from sftsec_core.cli.terminal import echo, echo_trace

    if "--debug" in sys.argv or os.environ.get("SFTSEC_DEBUG"):
        echo_trace(error)
        return
    kind = "" if _is_ours(error) else f"{type(error).__name__}: "
    text = " ".join(str(error).split())
    hint = "" if kind == "" else " (--debug shows the trace)"
    echo(f"sftsec: {kind}{text}{hint}", err=True)


def _is_ours(error: Exception) -> bool:
    from sftsec_core.api.errors import SftsecError

    return isinstance(error, SftsecError)
