"""Names of tasks, connectors, models, runs and the like for a shell's completion.

Called at every press of a key: it reads sftsec.yaml and, for what the store knows, the SQLite file
as it is, without plugins, migrations or SQLAlchemy. Only what plugins register (recipes, steps)
takes the enabled ones. What cannot be read completes nothing.
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
    from click.shell_completion import CompletionItem

_MOST = 50

_MODELS = (
    "select task || '@' || alias from aliases union all "
    "select substr(digest, 1, 12) from (select digest from models order by created_at desc)"
)

_SCHEDULES = "select name from schedules where settings is not null order by name"

_TOKENS = (
    "select distinct name from tokens where revoked_at is null union all "
    "select id from tokens where revoked_at is null"
)

_GPU_LEASES = "select distinct id from gpu_leases where ended_at is null"

_RUNS = "select id from runs order by started_at desc"

_SNAPSHOTS = (
    "select distinct substr(digest, 1, 12) from (select digest from snapshots "
    "where ?1 is null or task = ?1 order by created_at desc)"
)

_ACTIONS = "select distinct action from audit order by action"

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


def complete_token(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Owners and ids of tokens that are not revoked."""
    return _beginning(_stored(ctx, _TOKENS), begun)


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


def complete_snapshot(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Beginnings of the digests of snapshots, of the task that was named before."""
    return _beginning(_stored(ctx, _SNAPSHOTS, ctx.params.get("task")), begun)


def complete_action(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Actions that the audit log holds."""
    return _beginning(_stored(ctx, _ACTIONS), begun)


def complete_verdict(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Verdicts that the tasks have labels for."""
    tasks = read_config(ctx)[1].get("tasks")
    labels = [
        task.get("labels")
        for task in (tasks.values() if isinstance(tasks, dict) else ())
        if isinstance(task, dict)
    ]
    words = [
        str(word)
        for each in labels
        if isinstance(each, dict)
        for values in each.values()
        for word in (values if isinstance(values, list) else [values])
    ]
    return _beginning(list(dict.fromkeys(words)), begun)


def complete_source(
    ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """A path, or a connector of the configuration as `connector:NAME`."""
    from click.shell_completion import CompletionItem

    named = [f"connector:{name}" for name in _named(ctx, "connectors")]
    found = [CompletionItem(name) for name in _beginning(named, begun)]
    return found or [CompletionItem(begun, type="file")]


def complete_recipe(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Recipes that the enabled plugins register."""
    return _beginning(_registered("RecipeSpec", _enabled(ctx)), begun)


def complete_step(ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Steps that the enabled plugins register."""
    return _beginning(_registered("StepSpec", _enabled(ctx)), begun)


def complete_connector_type(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Types of connectors that are part of sftsec."""
    return _beginning(_registered("ConnectorSpec", _built_in()), begun)


def complete_preset(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    """Task presets that are part of sftsec."""
    return _beginning(_registered("TaskPreset", _built_in()), begun)


def _registered(kind: str, enabled: Sequence[str]) -> list[str]:
    from sftsec_core.api import contracts
    from sftsec_core.api.errors import PluginError
    from sftsec_core.plugins import Plugins

    try:
        return sorted(Plugins(enabled).specs(getattr(contracts, kind)))
    except PluginError:
        return []


def _enabled(ctx: click.Context) -> list[str]:
    found = read_config(ctx)[1].get("plugins")
    return [str(name) for name in found] if isinstance(found, list) else _built_in()


def _built_in() -> list[str]:
    """The plugins that come with sftsec: others are imported only where they are enabled."""
    from importlib.metadata import entry_points

    points = entry_points(group="sftsec")
    return [point.name for point in points if point.dist and point.dist.name == "sftsec"]


def _beginning(names: Sequence[str], begun: str) -> list[str]:
    return [name for name in names if name.startswith(begun)][:_MOST]


def _named(ctx: click.Context, kind: str) -> list[str]:
    found = read_config(ctx)[1].get(kind)
    return [str(name) for name in found] if isinstance(found, dict) else []


def read_config(ctx: click.Context) -> tuple[Path, dict[str, Any]]:
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


def _stored(ctx: click.Context, query: str, *given: object) -> list[str]:
    file, found = read_config(ctx)
    state = found.get("state") or {}
    if not found or not isinstance(state, dict) or state.get("url"):
        return []  # another database is not asked at every key
    database = file.resolve().parent / str(state.get("folder") or ".sftsec") / "sftsec.db"
    try:
        # Read only: completing a word must not make a file.
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            return [str(name) for (name,) in connection.execute(query, given)]
    except sqlite3.Error:
        return []
