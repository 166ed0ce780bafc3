"""Each use case asks for its permission before it touches anything."""

from __future__ import annotations

import inspect
import os
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

import sftsec_core.operations
from sftsec_core.api.domain import Actor, Permission
from sftsec_core.api.errors import AuthorizationError
from sftsec_core.operations.adapt import adapt
from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.add_verdicts import add_verdicts
from sftsec_core.operations.authorize import (
    ADMIN_ONLY,
    ROLES,
    authorize,
    authorize_some,
    current_user,
    local_admin,
    may,
    permitted,
)
from sftsec_core.operations.backtest import backtest
from sftsec_core.operations.backup_store import backup_database, backup_store
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.change_schedules import (
    add_schedule,
    edit_schedule,
    pause_schedule,
    remove_schedule,
    resume_schedule,
)
from sftsec_core.operations.check_connectors import check_connectors
from sftsec_core.operations.check_drift import check_drift
from sftsec_core.operations.check_store import check_store
from sftsec_core.operations.compare_runs import compare_runs
from sftsec_core.operations.encrypt_state import encrypt_state, rotate_key
from sftsec_core.operations.enqueue_due import enqueue_due, run_schedule
from sftsec_core.operations.evidence import gather_evidence
from sftsec_core.operations.export_audit import export_audit
from sftsec_core.operations.forget import ForgetRequest, forget, resume_forgetting
from sftsec_core.operations.judge_incidents import judge_incidents, retract_verdicts
from sftsec_core.operations.label_functions import label_functions
from sftsec_core.operations.label_stats import label_stats
from sftsec_core.operations.list_connectors import list_connectors
from sftsec_core.operations.list_gpus import list_gpu_leases, list_gpus
from sftsec_core.operations.list_label_queue import list_label_queue, list_page_verdicts
from sftsec_core.operations.list_models import list_models
from sftsec_core.operations.list_quarantine import list_quarantine
from sftsec_core.operations.list_runs import list_runs
from sftsec_core.operations.list_schedules import (
    due_schedules,
    list_schedules,
    schedule_history,
    show_schedule,
)
from sftsec_core.operations.list_tokens import list_tokens
from sftsec_core.operations.list_verdicts import list_verdicts
from sftsec_core.operations.manage_workers import (
    drain_workers,
    failing_workers,
    list_workers,
)
from sftsec_core.operations.measure_state import measure_state
from sftsec_core.operations.migrate_store import migrate_store
from sftsec_core.operations.model_history import model_history
from sftsec_core.operations.move_store import move_store
from sftsec_core.operations.optimize import optimize
from sftsec_core.operations.plan_adapt import plan_adapt
from sftsec_core.operations.predict import predict
from sftsec_core.operations.preview_incidents import preview_incidents
from sftsec_core.operations.privacy_account import privacy_account
from sftsec_core.operations.promote import promote
from sftsec_core.operations.queue_runs import add_run, cancel_run, list_waiting, retry_run
from sftsec_core.operations.read_audit import read_audit
from sftsec_core.operations.redeliver import redeliver
from sftsec_core.operations.release_gpu import release_gpu
from sftsec_core.operations.remove_unused import remove_unused
from sftsec_core.operations.request_labels import request_labels
from sftsec_core.operations.restore_store import restore_store
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.review_labels import review_labels
from sftsec_core.operations.revoke_token import revoke_token
from sftsec_core.operations.rollback import rollback
from sftsec_core.operations.run_logs import run_logs
from sftsec_core.operations.score import score
from sftsec_core.operations.set_up_connector import set_up_connector
from sftsec_core.operations.share_store import share_store
from sftsec_core.operations.show_dataset import list_snapshots, show_dataset
from sftsec_core.operations.show_drift import show_drift
from sftsec_core.operations.show_model import show_model
from sftsec_core.operations.show_report import show_report
from sftsec_core.operations.show_run import show_run
from sftsec_core.operations.show_status import show_status
from sftsec_core.operations.sign_model import sign_model
from sftsec_core.operations.simulate_schedules import simulate_schedules
from sftsec_core.operations.suggest_task import suggest_task
from sftsec_core.operations.verify_audit import verify_audit
from sftsec_core.operations.verify_models import verify_models
from sftsec_core.operations.watched_figures import watched_figures

