"""sftsec for Splunk SOAR: scores events, submits verdicts, lists the live models.

The actions are thin. Their work is in the modules beside this one, which do not import the SDK.
"""

# No `from __future__ import annotations` here: the SDK reads the annotations when it is imported.
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ConfigDict
from soar_sdk.abstract import SOARClient
from soar_sdk.action_results import ActionOutput, OutputField
from soar_sdk.app import App
from soar_sdk.asset import AssetField, BaseAsset
from soar_sdk.exceptions import ActionFailure
from soar_sdk.logging import progress
from soar_sdk.params import Param, Params

from .event import Fields, read_fields
from .https_client import ServerAddress
from .portable import AppError, detection_id, event_fields, incident_uid
from .service_client import ServiceClient
from .splunk_verdicts import SplunkVerdicts
from .verdicts import new_verdict, submit

_DEFAULT_TIMEOUT_S = 30.0


class Asset(BaseAsset):
    """Addresses, tokens and certificates of the service and the search head."""

    # An error of a setting must not repeat the tokens beside it.
    model_config = ConfigDict(hide_input_in_errors=True)

    service_url: str = AssetField(
        description="Address of `sftsec serve`, https://host:8765",
        required=True,
    )
    service_token: str = AssetField(
        description="Token of the service, one of serve.tokens of sftsec.yaml",
        required=True,
        sensitive=True,
    )
    service_ca: str | None = AssetField(
        description="CA certificate that signed the service's, PEM; empty for the system's",
        required=False,
        is_file=True,
    )
    timeout: float = AssetField(
        description="Seconds that one answer may take",
        required=False,
        default=_DEFAULT_TIMEOUT_S,
    )
    splunk_url: str | None = AssetField(
        description="Management port of the search head with the app sftsec, https://host:8089; "
        "empty when no verdicts are submitted",
        required=False,
    )
    splunk_token: str | None = AssetField(
        description="Splunk authentication token of a user with the role sftsec_analyst",
        required=False,
        sensitive=True,
    )
    splunk_ca: str | None = AssetField(
        description="CA certificate that signed Splunk's, PEM; empty for the system's",
        required=False,
        is_file=True,
    )

    def service(self) -> ServiceClient:
        """A client of the scoring service.

        Raises:
            AppError: when the asset's settings cannot be used.
        """
        token, ca = self.service_token or "", self.service_ca or ""
        url = self.service_url or ""
        return ServiceClient(ServerAddress("the scoring service", url, token, ca, self.timeout))

    def verdicts(self) -> SplunkVerdicts:
        """The verdicts on the search head.

        Raises:
            AppError: when the asset names none, or its settings cannot be used.
        """
        if not self.splunk_url:
            raise AppError("the asset names no Splunk: set splunk_url and splunk_token")
        token, ca = self.splunk_token or "", self.splunk_ca or ""
        return SplunkVerdicts(
            ServerAddress("Splunk", self.splunk_url, token, ca, self.timeout, old_ca=True)
        )


app = App(
    asset_cls=Asset,
    name="sftsec",
    appid="4ecd0135-18dd-49b6-9fd7-855c0531c75c",
    app_type="information",
    product_vendor="sftsec",
    product_name="sftsec",
    publisher="sftsec",
    logo="logo.svg",
    logo_dark="logo_dark.svg",
    python_version="3.13",
    min_phantom_version="7.0.0",
)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Report an error as one line; a trace could quote an event."""
    try:
        yield
    except AppError as error:
        raise ActionFailure(str(error)) from None
    except Exception as error:  # noqa: BLE001 - the last resort; its message may quote an event
        raise ActionFailure(
            f"the action failed ({type(error).__name__}): please report this"
        ) from None


@app.test_connectivity()
def test_connectivity(asset: Asset) -> None:
    """List the tasks of the service, and check that the Splunk token's user may label."""
    with _one_line_errors():
        with asset.service() as service:
            tasks = service.tasks()
        live = sum(bool(task.model) for task in tasks)
        progress(f"The scoring service has {len(tasks)} tasks; {live} of them have a live model.")
        if not asset.splunk_url:
            progress("The asset names no Splunk: verdicts cannot be submitted.")
            return
        with asset.verdicts() as collection:
            collection.check_capability()
            progress(f"Splunk takes the verdicts {', '.join(collection.values())}.")


