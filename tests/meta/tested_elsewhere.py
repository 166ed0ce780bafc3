"""Modules that are rightly tested through a neighbour: module, the file of its tests, why.

A file of tests has the path and the name of its module, see `mirrored` in `test_mirror`. Only a
module whose behaviour shows through another one stands here.
"""

from __future__ import annotations

from typing import NamedTuple


class Elsewhere(NamedTuple):
    """Modules with one reason; all paths from the root of the repository."""

    modules: tuple[str, ...]
    tests: str
    why: str


CORE_ROWS: tuple[Elsewhere, ...] = (
    Elsewhere(
        ("sftsec_core/api/contracts/explaining.py",),
        "tests/core/testing/test_explainer.py",
        "protocols and values: the contract of explainers holds what they mean",
    ),
    Elsewhere(
        (
            "sftsec_core/api/settings/privacy.py",
            "sftsec_core/cli/privacy/account.py",
            "sftsec_core/operations/privacy_account.py",
        ),
        "tests/plugins/privacy/test_account.py",
        "only a plugin's recipe spends privacy: what is shown and refused is seen through it",
    ),
    Elsewhere(
        ("sftsec_core/recipes/privacy_config.py", "sftsec_core/recipes/private_rows.py"),
        "tests/core/recipes/encoder/test_private.py",
        "what a private training is set to, trains on and spends",
    ),
    Elsewhere(
        ("sftsec_core/api/domain/privacy.py",),
        "tests/core/sdk/test_privacy_accounting.py",
        "a value that the accountant reads",
    ),
    Elsewhere(
        ("sftsec_core/api/settings/connectors.py",),
        "tests/core/api/settings/test_task.py",
        "a task's list of connectors is checked as part of the task",
    ),
    Elsewhere(
        ("sftsec_core/cli/bench/explain.py",),
        "tests/core/bench/test_explain.py",
        "the command shows what the benchmark gives; its help and its error are snapshots",
    ),
    Elsewhere(
        ("sftsec_core/server/explain_schemas.py",),
        "tests/core/server/test_event_explainer.py",
        "the answer's shape shows in the answers of a served site",
    ),
    Elsewhere(
        ("sftsec_core/bench/certificate.py", "sftsec_core/cli/bench/federated.py"),
        "tests/core/bench/test_federated.py",
        "the bench's server shows the certificate; the command's help and error are snapshots",
    ),
    Elsewhere(
        (
            "plugins/sftsec_federated/app.py",
            "plugins/sftsec_federated/client.py",
            "plugins/sftsec_federated/polishing.py",
            "plugins/sftsec_federated/recipe.py",
            "plugins/sftsec_federated/rounds.py",
            "plugins/sftsec_federated/state.py",
        ),
        "tests/plugins/federated/test_sites.py",
        "both sides of the wire are tested together: a real server, and sites of all kinds",
    ),
    Elsewhere(
        ("plugins/sftsec_federated/commands.py",),
        "tests/plugins/federated/test_serve.py",
        "both commands run there as processes",
    ),
    Elsewhere(
        ("plugins/sftsec_federated/config.py",),
        "tests/plugins/federated/test_hooks.py",
        "wrong settings show in the errors of the recipe; the server's in test_serve.py",
    ),
    Elsewhere(
        ("plugins/sftsec_federated/features.py", "plugins/sftsec_federated/head.py"),
        "tests/plugins/federated/test_model.py",
        "the model is made of both",
    ),
    Elsewhere(
        ("plugins/sftsec_federated/frame.py",),
        "tests/plugins/federated/test_exchange.py",
        "a frame is what the exchange passes on",
    ),
    Elsewhere(
        ("plugins/sftsec_explain/config.py", "plugins/sftsec_explain/flip.py"),
        "tests/plugins/explain/test_words.py",
        "settings and flips show in what the explainer gives",
    ),
    Elsewhere(
        ("sftsec_core/operations/evidence.py", "sftsec_core/operations/evidence_sources.py"),
        "tests/core/cli/test_evidence.py",
        "what was gathered shows in the archive, which the command writes",
    ),
    Elsewhere(
        ("sftsec_core/evidence/frameworks.py",),
        "tests/core/evidence/test_items.py",
        "a table: what it names must be an item, and each item must answer something",
    ),
    Elsewhere(
        ("sftsec_core/evidence/datasheet_words.py",),
        "tests/core/evidence/test_datasheet.py",
        "the questions show in the datasheet with their answers",
    ),
    Elsewhere(
        (
            "sftsec_core/operations/erased_files.py",
            "sftsec_core/operations/erased_texts.py",
            "sftsec_core/operations/find_incidents.py",
            "sftsec_core/operations/forgotten_copies.py",
            "sftsec_core/operations/left_out.py",
            "sftsec_core/operations/outdated_models.py",
        ),
        "tests/core/operations/test_forget.py",
        "parts of one use case: what it finds, removes, refuses afterwards",
    ),
    Elsewhere(
        ("sftsec_core/store/label_file.py",),
        "tests/core/store/test_label_queue.py",
        "the queue is what reads and writes the file",
    ),
    Elsewhere(
        ("sftsec_core/store/erasure_tables.py",),
        "tests/core/store/test_tables.py",
        "the tables after all migrations are compared with these",
    ),
    Elsewhere(
        ("sftsec_core/bench/alerts.py", "sftsec_core/bench/connector.py"),
        "tests/connectors/search/test_reference_client.py",
        "the benchmark writes its alerts to a real engine, pulls and pushes them, and cleans up",
    ),
    Elsewhere(
        ("sftsec_core/cli/bench/privacy.py",),
        "tests/core/bench/test_privacy.py",
        "the command shows what the benchmark gives; its help and its error are snapshots",
    ),
    Elsewhere(
        ("sftsec_core/bench/given_site.py",),
        "tests/core/bench/test_privacy.py",
        "a site with its parts, which is what the benchmarks retrain",
    ),
    Elsewhere(
        ("sftsec_core/cli/bench/robustness.py",),
        "tests/core/bench/test_robustness.py",
        "the command shows what the benchmark gives; its help and its error are snapshots",
    ),
    Elsewhere(
        ("sftsec_core/cli/bench/score.py", "sftsec_core/cli/bench/start.py"),
        "tests/core/bench/test_score.py",
        "the command shows what the benchmark gives; its help and its error are snapshots",
    ),
    Elsewhere(
        ("sftsec_core/cli/model/optimize.py",),
        "tests/core/operations/test_optimize.py",
        "the command shows what the use case gives; its help and its errors are snapshots",
    ),
    Elsewhere(
        ("sftsec_core/recipes/encoder/classifier_parts.py",),
        "tests/core/recipes/encoder/test_classifier.py",
        "what is saved beside the encoder shows in what is loaded",
    ),
    Elsewhere(
        ("sftsec_core/operations/live_verdicts.py",),
        "tests/core/operations/test_live_precision.py",
        "which alerts and verdicts are joined shows in the precision, and in the recall beside it",
    ),
    Elsewhere(
        ("sftsec_core/operations/live_quality.py",),
        "tests/core/operations/test_check_drift.py",
        "a check of drift keeps the figures by verdicts, and tells of those that fell",
    ),
    Elsewhere(
        ("sftsec_core/bench/bare_service.py",),
        "tests/core/bench/test_serve_site.py",
        "the peer of the benchmark has to score as the site's model does",
    ),
    Elsewhere(
        ("sftsec_core/api/settings/canaries.py",),
        "tests/core/operations/test_canaries.py",
        "two settings: they show in what is read of the file that they name",
    ),
    Elsewhere(
        ("sftsec_core/bench/kills_child.py", "sftsec_core/bench/kills_site.py"),
        "tests/core/bench/test_kills.py",
        "the process that the benchmark kills, which tells its phases, and the site it works on",
    ),
    Elsewhere(
        (
            "sftsec_core/recipes/adaptation.py",
            "sftsec_core/recipes/encoder/adaptation_time.py",
            "sftsec_core/recipes/encoder/adapter.py",
            "sftsec_core/recipes/encoder/masked_model.py",
        ),
        "tests/core/recipes/encoder/test_adapt.py",
        "the settings, the loop and the head of an adaptation: its tests train with them",
    ),
    Elsewhere(
        ("sftsec_core/recipes/encoder/adaptation_plan.py",),
        "tests/core/operations/test_plan_adapt.py",
        "what an adaptation would read and take: compared with the adaptation",
    ),
    Elsewhere(
        (
            "sftsec_core/operations/adapted_encoders.py",
            "sftsec_core/recipes/launch/adapt.py",
            "sftsec_core/recipes/launch/places.py",
        ),
        "tests/core/operations/test_adapt.py",
        "an adaptation is carried out by an order, and gc asks for what is there and named",
    ),
    Elsewhere(
        ("sftsec_core/recipes/encoder/pickle_free.py",),
        "tests/core/recipes/encoder/test_checkpoint.py",
        "the checkpoints of all trainings: none holds a pickle, and each can be resumed",
    ),
    Elsewhere(
        ("sftsec_core/bench/setfit_fit.py",),
        "tests/core/bench/test_setfit.py",
        "it needs SetFit's own environment: a stand-in answers there, by the same files",
    ),
    Elsewhere(
        ("sftsec_core/bench/memory.py",),
        "tests/core/bench/test_ingest.py",
        "one number of the kernel's: the benchmark that reports it checks that it is plausible",
    ),
    Elsewhere(
        ("sftsec_core/recipes/search.py",),
        "tests/core/recipes/test_auto.py",
        "the state of one search: what auto tries, drops and notes shows in the model's notes",
    ),
    Elsewhere(
        ("sftsec_core/config/gpu.py", "sftsec_core/config/serve.py"),
        "tests/core/config/test_settings.py",
        "sections of sftsec.yaml: what the whole refuses is theirs",
    ),
    Elsewhere(
        ("sftsec_core/api/settings/gpu_needs.py",),
        "tests/core/api/settings/test_task.py",
        "two settings of a task; what a recipe cannot use is refused by the preflight",
    ),
    Elsewhere(
        ("sftsec_core/operations/training_data.py",),
        "tests/core/operations/test_self_training.py",
        "four stages in a row, of a run and of a build: what they leave is counted there",
    ),
    Elsewhere(
        ("sftsec_core/api/settings/unlabelled.py",),
        "tests/core/operations/test_pooling.py",
        "two bounds of the pool: a build keeps to both",
    ),
    Elsewhere(
        ("sftsec_core/scoring/probabilities.py",),
        "tests/core/scoring/test_scorer.py",
        "a part of the scorer: equal rows are asked once, and a wrong shape is the plugin's",
    ),
    Elsewhere(
        ("sftsec_core/store/metadata.py", "sftsec_core/store/work_tables.py"),
        "tests/core/store/test_tables.py",
        "tables like those of tables.py: the migrations make all of them",
    ),
    Elsewhere(
        ("sftsec_core/dataset/content_digest.py",),
        "tests/core/dataset/test_snapshot.py",
        "a snapshot's digest is made of it: the same for any pages, and refused after a change",
    ),
    Elsewhere(
        ("sftsec_core/dataset/cleaning.py", "sftsec_core/dataset/plan.py"),
        "tests/core/dataset/test_ingest.py",
        "what a page becomes shows in the rows, the verdicts and the counts of a snapshot",
    ),
    Elsewhere(
        ("sftsec_core/dataset/parts.py", "sftsec_core/dataset/assembly.py"),
        "tests/e2e/test_increments.py",
        "parts of random pulls, damaged ones too, give the snapshot of a rebuild",
    ),
    Elsewhere(
        ("sftsec_core/dataset/writing.py",),
        "tests/core/dataset/test_journal.py",
        "a snapshot is written once, whatever kills it; links are seen in test_increments",
    ),
    Elsewhere(
        ("sftsec_core/dataset/dedup/batch.py",),
        "tests/core/dataset/dedup/test_deduplicator.py",
        "the arrays that it decides on: the results are compared for items and for batches",
    ),
    Elsewhere(
        ("sftsec_core/dataset/dedup/items.py", "sftsec_core/dataset/dedup/tables.py"),
        "tests/core/dataset/dedup/test_deduplicator.py",
        "what the deduplicator takes, gives and remembers; its own tests compare every result",
    ),
    Elsewhere(
        ("sftsec_core/dataset/groups.py",),
        "tests/core/dataset/test_split.py",
        "the groups that a split keeps together: drawn examples never have one in two parts",
    ),
    Elsewhere(
        ("sftsec_core/demo/phrases.py",),
        "tests/core/demo/test_stream.py",
        "lists of words, which the stream is made of",
    ),
    Elsewhere(
        ("sftsec_core/operations/refitting.py",),
        "tests/core/operations/test_auditing.py",
        "audits fit recipes again through it, and what they find is what it fitted",
    ),
    Elsewhere(
        (
            "sftsec_core/operations/drift_reference.py",
            "sftsec_core/operations/show_drift.py",
            "sftsec_core/scoring/drift_counting.py",
        ),
        "tests/core/operations/test_check_drift.py",
        "what a retraining writes and a scoring counts is what the check of drift reads and shows",
    ),
    Elsewhere(
        ("sftsec_core/evaluation/specs.py",),
        "tests/core/testing/test_serving.py",
        "the built-in calibrator and decider keep the contracts through their specs",
    ),
    Elsewhere(
        ("sftsec_core/evaluation/report/plots.py",),
        "tests/core/evaluation/report/test_html.py",
        "it draws into the page: the page is searched for each plot, and drawn byte by byte alike",
    ),
    Elsewhere(
        ("sftsec_core/recipes/encoder/loop.py",),
        "tests/core/recipes/encoder/test_checkpoint.py",
        "hooks of the Trainer, which only a training calls: killed, resumed, best epoch restored",
    ),
    Elsewhere(
        ("sftsec_core/store/canonical.py",),
        "tests/core/store/test_audit.py",
        "one way to write JSON for digests: the chain of the audit log verifies with odd values",
    ),
    Elsewhere(
        (
            "sftsec_core/store/run_records.py",
            "sftsec_core/store/run_requests.py",
            "sftsec_core/store/run_rows.py",
        ),
        "tests/core/store/test_run_queue.py",
        "values, conditions and order of the queue's rows: claimed, taken over, refused, listed",
    ),
    Elsewhere(
        ("sftsec_core/store/columns.py",),
        "tests/core/store/test_verdicts.py",
        "column types show in what a table gives back: times in any zone, text of any character",
    ),
)

