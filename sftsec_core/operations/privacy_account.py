"""The privacy that a task's trainings have spent, kept in the audit log, and its budget.

A training is entered before it begins: one that was killed has drawn its noise, and may have left a
checkpoint. Rejected models count, and those that `gc` removed. Models that an audit fits and throws
away do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import RecipeSpec
from sftsec_core.api.domain import Message, Permission, PrivacySpend
from sftsec_core.api.errors import IntegrityError, TrainingError
from sftsec_core.operations.authorize import authorize
from sftsec_core.plugins import get
from sftsec_core.recipes.chosen import chosen_recipes
from sftsec_core.sdk.privacy_accounting import epsilon_of, noise_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_core.api.domain import Example
    from sftsec_core.api.settings.privacy import PrivacyBudget
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.running import Run
    from sftsec_core.store.store import Store

SPENT = "privacy.spent"
DELTA = 1e-5  # where no budget names one


@dataclass(frozen=True, slots=True)
class PrivateTraining:
    """One training of the account.

    Attributes:
        at: when it began (UTC).
        run: the run's id.
        recipe: its name.
        spend: what the accountant reads.
        epsilon: of this training alone, at the account's delta.
        total: of all trainings up to this one.
    """

    at: datetime
    run: str
    recipe: str
    spend: PrivacySpend
    epsilon: float
    total: float


@dataclass(frozen=True, slots=True)
class PrivacyAccount:
    """What the trainings of a task have spent.

    Attributes:
        task: its name.
        delta: chance that the bounds fail.
        trainings: the oldest first.
        budget: the epsilon that is allowed; None for no bound.
    """

    task: str
    delta: float
    trainings: tuple[PrivateTraining, ...]
    budget: float | None

    @property
    def spent(self) -> float:
        """The epsilon of all trainings together."""
        return self.trainings[-1].total if self.trainings else 0.0

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        rows = [
            {
                "at": each.at.isoformat(),
                "run": each.run,
                "recipe": each.recipe,
                "epsilon": each.epsilon,
                "total": each.total,
                **each.spend.to_json(),
            }
            for each in self.trainings
        ]
        return {
            "task": self.task,
            "delta": self.delta,
            "epsilon": self.spent,
            "budget": self.budget,
            "trainings": rows,
        }


def privacy_account(context: Context, task: str) -> PrivacyAccount:
    """Add up what the trainings of a task have spent.

    Raises:
        NotFoundError: when there is no such task.
        PluginError: when Opacus is not installed and something was spent.
        IntegrityError: when an entry of the audit log is not what was written.
    """
    authorize(context.actor, Permission.READ, task)
    budget = context.task(task).train.privacy_budget
    delta = budget.delta if budget else DELTA
    trainings: list[PrivateTraining] = []
    spends: list[PrivacySpend] = []
    for at, details in _entries(context.store, task):
        spend = _spend_of(details)
        spends.append(spend)
        alone, total = epsilon_of([spend], delta), epsilon_of(spends, delta)
        run, recipe = str(details["run"]), str(details["recipe"])
        trainings.append(PrivateTraining(at, run, recipe, spend, alone, total))
    return PrivacyAccount(task, delta, tuple(trainings), budget.epsilon if budget else None)


def spend_privacy(run: Run, names: Sequence[str], train: Sequence[Example]) -> None:
    """Enter what recipes are about to spend; refuse what the task's budget does not allow.

    Args:
        run: the run under way.
        names: of the recipes that are fitted now.
        train: what they are fitted on.

    Raises:
        TrainingError: when the budget does not allow it, or the task has one and its recipe does
            not bound what it gives away; nothing was entered.
    """
    budget, task = run.task.train.privacy_budget, run.spec.name
    spends = dict(_planned(run, names, train))
    own = run.task.train.recipe.name
    if budget is not None and own in names and own not in spends:
        raise TrainingError(
            f"train.privacy_budget is set, and the recipe {own!r} does not bound what its models "
            "give away: choose one that does, such as private_linear, or remove the budget"
        )
    if not spends:
        return
    store = run.context.store
    before = [_spend_of(details) for _, details in _entries(store, task)]
    delta = budget.delta if budget else DELTA
    total = epsilon_of([*before, *spends.values()], delta)
    if budget is not None and total > budget.epsilon:
        raise TrainingError(_refusal(budget, task, before, [*spends.values()]))
    for name, spend in spends.items():
        said = {"run": run.info.id, "recipe": name, "rows": len(train), **spend.to_json()}
        store.audit.append(SPENT, task, said)
    of = f" of {budget.epsilon:g}" if budget else ""
    text = (
        f"privacy: with this training epsilon {total:.2f}{of} is spent at delta {delta:g} by "
        f"{len(before) + len(spends):,} trainings of {task}"
    )
    run.emit(Message(text=text))


def _planned(
    run: Run, names: Sequence[str], train: Sequence[Example]
) -> Iterator[tuple[str, PrivacySpend]]:
    plugins = run.context.plugins
    specs, chosen = plugins.specs(RecipeSpec), chosen_recipes(run.task.train, run.spec.baseline)
    for name in names:
        spec, choice = get("recipe", name, specs), chosen.get(name)
        config = spec.configure(choice.options() if choice else {}, "train.recipe", plugins.base)
        spend = spec.privacy(config, train) if spec.privacy else None
        if spend is not None:
            yield name, spend


def _refusal(
    budget: PrivacyBudget, task: str, before: Sequence[PrivacySpend], asked: Sequence[PrivacySpend]
) -> str:
    """What was asked, and how much a training may still spend."""
    total, one = epsilon_of([*before, *asked], budget.delta), asked[0]
    noise = noise_for(budget.epsilon, budget.delta, one.sample_rate, one.steps, before)
    left = "nothing is left"
    if noise is not None and len(asked) == 1:
        still = PrivacySpend(noise, one.sample_rate, one.steps)
        left = f"epsilon {epsilon_of([still], budget.delta):.2f} is left for one of as many steps"
    return (
        f"the privacy budget of {task} does not allow this training: with it epsilon {total:.2f} "
        f"of {budget.epsilon:g} would be spent at delta {budget.delta:g}; {left}. Lower the "
        "recipe's epsilon, raise train.privacy_budget, or keep the live model: "
        f"`sftsec privacy account {task}` shows what was spent"
    )


def _entries(store: Store, task: str) -> Iterator[tuple[datetime, dict[str, Any]]]:
    for entry in store.audit.of(SPENT, task):
        yield entry.at, dict(entry.details)


def _spend_of(details: dict[str, Any]) -> PrivacySpend:
    try:
        return PrivacySpend.from_json(details)
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"an entry {SPENT} of the audit log cannot be read") from error