ASKS: dict[Callable[..., Any], Permission] = {
    add_token: Permission.MANAGE_TOKENS,
    add_verdicts: Permission.LABEL,
    adapt: Permission.RETRAIN,
    plan_adapt: Permission.RETRAIN,
    backtest: Permission.RETRAIN,
    build_dataset: Permission.BUILD_DATASET,
    check_connectors: Permission.PULL,
    compare_runs: Permission.READ,
    encrypt_state: Permission.ENCRYPT,
    export_audit: Permission.EXPORT_AUDIT,
    gather_evidence: Permission.READ,
    forget: Permission.FORGET,
    judge_incidents: Permission.LABEL,
    label_functions: Permission.BUILD_DATASET,
    label_stats: Permission.READ,
    list_connectors: Permission.READ,
    failing_workers: Permission.READ,
    list_gpu_leases: Permission.READ,
    list_gpus: Permission.READ,
    list_label_queue: Permission.LABEL,
    list_models: Permission.READ,
    watched_figures: Permission.READ,
    model_history: Permission.READ,
    list_page_verdicts: Permission.LABEL,
    list_quarantine: Permission.READ,
    privacy_account: Permission.READ,
    list_runs: Permission.READ,
    list_snapshots: Permission.READ,
    list_tokens: Permission.MANAGE_TOKENS,
    list_verdicts: Permission.READ,
    measure_state: Permission.READ,
    optimize: Permission.RETRAIN,
    predict: Permission.SCORE_EVENTS,
    preview_incidents: Permission.PULL,
    promote: Permission.PROMOTE,
    read_audit: Permission.READ,
    verify_audit: Permission.READ,
    redeliver: Permission.SCORE,
    release_gpu: Permission.RELEASE_GPU,
    remove_unused: Permission.CLEAN_UP,
    request_labels: Permission.REQUEST_LABELS,
    resume_forgetting: Permission.FORGET,
    retrain: Permission.RETRAIN,
    retract_verdicts: Permission.LABEL,
    review_labels: Permission.READ,
    revoke_token: Permission.MANAGE_TOKENS,
    rollback: Permission.ROLL_BACK,
    rotate_key: Permission.ENCRYPT,
    score: Permission.SCORE,
    set_up_connector: Permission.SET_UP,
    show_dataset: Permission.READ,
    show_model: Permission.READ,
    show_report: Permission.READ,
    show_run: Permission.READ,
    show_status: Permission.READ,
    sign_model: Permission.SIGN,
    suggest_task: Permission.PULL,
    verify_models: Permission.READ,
    add_schedule: Permission.SCHEDULE,
    add_run: Permission.BUILD_DATASET,
    cancel_run: Permission.MANAGE_RUNS,
    due_schedules: Permission.READ,
    edit_schedule: Permission.SCHEDULE,
    drain_workers: Permission.MANAGE_RUNS,
    enqueue_due: Permission.SCHEDULE,
    list_schedules: Permission.READ,
    pause_schedule: Permission.SCHEDULE,
    list_waiting: Permission.READ,
    list_workers: Permission.READ,
    remove_schedule: Permission.SCHEDULE,
    resume_schedule: Permission.SCHEDULE,
    retry_run: Permission.MANAGE_RUNS,
    run_schedule: Permission.SCHEDULE,
    schedule_history: Permission.READ,
    run_logs: Permission.READ,
    show_schedule: Permission.READ,
    simulate_schedules: Permission.READ,
    check_drift: Permission.WATCH,
    show_drift: Permission.READ,
    backup_database: Permission.MANAGE_STORE,
    backup_store: Permission.MANAGE_STORE,
    check_store: Permission.READ,
    migrate_store: Permission.MANAGE_STORE,
    move_store: Permission.MANAGE_STORE,
    restore_store: Permission.MANAGE_STORE,
    share_store: Permission.MANAGE_STORE,
}