EDGE_ROWS: tuple[Elsewhere, ...] = (
    Elsewhere(
        (
            "sftsec_core/api/contracts/attack.py",
            "sftsec_core/api/contracts/connector.py",
            "sftsec_core/api/contracts/decision.py",
            "sftsec_core/api/contracts/serving.py",
            "sftsec_core/api/contracts/step.py",
            "sftsec_core/api/contracts/transform.py",
            "sftsec_core/api/hookspecs.py",
        ),
        "tests/core/test_plugins.py",
        "protocols, and specs without a method of their own: each is registered through its hook",
    ),
    Elsewhere(
        ("sftsec_core/api/domain/actors.py",),
        "tests/core/operations/test_authorize.py",
        "an actor and the names of permissions, without a method: use cases ask for them",
    ),
    Elsewhere(
        ("sftsec_core/api/domain/audit.py",),
        "tests/core/operations/test_export_audit.py",
        "a record without a method: what the log holds and a connector keeps",
    ),
    Elsewhere(
        ("sftsec_core/api/domain/examples.py",),
        "tests/core/api/domain/test_inputs.py",
        "records whose one computed attribute, the digest, is that of their inputs",
    ),
    Elsewhere(
        ("sftsec_core/api/domain/incidents.py",),
        "tests/core/testing/test_memory.py",
        "records without a method: the fake connector pulls, rejects and requests all of them",
    ),
    Elsewhere(
        (
            "sftsec_core/api/domain/models.py",
            "sftsec_core/api/domain/runs.py",
        ),
        "tests/core/operations/test_proposing.py",
        "records, and the list of rejecting votes: a run proposes a model and the gate rejects it",
    ),
    Elsewhere(
        ("sftsec_core/builtin.py",),
        "tests/contract/test_builtins.py",
        "hooks that return lists of other modules: the plugin's contract reads all of them",
    ),
    Elsewhere(
        ("sftsec_core/cli/bench/connector.py",),
        "tests/connectors/search/test_reference_client.py",
        "it passes its options on; the benchmark needs a search engine, so it is run there",
    ),
    Elsewhere(
        ("sftsec_core/operations/check_store.py",),
        "tests/core/cli/store/test_check.py",
        "each kind of damage is done to a whole site there",
    ),
    Elsewhere(
        (
            "sftsec_core/cli/store/restore.py",
            "sftsec_core/operations/backup_store.py",
            "sftsec_core/operations/restore_store.py",
            "sftsec_core/store/copies.py",
        ),
        "tests/core/cli/store/test_backup.py",
        "a whole site is saved and comes back elsewhere, killed and damaged in between",
    ),
    Elsewhere(
        ("sftsec_core/operations/migrate_store.py",),
        "tests/core/cli/store/test_migrate.py",
        "older and newer stores are migrated there, or left alone",
    ),
    Elsewhere(
        ("sftsec_core/operations/share_store.py",),
        "tests/core/cli/store/test_share.py",
        "two hosts share a database and a place there",
    ),
    Elsewhere(
        ("sftsec_core/registry/protocols.py",),
        "tests/core/registry/test_registry.py",
        "protocols without code: the registry works with what implements them",
    ),
    Elsewhere(
        ("sftsec_core/store/salt.py",),
        "tests/core/operations/test_context.py",
        "a context makes the salt, once",
    ),
    Elsewhere(
        ("sftsec_core/operations/move_store.py",),
        "tests/core/cli/store/test_move.py",
        "a whole site moves there, beside a scorer's process and killed at each point",
    ),
    Elsewhere(
        ("sftsec_core/store/moved.py",),
        "tests/core/store/test_moving.py",
        "the mark and its triggers are what a move leaves, on both databases",
    ),
    Elsewhere(
        ("sftsec_core/operations/check_config.py",),
        "tests/core/cli/config/test_check.py",
        "the checks are those of preflight: the verb is run for its result and refusal",
    ),
    Elsewhere(
        (
            "sftsec_core/cli/schedule/due.py",
            "sftsec_core/cli/schedule/edit.py",
            "sftsec_core/cli/schedule/history.py",
            "sftsec_core/cli/schedule/list.py",
            "sftsec_core/cli/schedule/pause.py",
            "sftsec_core/cli/schedule/remove.py",
            "sftsec_core/cli/schedule/resume.py",
            "sftsec_core/cli/schedule/run.py",
            "sftsec_core/cli/schedule/show.py",
            "sftsec_core/cli/schedule/shown.py",
        ),
        "tests/core/cli/schedule/test_add.py",
        "they print what an operation gives: each is run on a schedule that was added",
    ),
    Elsewhere(
        ("sftsec_core/operations/scheduling.py",),
        "tests/core/operations/test_change_schedules.py",
        "which schedules there are, of the file or of the store: each verb asks it",
    ),
    Elsewhere(
        ("sftsec_core/schedules/facts.py",),
        "tests/core/schedules/test_triggers.py",
        "a protocol without a method of its own: triggers ask all of it",
    ),
    Elsewhere(
        (
            "sftsec_core/cli/model/list.py",
            "sftsec_core/operations/list_models.py",
        ),
        "tests/core/cli/model/test_show.py",
        "a table of models: the verb is run beside the one that shows a listed model",
    ),
    Elsewhere(
        (
            "sftsec_core/cli/model/promote.py",
            "sftsec_core/operations/promote.py",
        ),
        "tests/e2e/test_bad_input.py",
        "the registry decides: the verb is run on a rejected model, with and without --force",
    ),
    Elsewhere(
        (
            "sftsec_core/cli/package/elastic.py",
            "sftsec_core/cli/package/opensearch.py",
            "sftsec_core/cli/package/splunk.py",
        ),
        "tests/core/cli/package/test_packages.py",
        "the verbs of all packages keep the same promises, each of which is tried for each verb",
    ),
    Elsewhere(
        ("sftsec_core/operations/build_dataset.py",),
        "tests/core/cli/dataset/test_build.py",
        "two steps in a run, which have tests of their own: its verb is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/check_connectors.py",),
        "tests/core/cli/connector/test_check.py",
        "a call of each connector: its verb is run on one that works and on one that does not",
    ),
    Elsewhere(
        ("sftsec_core/operations/gc_tuning.py",),
        "tests/core/cli/test_root.py",
        "one setting of the interpreter that saves time: every process of `main` makes it",
    ),
    Elsewhere(
        ("sftsec_core/operations/signatures.py",),
        "tests/core/operations/test_increments.py",
        "a file between two stages of a run: data sets are the same with it and without",
    ),
    Elsewhere(
        ("sftsec_core/operations/ingesting.py",),
        "tests/e2e/test_killed.py",
        "it joins connector, dataset and run; what it adds is that a killed pull is resumed",
    ),
    Elsewhere(
        ("sftsec_core/operations/init_config.py",),
        "tests/core/cli/test_init.py",
        "its verb passes everything on and is run",
    ),
    Elsewhere(
        ("sftsec_core/bench/store_site.py", "sftsec_core/bench/store_steps.py"),
        "tests/core/bench/test_store.py",
        "the site of one benchmark and its steps: it is run on both databases",
    ),
    Elsewhere(
        ("sftsec_core/operations/label_stats.py",),
        "tests/core/cli/labels/test_stats.py",
        "its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/list_connectors.py",),
        "tests/core/cli/connector/test_list.py",
        "its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/list_gpus.py",),
        "tests/core/cli/gpu/test_list.py",
        "its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/release_gpu.py", "sftsec_core/cli/gpu/leases.py"),
        "tests/core/cli/gpu/test_release.py",
        "a lease is listed, released, and listed with its reason",
    ),
    Elsewhere(
        ("sftsec_core/operations/list_quarantine.py",),
        "tests/core/cli/quarantine/test_list.py",
        "a query of the store: its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/list_verdicts.py",),
        "tests/core/cli/labels/test_list.py",
        "a query of the store: its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/server/label_schemas.py", "sftsec_core/server/label_service.py"),
        "tests/core/server/test_label_routes.py",
        "requests, answers and refusals of one interface: its tests ask it over HTTP",
    ),
    Elsewhere(
        ("sftsec_core/server/tracing.py",),
        "tests/core/server/test_otel_tracing.py",
        "what makes no spans has the places where spans are made, which are seen there",
    ),
    Elsewhere(
        ("sftsec_core/server/state_schemas.py", "sftsec_core/server/state_service.py"),
        "tests/core/server/test_state_routes.py",
        "answers and refusals of one interface: its tests ask it over HTTP",
    ),
    Elsewhere(
        ("sftsec_core/operations/list_label_queue.py",),
        "tests/core/operations/test_judge_incidents.py",
        "a verdict takes an incident off what it lists, and taken back puts it there again",
    ),
    Elsewhere(
        ("sftsec_core/operations/predict.py",),
        "tests/core/cli/test_predict.py",
        "its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/review_labels.py", "sftsec_core/operations/label_summaries.py"),
        "tests/core/cli/labels/test_review.py",
        "its verb prints what it returns and is run, with and without a summary",
    ),
    Elsewhere(
        ("sftsec_core/operations/plugin_skeleton.py",),
        "tests/core/operations/test_new_plugin.py",
        "texts of files: they are written and linted, and their own tests run",
    ),
    Elsewhere(
        ("sftsec_core/operations/audit_anchor.py",),
        "tests/core/operations/test_export_audit.py",
        "what a push compares before it copies: forged logs are pushed there",
    ),
    Elsewhere(
        ("sftsec_core/operations/preview_incidents.py",),
        "tests/core/cli/connector/test_pull.py",
        "its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/read_audit.py",),
        "tests/core/cli/audit/test_tail.py",
        "a query of the log: its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/show_report.py", "sftsec_core/cli/figures.py"),
        "tests/core/cli/test_report.py",
        "the verb prints what it finds, of a model that was trained and of a damaged one",
    ),
    Elsewhere(
        ("sftsec_core/operations/work_files.py",),
        "tests/core/operations/test_unused.py",
        "the sizes, times and names that its survey decides on",
    ),
    Elsewhere(
        ("sftsec_core/operations/rollback.py",),
        "tests/core/cli/model/test_rollback.py",
        "a call of the registry: its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/set_up_connector.py",),
        "tests/e2e/test_opensearch.py",
        "a call of the connector: its verb is run on a search engine",
    ),
    Elsewhere(
        ("sftsec_core/operations/show_dataset.py",),
        "tests/core/cli/dataset/test_show.py",
        "its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/show_model.py",),
        "tests/core/cli/model/test_show.py",
        "a call of the registry: its verb prints what it returns and is run",
    ),
    Elsewhere(
        ("sftsec_core/operations/show_run.py",),
        "tests/core/cli/test_report.py",
        "its verb prints what it returns and is run",
    ),
    Elsewhere(
        (
            "sftsec_core/cli/run/cancel.py",
            "sftsec_core/cli/run/logs.py",
            "sftsec_core/cli/run/retry.py",
        ),
        "tests/core/cli/run/test_add.py",
        "one run is queued, cancelled, queued again and read, as a person would",
    ),
    Elsewhere(
        (
            "sftsec_core/cli/worker/drain.py",
            "sftsec_core/cli/worker/list.py",
            "sftsec_core/operations/manage_workers.py",
        ),
        "tests/core/cli/worker/test_run.py",
        "a worker that has run is listed and drained",
    ),
    Elsewhere(
        ("sftsec_core/cli/store/encrypt.py",),
        "tests/core/cli/store/test_rotate_key.py",
        "a state is encrypted by it before its key is changed",
    ),
    Elsewhere(
        ("sftsec_core/operations/sign_model.py",),
        "tests/core/cli/model/test_sign.py",
        "its verb prints what it returns and is run on a whole and on a damaged model",
    ),
    Elsewhere(
        ("sftsec_core/operations/verify_models.py",),
        "tests/core/cli/model/test_verify.py",
        "its verb prints what it returns and is run on a whole and on a damaged model",
    ),
    Elsewhere(
        (
            "sftsec_core/packages/build.py",
            "sftsec_core/packages/dashboards.py",
        ),
        "tests/core/packages/test_elastic.py",
        "parts of the builder of Elastic's package: a dashboard is built, and an archive written",
    ),
    Elsewhere(
        ("sftsec_core/packages/chart_options.py",),
        "tests/core/packages/test_saved_objects.py",
        "the looks of a chart, without a decision but its kind; a chart of a description has them",
    ),
    Elsewhere(
        ("sftsec_core/server/certificate.py",),
        "tests/core/server/test_endpoint.py",
        "a served certificate: bad ones end the start, a new one is what clients then see",
    ),
    Elsewhere(
        ("sftsec_core/server/error_responses.py",),
        "tests/core/server/test_app.py",
        "an error and its JSON form: every rejected request of the endpoint is one",
    ),
    Elsewhere(
        (
            "sftsec_core/testing/connector/asking.py",
            "sftsec_core/testing/connector/elsewhere.py",
            "sftsec_core/testing/connector/failing.py",
            "sftsec_core/testing/connector/parting.py",
            "sftsec_core/testing/connector/planted.py",
            "sftsec_core/testing/connector/planting.py",
            "sftsec_core/testing/connector/platform.py",
            "sftsec_core/testing/connector/pulling.py",
            "sftsec_core/testing/connector/pushing.py",
            "sftsec_core/testing/connector/reachable.py",
            "sftsec_core/testing/connector/resuming.py",
            "sftsec_core/testing/connector/secrecy.py",
            "sftsec_core/testing/elsewhere.py",
        ),
        "tests/contract/test_connector_contract.py",
        "parts of one contract: each of its tests must fail at least one wrong connector there",
    ),
    Elsewhere(
        ("sftsec_core/testing/disturbed.py",),
        "tests/core/testing/test_step.py",
        "another day for a plugin's modules: steps that read the clock or a hash are found with it",
    ),
)