class ScoreParams(Params):
    """The event to score."""

    task: str = Param(description="Task of sftsec.yaml", primary=True)
    text: str | None = Param(
        description="Text to score; it becomes the task's first text field",
        required=False,
    )
    fields: str | None = Param(
        description="Fields of the event, a JSON object, nested or with dotted names",
        required=False,
    )
    incident_uid: str | None = Param(
        description="Name of the event, returned with the score; default: from its fields",
        required=False,
        cef_types=["sftsec incident uid"],
    )


class ClassOutput(ActionOutput):
    """One class with its calibrated probability."""

    label: str = OutputField(example_values=["malicious"])
    probability: float = OutputField(example_values=[0.97])


class ScoreOutput(ActionOutput):
    """The score of the event by the live model."""

    label: str = OutputField(example_values=["malicious"], column_name="Label")
    probability: float = OutputField(example_values=[0.97], column_name="Probability")
    detection: bool = OutputField(column_name="Detection")
    threshold: float = OutputField(example_values=[0.5])
    reason: str = OutputField(example_values=["suppressed: maintenance"], column_name="Reason")
    model: str = OutputField(example_values=["f9c5"], column_name="Model")
    recipe: str = OutputField(example_values=["linear"])
    task: str = OutputField(example_values=["phishing"])
    incident_uid: str = OutputField(
        example_values=["AB12@@notable@@f9c5"], cef_types=["sftsec incident uid"]
    )
    detection_id: str = OutputField(
        example_values=["3e510f08657b7b35b7cbbdf996ab94a2afbbf2c3"],
        cef_types=["sftsec detection id"],
    )
    classes: list[ClassOutput]


@app.action(
    name="score event",
    description="Score an event with the live model",
    action_type="investigate",
    read_only=True,
    verbose="Nothing is stored. Fields that hold a verdict or a score are not sent.",
    render_as="table",
)
def score_event(params: ScoreParams, soar: SOARClient, asset: Asset) -> ScoreOutput:
    """Ask the service for an event's score."""
    with _one_line_errors():
        fields = read_fields(params.fields or "")
        inputs = event_fields(fields)
        with asset.service() as service:
            if params.text:
                inputs[service.text_field(params.task)] = params.text
            if not inputs:
                raise AppError("there is nothing to score: give text, or fields")
            score = service.score(params.task, inputs)
    detected = "a detection" if score.detection else "no detection"
    uid = _uid(fields, params.incident_uid)
    soar.set_message(f"{score.label} ({score.probability:.3f}): {detected}")
    return ScoreOutput(
        label=score.label,
        probability=score.probability,
        detection=score.detection,
        threshold=score.threshold,
        reason=score.reason,
        model=score.model,
        recipe=score.recipe,
        task=params.task,
        incident_uid=uid,
        # Only a named incident has a detection that `sftsec score` would push under this id.
        detection_id=detection_id(score.model, uid, score.inputs_digest)
        if uid and score.detection
        else "",
        classes=[ClassOutput(label=name, probability=p) for name, p in score.classes],
    )


class VerdictParams(Params):
    """The verdict and its incident."""

    verdict: str = Param(description="One of the verdicts that the Splunk app offers", primary=True)
    incident_uid: str | None = Param(
        description="Name of the incident; default: from its fields, as in the Splunk app",
        required=False,
        cef_types=["sftsec incident uid"],
    )
    analyst: str | None = Param(
        description="Who gave it; empty when the playbook did, which makes it automated",
        required=False,
        cef_types=["user name"],
    )
    reason: str | None = Param(description="Why", required=False)
    fields: str | None = Param(
        description="Fields of the event, a JSON object: models are trained on them",
        required=False,
    )
    task: str | None = Param(description="Task that it is for; default: all", required=False)


