"""What `sftsec adapt` would read of a task and how long it would take; nothing is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Permission
from sftsec_core.operations.adapt import adaptation_order, task_encoder
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.preflight import check_encoders, check_requirements
from sftsec_core.operations.running import unrecorded
from sftsec_core.operations.show_dataset import newest_dataset
from sftsec_core.operations.splitting import split_snapshot
from sftsec_core.recipes.encoder_files import encoders_relative_to

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context
    from sftsec_core.recipes.adaptation import AdaptationForecast


@dataclass(frozen=True, slots=True)
class AdaptPlan:
    """What an adaptation would do.

    Attributes:
        task: whose texts.
        snapshot: digest of the data set.
        pool: digest of the data set that unlabelled texts are of; "" without.
        rows: incidents of the train part, and unlabelled ones, whose texts are read.
        budget_s: time for the training, in seconds.
        forecast: texts, tokens, steps and seconds.
    """

    task: str
    snapshot: str
    pool: str
    rows: int
    budget_s: float
    forecast: AdaptationForecast

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"dry_run": True, **asdict(self)}


def plan_adapt(context: Context, name: str, budget: timedelta) -> AdaptPlan:
    """Encode the texts that `adapt` would train on, and time some batches of them; write nothing.

    No GPU is leased: the speed is that of the device which torch finds.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        budget: time for the training.

    Raises:
        NotFoundError: when there is no such task.
        DataError: when there is no data set, or nothing in it to train on.
        ConfigError, IntegrityError: when the encoder cannot be adapted, or is not the right one.
    """
    authorize(context.actor, Permission.RETRAIN, name)
    check_requirements(context.task(name), context.plugins)
    check_encoders(context.task(name), context.plugins, context.file, name)
    encoder = task_encoder(context, name)
    snapshot = newest_dataset(context, name)
    with unrecorded(context, "adapt", name) as run:
        dataset = split_snapshot(run, snapshot)
        settings, read = adaptation_order(run, snapshot, dataset, encoder)
        job = TrainJob(
            task=run.spec,
            train=read.train,
            dev=read.dev,
            config=settings,
            settings=run.task.train,
            workdir=run.folder,
            deadline_s=budget.total_seconds(),
        )
        with run.stage("adapt", "time some batches"), encoders_relative_to(context.plugins.base):
            from sftsec_core.recipes.encoder.adaptation_plan import plan_adaptation

            forecast = plan_adaptation(job)
    return AdaptPlan(
        name, snapshot.digest, settings.pool, len(read.train), budget.total_seconds(), forecast
    )