CONNECTOR_ROWS: tuple[Elsewhere, ...] = (
    Elsewhere(
        ("connectors/sftsec_elastic/errors.py",),
        "tests/connectors/elastic/test_kibana.py",
        "an error class without code; the calls of Kibana that raise it are tested there",
    ),
    Elsewhere(
        (
            "connectors/sftsec_elastic/reference_client.py",
            "connectors/sftsec_opensearch/reference_client.py",
        ),
        "tests/connectors/search/test_reference_client.py",
        "each makes the vendor's client for the benchmark, which runs there on both engines",
    ),
    Elsewhere(
        ("connectors/sftsec_files/page.py",),
        "tests/connectors/files/test_pull.py",
        "how many records a page takes, and what it says of those that it cannot",
    ),
    Elsewhere(
        ("connectors/sftsec_files/errors.py",),
        "tests/connectors/files/test_readers.py",
        "error classes without code; they are raised there and in test_columns.py, "
        "test_sources.py and test_connector.py",
    ),
    Elsewhere(
        ("connectors/sftsec_files/lines.py", "connectors/sftsec_files/streams.py"),
        "tests/connectors/files/test_readers.py",
        "the bytes of every reader: gzip that breaks off, long lines, encodings and remedies",
    ),
    Elsewhere(
        ("connectors/sftsec_opensearch/config.py",),
        "tests/connectors/search/test_config.py",
        "adds names of indices and of a field; the rules of both engines are tried there together",
    ),
    Elsewhere(
        ("connectors/sftsec_search/errors.py",),
        "tests/connectors/search/test_faults_points.py",
        "an error class without code, raised and caught while a point in time is gone",
    ),
    Elsewhere(
        ("connectors/sftsec_search/fields.py",),
        "tests/packaging/elastic/test_fields.py",
        "a table, held there against the fields of the integration package; test_setup.py reads "
        "the mapping that an engine made of it",
    ),
    Elsewhere(
        ("connectors/sftsec_search/positions.py",),
        "tests/connectors/search/test_paging.py",
        "a position is two values within a cursor, and a pull resumes there from each cursor",
    ),
    Elsewhere(
        ("connectors/sftsec_search/push.py",),
        "tests/connectors/search/test_fetch.py",
        "looks up what is there and creates the rest: its two halves, fetch and bulk, meet there",
    ),
    Elsewhere(
        ("connectors/sftsec_search/requests.py",),
        "tests/connectors/opensearch/test_connector.py",
        "only OpenSearch keeps requests for labels in an index",
    ),
    Elsewhere(
        ("connectors/sftsec_splunk/connector.py",),
        "tests/connectors/splunk/test_contract.py",
        "hands each call to the module that does it; the contract makes every one of them",
    ),
    Elsewhere(
        ("connectors/sftsec_splunk/errors.py",),
        "tests/connectors/splunk/test_searches.py",
        "error classes without code: of failed searches, raised there, and of the event collector, "
        "raised in test_hec.py",
    ),
    Elsewhere(
        ("connectors/sftsec_splunk/positions.py",),
        "tests/connectors/splunk/test_slices.py",
        "a position is two values within a cursor, and a pull resumes there from each cursor",
    ),
    Elsewhere(
        ("plugins/sftsec_privacy/config.py",),
        "tests/plugins/privacy/test_privacy.py",
        "settings of the audit and of the recipe, read by what they are of",
    ),
    Elsewhere(
        ("plugins/sftsec_pii/config.py",),
        "tests/plugins/pii/test_redact.py",
        "a switch for each type, without a rule of its own; the switches are tried there",
    ),
    Elsewhere(
        ("plugins/sftsec_pii/span.py",),
        "tests/plugins/pii/test_patterns.py",
        "three values without a rule of their own, which every finder yields",
    ),
    Elsewhere(
        tuple(
            f"plugins/sftsec_pii/{name}.py"
            for name in ("assigned", "commands", "headers", "vendors", "values")
        ),
        "tests/plugins/pii/test_secrets.py",
        "families of one finder, which is tried there and on the plugin's lists",
    ),
    Elsewhere(
        ("plugins/sftsec_pii/logins.py", "plugins/sftsec_pii/persons.py"),
        "tests/plugins/pii/test_users.py",
        "what the finder of user names is made of",
    ),
    Elsewhere(
        tuple(f"plugins/sftsec_pii/{name}.py" for name in ("cards", "emails", "hosts", "phones")),
        "tests/plugins/pii/test_patterns.py",
        "what is found, what only looks alike and how long it takes stand there for all types",
    ),
    Elsewhere(
        ("sftsec_core/scoring/page_errors.py",),
        "tests/core/scoring/test_scorer.py",
        "what of a page cannot be scored shows in the page that is scored",
    ),
    Elsewhere(
        ("sftsec_core/operations/trained_task.py",),
        "tests/core/operations/test_score.py",
        "incidents are scored as the model was trained, whatever the configuration says",
    ),
    Elsewhere(
        ("sftsec_core/api/settings/split.py",),
        "tests/core/api/settings/test_task.py",
        "the settings of a split are a part of a task's",
    ),
    Elsewhere(
        (
            *("plugins/sftsec_ray/driver.py", "plugins/sftsec_ray/launcher.py"),
            "plugins/sftsec_ray/worker.py",
            "sftsec_core/bench/ray_nodes.py",
            *("sftsec_core/bench/ray.py", "sftsec_core/cli/bench/ray.py"),
        ),
        "tests/plugins/ray/test_cluster.py",
        "what they do needs a cluster; it is started once",
    ),
    Elsewhere(
        ("sftsec_core/cli/bench/vision.py",),
        "tests/core/bench/test_vision.py",
        "the command shows what the benchmark gives; its help and its error are snapshots",
    ),
    Elsewhere(
        ("plugins/sftsec_vision/decoder.py",),
        "tests/plugins/vision/test_pictures.py",
        "it runs in a process of its own, and what it makes of a picture is what the step gives",
    ),
    Elsewhere(
        ("plugins/sftsec_vision/prepare.py",),
        "tests/plugins/vision/test_augment.py",
        "pictures are opened and scaled there, and in the tests of each recipe",
    ),
    Elsewhere(
        ("plugins/sftsec_vision/head.py",),
        "tests/plugins/vision/test_recipe.py",
        "the head is what the contract of recipes tries on texts, and with pictures beside them",
    ),
    Elsewhere(
        ("plugins/sftsec_vision/network/efficientnet.py",),
        "tests/plugins/vision/network/test_backbone.py",
        "the network is right when it names what photographs show",
    ),
)