class VerdictOutput(ActionOutput):
    """The stored verdict."""

    state: str = OutputField(example_values=["saved", "already saved"], column_name="State")
    incident_uid: str = OutputField(
        example_values=["AB12@@notable@@f9c5"],
        cef_types=["sftsec incident uid"],
        column_name="Incident",
    )
    verdict: str = OutputField(example_values=["malicious"], column_name="Verdict")
    analyst: str = OutputField(example_values=["ann", "soar"], column_name="Analyst")
    automated: bool = OutputField(column_name="Automated")
    key: str = OutputField(example_values=["0f3a"])


@app.action(
    name="submit verdict",
    description="Submit a verdict on an incident, which models are trained on",
    action_type="generic",
    read_only=False,
    verbose="It is added to the collection sftsec_verdicts of the Splunk app. The same verdict "
    "again adds nothing; nothing is ever changed or deleted.",
    render_as="table",
)
def submit_verdict(params: VerdictParams, soar: SOARClient, asset: Asset) -> VerdictOutput:
    """Add a verdict to the Splunk app's collection."""
    with _one_line_errors():
        fields = read_fields(params.fields or "")
        uid = _uid(fields, params.incident_uid)
        if not uid:
            raise AppError(
                "the event has no lasting name: give incident_uid, or fields with "
                "incident_uid, event_id, finding_id, or _bkt and _cd"
            )
        new = new_verdict(
            params.verdict.strip(),
            (params.analyst or "").strip(),
            (params.reason or "").strip(),
            (params.task or "").strip(),
            time.time(),
        )
        with asset.verdicts() as collection:
            submitted = submit(collection, uid, new, fields)
    soar.set_message(f"{new.verdict} on {uid}: {submitted.state}")
    return VerdictOutput(
        state=submitted.state,
        incident_uid=uid,
        verdict=new.verdict,
        analyst=new.analyst,
        automated=new.automated,
        key=submitted.key,
    )


class ReportParams(Params):
    """The task to report."""

    task: str | None = Param(
        description="Task of sftsec.yaml; default: all", required=False, primary=True
    )


class TaskOutput(ActionOutput):
    """A task and its live model."""

    task: str = OutputField(example_values=["phishing"], column_name="Task")
    status: str = OutputField(
        example_values=["ready", "loading", "failed", "none"], column_name="Status"
    )
    model: str = OutputField(example_values=["f9c5"], column_name="Model")
    recipe: str = OutputField(example_values=["linear"], column_name="Recipe")
    threshold: float | None = OutputField(example_values=[0.5], column_name="Threshold")
    error: str = OutputField(example_values=["the model's file was changed"])
    benign: str = OutputField(example_values=["benign"])
    labels: list[str] = OutputField(example_values=["malicious", "benign"])
    text_fields: list[str] = OutputField(example_values=["message"])


@app.action(
    name="get report",
    description="List the live model of each task and its state",
    action_type="investigate",
    read_only=True,
    render_as="table",
)
def get_report(params: ReportParams, soar: SOARClient, asset: Asset) -> list[TaskOutput]:
    """List the tasks of the service."""
    with _one_line_errors(), asset.service() as service:
        tasks = [service.task(params.task)] if params.task else service.tasks()
    live = sum(bool(task.model) for task in tasks)
    soar.set_message(f"{len(tasks)} tasks; {live} of them have a live model")
    return [
        TaskOutput(
            task=task.name,
            status=task.status,
            model=task.model,
            recipe=task.recipe,
            threshold=task.threshold,
            error=task.error,
            benign=task.benign,
            labels=list(task.labels),
            text_fields=list(task.text_fields),
        )
        for task in tasks
    ]


def _uid(fields: Fields, given: str | None) -> str:
    """The name that the playbook gives, or else the event's own."""
    return (given or "").strip() or incident_uid(fields)


if __name__ == "__main__":
    app.cli()
