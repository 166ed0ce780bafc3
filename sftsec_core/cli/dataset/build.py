"""`sftsec dataset build`: build what a retraining run would train on, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command("build", short_help="Build the data set that a retraining run would train on.")
@click.argument("task", shell_complete=complete_task)
@click.option("--full", is_flag=True, help="Pull and clean all again, also what did not change.")
@json_option
@pass_app
def command(app: App, task: str, full: bool, as_json: bool) -> None:
    """Pull a task's labelled incidents into a snapshot, resolve verdicts, split and check.

    Of a connector that can tell, what did not change since the last pull is neither pulled nor
    cleaned again; the data set is the one that --full makes.

    Exit code 6 says why there is nothing to train on yet.

    \b
    Examples:
      sftsec dataset build phishing
      sftsec dataset build phishing --json
      sftsec dataset build phishing --full
    """
    from sftsec_core.cli.live import live_context
    from sftsec_core.operations.build_dataset import build_dataset

    with live_context(app, quiet=as_json) as context:
        built = build_dataset(context, task, full=full)
    data = built.data
    shown = {
        "snapshot": built.snapshot,
        "folder": built.folder,
        **{name.replace("_", " "): number for name, number in data["counts"].items()},
        **{
            f"  from {name}": f"{counts['read']:,} read, {counts['kept']:,} kept"
            for name, counts in data.get("connectors", {}).items()
        },
        "unlabelled": data["row_counts"]["unlabelled"],
        **{f"{name} ({data['split']})": number for name, number in data["parts"].items()},
        "left out by split": data["row_counts"]["left_out_by_split"],
        "repeated by split": data["row_counts"]["repeated_by_split"],
        **{
            f"train after {each['name']}": f"{each['after']:,} ({each['added']:,} added, "
            f"{each['removed']:,} removed, {each['reweighted']:,} reweighted)"
            for each in data.get("transforms", ())
        },
        "for review": data["review"],
        **_pool(data),
        **_labelling_functions(data),
        **_self_training(data),
        "leaks": "; ".join(built.leaks.examples) or "none",
    }
    emit(built.to_json(), as_json=as_json, show=facts(shown))
    review = f"sftsec labels review {task}; " if data["review"] else ""
    app.next(f"{review}sftsec retrain {task}", as_json=as_json)


def _pool(data: Mapping[str, Any]) -> dict[str, str]:
    """The pool of unlabelled incidents, where the task asks for one."""
    if "unlabelled" not in data:
        return {}
    found = data["unlabelled"]
    left_out = ("judged_since", "like_a_labelled_one", "held_out")
    why = ", ".join(f"{found[name]:,} {name.replace('_', ' ')}" for name in left_out)
    if "pulled" in found:
        read = f"{found['pulled']['read']:,} read, {found['pool']:,} kept"
    else:
        read = f"{found['unjudged']:,} events without a verdict, {found['pool']:,} drawn"
    return {"unlabelled pool": f"{found['unlabelled']:,} usable ({read}; left out: {why})"}


def _labelling_functions(data: Mapping[str, Any]) -> dict[str, str]:
    """What the labelling functions made of the pool, where the task has some."""
    if "labelling_functions" not in data:
        return {}
    found = data["labelling_functions"]
    labels = ", ".join(f"{label} {count:,}" for label, count in found["labelled"].items())
    left_out = ", of which dev is against" if found["left_out_by_dev"] else ""
    return {
        "labelling functions": f"{found['added']:,} added (labelled: {labels or 'none'}{left_out})",
        **{
            f"  by {each['name']}": f"{each['labels']:,}" if each["used"] else "not used"
            for each in found["functions"]
        },
    }


def _self_training(data: Mapping[str, Any]) -> dict[str, str]:
    """What a model of the labelled rows labelled of the pool, where the task asks for it."""
    if "self_training" not in data:
        return {}
    found = data["self_training"]
    labels = ", ".join(f"{label} {count:,}" for label, count in found["labelled"].items())
    left_out = ", of which dev is against" if found["left_out_by_dev"] else ""
    return {"self-training": f"{found['added']:,} added (labelled: {labels or 'none'}{left_out})"}