PLUGIN_ROWS: tuple[Elsewhere, ...] = (
    Elsewhere(
        ("plugins/sftsec_robust/scan.py",),
        "tests/plugins/robust/attacks/test_shell.py",
        "which words of a command may be rewritten shows in what bash then reads",
    ),
    Elsewhere(
        ("plugins/sftsec_robust/settings.py",),
        "tests/plugins/robust/test_transform.py",
        "settings of the plugin",
    ),
    Elsewhere(
        (
            "plugins/sftsec_robust/canonical/characters.py",
            "plugins/sftsec_robust/canonical/commands.py",
            "plugins/sftsec_robust/canonical/urls.py",
        ),
        "tests/plugins/robust/canonical/test_text.py",
        "parts of one spelling: each shows in the text as a model reads it",
    ),
    Elsewhere(
        ("plugins/sftsec_robust/hardened/model.py",),
        "tests/plugins/robust/hardened/test_train.py",
        "what is trained is saved, loaded and asked there",
    ),
)

TABLE = CORE_ROWS + EDGE_ROWS + CONNECTOR_ROWS + PLUGIN_ROWS

# Files of tests that follow no module of their own: they try a package as a whole, and how.
CORE_ACROSS: dict[str, str] = {
    "tests/core/evaluation/report/test_html_in_browser.py": "the report as a browser shows it",
    "tests/core/registry/test_registry_processes.py": "several processes at once, and killed ones",
    "tests/core/runner/test_year.py": "workers in simulated time, with faults",
    "tests/core/store/test_plans.py": "the plans of what is asked in a loop, on both databases",
    "tests/core/server/test_label_reasons.py": "the words that decided, in a real browser",
    "tests/core/scoring/test_killed.py": "a score killed at each point, from pull to receipt",
}

