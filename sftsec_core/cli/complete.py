"""Names of tasks, connectors, models and runs for a shell's completion.

Called at every press of a key: it reads sftsec.yaml and, for models and runs, the SQLite file as
it is, without plugins, migrations or SQLAlchemy. What cannot be read completes nothing.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.cli.options import CONFIG_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import click

_MOST = 50
_MODELS = (
    "select task || '@' || alias from aliases union all "
    "select substr(digest, 1, 12) from (select digest from models order by created_at desc)"
)
_SCHEDULES = "select name from schedules where settings is not null order by name"
_GPU_LEASES = "select distinct id from gpu_leases where ended_at is null"
_RUNS = "select id from runs order by started_at desc"
_OPEN_RUNS = (
    "select id from runs where status in ('queued', 'running', 'interrupted') order by id desc"
)
_WORKERS = "select name from workers where stopped_at is null order by started_at desc"


def complete_task(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Names of tasks that begin so."""
    return _beginning(_named(ctx, "tasks"), begun)


def complete_connector(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Names of connectors that begin so."""
    return _beginning(_named(ctx, "connectors"), begun)


def complete_model(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Models by task@alias and by the beginnings of digests."""
    return _beginning(_stored(ctx, _MODELS), begun)


def complete_run(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Ids of runs, the newest ones first."""
    return _beginning(_stored(ctx, _RUNS), begun)


def complete_schedule(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Names of schedules: of sftsec.yaml where it has some, else of the store."""
    return _beginning(_named(ctx, "schedules") or _stored(ctx, _SCHEDULES), begun)


def complete_gpu_lease(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Ids of open leases of GPUs."""
    return _beginning(_stored(ctx, _GPU_LEASES), begun)


def complete_open_run(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Ids of runs that have not ended, the newest ones first."""
    return _beginning(_stored(ctx, _OPEN_RUNS), begun)


def complete_worker(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Names of workers that have not ended."""
    return _beginning(_stored(ctx, _WORKERS), begun)


def complete_task_or_run(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
    """Names of tasks, then ids of runs."""
    return [*complete_task(ctx, param, begun), *complete_run(ctx, param, begun)]


def _beginning(names: Sequence[str], begun: str) -> list[str]:
    return [name for name in names if name.startswith(begun)][:_MOST]


def _named(ctx: click.Context, kind: str) -> list[str]:
    found = _config(ctx)[1].get(kind)
    return [str(name) for name in found] if isinstance(found, dict) else []


def _config(ctx: click.Context) -> tuple[Path, dict[str, Any]]:
    """The configuration's file and what it says; empty where there is none that can be read."""
    chosen = ctx.find_root().params.get("config") or os.environ.get(CONFIG_VARIABLE)
    for file in [Path(chosen)] if chosen else _candidates():
        try:
            found = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - both are safe loaders
        except FileNotFoundError:
            continue
        except (OSError, ValueError, yaml.YAMLError):
            break
        return file, found if isinstance(found, dict) else {}
    return Path(), {}


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _candidates() -> Iterator[Path]:
    here = Path.cwd()
    return (folder / "sftsec.yaml" for folder in (here, *here.parents))


def _stored(ctx: click.Context, query: str) -> list[str]:
    file, found = _config(ctx)
    state = found.get("state") or {}
    if not found or not isinstance(state, dict) or state.get("url"):
        return []  # another database is not asked at every key
    database = file.resolve().parent / str(state.get("folder") or ".sftsec") / "sftsec.db"
    try:
        # Read only: completing a word must not make a file.
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            return [str(name) for (name,) in connection.execute(query)]
    except sqlite3.Error:
        return []