# What use cases share; each takes a context, and is called by a use case that has asked.
SHARED = {
    "adapted_encoders",
    "bring_encoders",
    "all_schedules",
    "approval_state",
    "approve",
    "ask_platform",
    "asked_explainer",
    "begin_run",
    "bounded",
    "check_in_time",
    "check_promotable",
    "connector_config",
    "drift_counter",
    "earlier_model",
    "explainer_of",
    "known_explainer",
    "find_subject",
    "forgotten",
    "identify",
    "incidents_about",
    "judged_alerts",
    "judged_since",
    "keep_summary",
    "known_scores",
    "label_summary",
    "learned_from",
    "copies_of",
    "left_out",
    "restored_erasures",
    "live_model",
    "live_recall",
    "may_label",
    "moves_of",
    "named_encoders",
    "named_incidents",
    "newest_dataset",
    "newest_pool",
    "next_retraining",
    "note_refusal",
    "one_schedule",
    "outdated_models",
    "people_of",
    "pseudo_labels_of",
    "pull_all",
    "read_canaries",
    "recorded",
    "reference_of",
    "refuse_beside_file",
    "register_schedule",
    "remembered_scores",
    "requester",
    "run_job",
    "run_order",
    "running",
    "said_labels",
    "scorer_of",
    "scoring_call",
    "scoring_figures",
    "seen_by",
    "seen_runs",
    "seen_schedules",
    "snapshot_context",
    "snapshot_of",
    "takes_people",
    "task_encoder",
    "tell_promotion",
    "unrecorded",
    "values_of",
    "waiting_approval",
    "waiting_models",
    "waiting_suspects",
    "window_of",
    "words_of",
}

# Who may do what, written down a second time: a permission that is new needs a row.
EVERYONE = frozenset({"viewer", "analyst", "operator", "admin"})

OPERATORS = frozenset({"operator", "admin"})

ADMINS = frozenset({"admin"})

MAY: dict[Permission, frozenset[str]] = {
    Permission.READ: EVERYONE,
    Permission.LABEL: frozenset({"analyst", "admin"}),
    Permission.LABEL_FOR_OTHERS: ADMINS,
    Permission.PULL: OPERATORS,
    Permission.BUILD_DATASET: OPERATORS,
    Permission.RETRAIN: OPERATORS,
    Permission.PROMOTE: OPERATORS,
    Permission.FORCE_PROMOTION: ADMINS,
    Permission.ROLL_BACK: ADMINS,
    Permission.SIGN: ADMINS,
    Permission.SCORE: OPERATORS,
    Permission.SCORE_EVENTS: OPERATORS | {"scorer"},
    Permission.SERVE: OPERATORS,
    Permission.REQUEST_LABELS: OPERATORS,
    Permission.SET_UP: ADMINS,
    Permission.EXPORT_AUDIT: OPERATORS,
    Permission.CLEAN_UP: OPERATORS,
    Permission.WATCH: OPERATORS,
    Permission.SCHEDULE: OPERATORS,
    Permission.MANAGE_RUNS: OPERATORS,
    Permission.RELEASE_GPU: OPERATORS,
    Permission.MANAGE_STORE: ADMINS,
    Permission.ENCRYPT: ADMINS,
    Permission.FORGET: ADMINS,
    Permission.MANAGE_TOKENS: ADMINS,
}

NOBODY = Actor("guest", frozenset({"nothing"}), "test")


class Untouchable:
    """A context that holds an actor and fails at whatever else is read from it."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"context.{name} was touched before the actor was authorised")


def use_cases() -> dict[str, Callable[..., Any]]:
    """Every public function of the operations that takes a context first."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.iter_modules(sftsec_core.operations.__path__):
        loaded = import_module(f"sftsec_core.operations.{module.name}")
        for name, each in inspect.getmembers(loaded, inspect.isfunction):
            first = next(iter(inspect.signature(each).parameters), None)
            if each.__module__ == loaded.__name__ and first == "context" and name[0] != "_":
                found[name] = each
    return found


def call(use_case: Callable[..., Any], context: object, **given: Any) -> object:
    """Call with a value for each parameter that needs one."""
    if use_case is add_run:
        given.setdefault("kind", "dataset")  # its permission is the kind's
    if use_case is forget:
        given.setdefault("request", ForgetRequest(uid="x"))
    for parameter in list(inspect.signature(use_case).parameters.values())[1:]:
        if parameter.default is parameter.empty:
            given.setdefault(parameter.name, "x")
    return use_case(context, **given)


