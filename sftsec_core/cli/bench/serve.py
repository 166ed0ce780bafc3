"""`sftsec bench serve`: throughput and latency of the service, beside a bare FastAPI handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = (
    "side", "clients", "events", "requests_per_s", "events_per_s", "p50_ms", "p99_ms", "refused",
    "failed", "unanswered", "healthz_p99_ms", "events_per_cpu_s",
)  # fmt: skip


class _Numbers(click.ParamType[tuple[int, ...]]):
    """Positive whole numbers with commas between them."""

    name = "n,n,..."

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read them."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(part.strip().isdecimal() and 0 < int(part) <= 10_000 for part in parts):
            self.fail(f"{value!r}: write numbers from 1 to 10,000 as 1,8,64", param, ctx)
        return tuple(dict.fromkeys(int(part) for part in parts))


@click.command("serve", short_help="Measure the service under load, beside a bare FastAPI handler.")
@click.option("--clients", default="1,8,64", show_default=True, type=_Numbers(), help="At once.")
@click.option(
    "--events", default="1,10,100", show_default=True, type=_Numbers(), help="Of a request."
)
@click.option(
    "--seconds",
    default=3.0,
    show_default=True,
    type=click.FloatRange(0.2, 600),
    help="Of each side's measurement.",
)
@click.option(
    "--wait",
    default=120.0,
    show_default=True,
    type=click.FloatRange(0.0, 3600),
    help="Seconds that the last requests are waited for.",
)
@json_option
@pass_app
def command(
    app: App,
    /,
    clients: tuple[int, ...],
    events: tuple[int, ...],
    seconds: float,
    wait: float,
    as_json: bool,
) -> None:
    """Load `sftsec serve` and a bare FastAPI handler around a transformers pipeline.

    Both serve the packaged encoder with a head of random weights, as `full` saves it, on this
    machine. Ours redacts the events; the other one does not. They are loaded in turns, in slices
    of a quarter of the time; a slice ends with its last answer, and where one takes longer than
    --seconds it is the whole measurement. Then ours serves while its live model is promoted and
    rolled back. Needs the extras `serve` and `train`.

    \b
    What is printed, and the keys of --json:
      events_per_s, p50_ms, p99_ms   of the requests that were answered with 200
      refused                        answered with 429 or 503
      failed                         answered with another status, or not at all
      unanswered                     no answer within --wait
      healthz_p99_ms                 of GET /healthz meanwhile, over a new connection each time
      events_per_cpu_s               of the server's CPU time, whatever else this machine computes
      ratios                         throughput and per_cpu_s: ours divided by the other's;
                                     least and most: throughput of a pair of slices
      swap                           figures while the live model changes
      rss_mb                         of each server's process, in MiB

    \b
    Examples:
      sftsec bench serve
      sftsec bench serve --clients 8,64 --events 10 --seconds 10 --json
    """
    result = _run(app, clients, events, seconds, wait)

    def show(out: Console) -> None:
        cells = [[row[column] for column in _COLUMNS] for row in result["sides"]]
        table("serve", _COLUMNS, cells)(out)
        rows = [list(row.values()) for row in result["ratios"]]
        table("ratios", tuple(result["ratios"][0]), rows)(out)
        rest = ("seconds", "cpus", "swap", "rss_mb")
        facts({name: result[name] for name in rest})(out)

    emit(result, as_json=as_json, show=show)


def _run(
    app: App, clients: tuple[int, ...], events: tuple[int, ...], seconds: float, wait: float
) -> dict[str, Any]:
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.bench.serve import run_serve_bench

    try:
        import fastapi  # noqa: F401 - the servers import it in processes of their own
        import transformers  # noqa: F401 - as above
        import uvicorn  # noqa: F401 - as above
    except ImportError as error:
        raise ConfigError(
            f"`sftsec bench serve` needs {error.name}: pip install 'sftsec[serve,train]'"
        ) from error

    def say(callers: int, count: int) -> None:
        app.say(f"measured {callers} clients with {count} events a request")

    return run_serve_bench(clients, events, seconds, wait, say)