EDGE_ACROSS: dict[str, str] = {
    "tests/core/cli/package/test_packages.py": "what the verbs of all three packages keep",
    "tests/core/cli/test_access.py": "every command against every role",
    "tests/core/cli/test_canaries.py": "secrets that are planted everywhere and shown nowhere",
    "tests/core/cli/test_help.py": "the lists of commands of all groups",
    "tests/core/cli/test_root.py": "the root command, which is the package's own `__init__.py`",
}

CONNECTOR_ACROSS: dict[str, str] = {
    "tests/connectors/elastic/test_contract.py": "the connector's contract, on security alerts",
    "tests/connectors/files/test_contract.py": "the connector's contract, on files",
    "tests/connectors/search/test_contract.py": "the connector's contract, on both engines",
    "tests/connectors/search/test_faults_lost.py": "pull and push while an engine is killed",
    "tests/connectors/search/test_faults_points.py": "points in time and indices that vanish",
    "tests/connectors/search/test_faults_size.py": "large documents, and clusters that are busy",
    "tests/connectors/search/test_inputs.py": "forms of times, fields, names and words",
    "tests/connectors/search/test_readme.py": "the connectors' pages against their settings",
    "tests/connectors/splunk/test_contract.py": "the connector's contract, on every kind of source",
}

PLUGIN_ACROSS: dict[str, str] = {
    "tests/plugins/federated/test_sites.py": "a server and its sites, some of them hostile",
    "tests/plugins/privacy/test_account.py": "what trainings spend, through the command line",
    "tests/plugins/privacy/test_through_retrain.py": "the vote in a whole retraining",
    "tests/plugins/pii/test_patterns.py": "what all finders find and leave, and the time they take",
    "tests/plugins/vision/test_whole.py": "pictures from files to detections and the quarantine",
}

ACROSS = CORE_ACROSS | EDGE_ACROSS | CONNECTOR_ACROSS | PLUGIN_ACROSS