class TestUseCases:
    def test_the_table_names_every_use_case(self) -> None:
        assert set(use_cases()) - SHARED == {each.__name__ for each in ASKS}

    @pytest.mark.parametrize("use_case", ASKS, ids=lambda each: each.__name__)
    def test_a_refusal_comes_before_anything_is_touched(self, use_case: Callable[..., Any]) -> None:
        with pytest.raises(AuthorizationError) as refused:
            call(use_case, Untouchable(NOBODY))
        assert refused.value.permission == ASKS[use_case].value

    @pytest.mark.parametrize("use_case", ASKS, ids=lambda each: each.__name__)
    def test_a_permitted_actor_passes(self, use_case: Callable[..., Any]) -> None:
        with pytest.raises(AssertionError, match="was touched"):
            call(use_case, Untouchable(local_admin("test")))

    def test_forcing_a_promotion_needs_its_own_permission(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(ROLES, "operator", frozenset({Permission.PROMOTE}))
        operator = Untouchable(Actor("ann", frozenset({"operator"}), "test"))
        with pytest.raises(AuthorizationError) as refused:
            call(promote, operator, force="now")
        assert refused.value.permission == "model.promote.force"
        with pytest.raises(AssertionError, match="was touched"):
            call(promote, operator)

    def test_promotion_by_retraining_needs_its_permission(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(ROLES, "trainer", frozenset({Permission.RETRAIN}))
        trainer = Untouchable(Actor("bob", frozenset({"trainer"}), "test"))
        with pytest.raises(AuthorizationError):
            call(retrain, trainer)
        with pytest.raises(AssertionError, match="was touched"):
            call(retrain, trainer, promote=False)


def with_role(*roles: str) -> Actor:
    return Actor("ann", frozenset(roles), "test")


class TestRoles:
    def test_each_permission_has_its_row(self) -> None:
        assert set(MAY) == set(Permission)
        assert {each for each, roles in MAY.items() if roles == ADMINS} == ADMIN_ONLY

    @pytest.mark.parametrize("role", [*ROLES, "no-such-role", ""])
    @pytest.mark.parametrize("use_case", ASKS, ids=lambda each: each.__name__)
    def test_decide_over_every_use_case(self, use_case: Callable[..., Any], role: str) -> None:
        allowed = role in MAY[ASKS[use_case]]
        expected = AssertionError if allowed else AuthorizationError
        with pytest.raises(expected):
            call(use_case, Untouchable(with_role(role)))

    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("permission", Permission)
    def test_of_one_task_end_there(self, role: str, permission: Permission) -> None:
        actor = with_role(f"{role}@mail")
        assert may(actor, permission, "mail") == (role in MAY[permission])
        assert not any(may(actor, permission, task) for task in ("proxy", "", "mai", None))

    @pytest.mark.parametrize("role", ["admin@", "@mail", "@", "admin@@mail", "Admin", " admin"])
    def test_written_wrongly_permit_nothing(self, role: str) -> None:
        actor = with_role(role)
        assert not any(may(actor, each, task) for each in Permission for task in (None, "mail"))

    def test_of_several_tasks_add_up(self) -> None:
        actor = with_role("viewer", "operator@mail", "analyst@proxy")
        tasks = ("proxy", "mail", "dns")
        assert permitted(actor, Permission.READ, tasks) == list(tasks)
        assert permitted(actor, Permission.RETRAIN, tasks) == ["mail"]
        assert permitted(actor, Permission.LABEL, tasks) == ["proxy"]


class TestAuthorizeSome:
    def test_a_role_on_any_task_passes(self) -> None:
        for task in (None, "mail"):
            authorize_some(with_role("operator@mail"), Permission.RETRAIN, task)
        with pytest.raises(AuthorizationError):
            authorize_some(NOBODY, Permission.RETRAIN)

    def test_a_named_task_is_asked_for(self) -> None:
        with pytest.raises(AuthorizationError):
            authorize_some(with_role("operator@mail"), Permission.RETRAIN, "proxy")
        with pytest.raises(AuthorizationError):
            authorize_some(with_role("viewer", "analyst@mail"), Permission.RETRAIN)


class TestAuthorize:
    def test_the_error_names_actor_permission_and_task(self) -> None:
        with pytest.raises(AuthorizationError) as refused:
            authorize(NOBODY, Permission.SCORE, "phishing")
        assert "guest is not permitted: incidents.score on task 'phishing'" in str(refused.value)
        assert refused.value.exit_code == 11

    def test_the_local_admin_may_do_everything(self) -> None:
        admin = local_admin("cli")
        for permission in Permission:
            authorize(admin, permission)
        assert (admin.origin, admin.roles) == ("cli", frozenset({"admin"}))


class TestCurrentUser:
    def test_the_environment_does_not_name_the_user(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = current_user()
        for name in ("USER", "LOGNAME", "USERNAME"):
            monkeypatch.setenv(name, "somebody-else")
        assert current_user() == before

    def test_a_uid_without_a_name_is_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 3_999_999)
        assert current_user() == "uid 3999999"
