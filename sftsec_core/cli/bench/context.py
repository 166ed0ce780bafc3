"""`sftsec bench context`: the speed and the memory of figures of earlier events."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("context", short_help="Measure figures of earlier events beside pandas.")
@click.option(
    "--events",
    default=50_000,
    show_default=True,
    type=click.IntRange(100),
    help="Synthetic alerts.",
)
@click.option(
    "--hosts",
    default=1_000,
    show_default=True,
    type=click.IntRange(1),
    help="Hosts that they are drawn from; as many as the events make two keys an event.",
)
@json_option
@pass_app
def command(_app: App, events: int, hosts: int, as_json: bool) -> None:
    """Measure what `context` of a task costs, with its default figures.

    \b
    What is printed, and the keys of --json:
      keys                 how many the state knows at the end
      inputs               figures of an event
      events_per_s         added, with all their figures, a second of one core
      figures_per_s        of these
      state_bytes_per_key  as the store keeps it
      peak_rss_mb          of this process
      peer                 pandas' rolling count of one key and window, where pandas is installed

    \b
    Examples:
      sftsec bench context
      sftsec bench context --events 550000 --hosts 100000000   # a million keys, a minute
    """
    from sftsec_core.bench.context import run_context_bench

    result = run_context_bench(events, hosts)
    peer = result["peer"]
    shown = {
        **result,
        "peer": f"{peer['name']}: {peer['figures_per_s']} figures_per_s" if peer else "-",
    }
    emit(result, as_json=as_json, show=facts(shown))
