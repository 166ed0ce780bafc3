"""A served site: a context with real linear models, an endpoint in a thread, and its client."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

import sftsec_core.builtin
import sftsec_files.hooks
import sftsec_pii.hooks
from sftsec_core.api.contracts import TrainedModel, TrainJob
from sftsec_core.api.domain import Decision, Example, Incident, ModelRef, Threshold, Vote
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.config.load import validate
from sftsec_core.config.serve import ServeSettings
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.operations.preflight import check_against_plugins, read
from sftsec_core.plugins import Plugins
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.linear import train_linear
from sftsec_core.registry.serving import Serving
from sftsec_core.server.endpoint import Endpoint
from sftsec_core.testing.incidents import make_incidents
from tests.core.evaluation.rote_models import served_with

TASK = "mail"
LABELS = ("benign", "malicious")
TOKEN = "the-token-of-the-search-command"
OTHER = "the-token-of-another-client"
PATIENCE_S = 30
STEPS: Mapping[str, Mapping[str, Any]] = {"normalise": {}, "redact": {}}
YES = Decision(True, (Vote("test", True, "it is good enough"),))


def configuration(suppress: Sequence[str] = (), **serve: Any) -> dict[str, Any]:
    """The configuration of a site with one task, whose records lie in incidents.jsonl."""
    task = {
        "connector": "siem",
        "text": ["email.subject", "message"],
        "labels": {name: [name] for name in LABELS},
        "benign": "benign",
        "keep": ["host.name"],
        "suppress": {name: {} for name in suppress},
    }
    siem = {
        "type": "files",
        "paths": ["incidents.jsonl"],
        "output": "detections.jsonl",
        "id_scope": "source",  # clients name incidents by their own ids
    }
    tokens = {"splunk": "file:splunk.token", "soar": "file:soar.token"}
    return {
        "connectors": {"siem": siem},
        "tasks": {TASK: task, "empty": task},
        "serve": {"port": 0, "tokens": tokens, "wrong_token_delay": "0.01s", **serve},
    }


def write_secret(file: Path, text: str) -> None:
    """Write a file that its owner alone can read."""
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


@dataclass(slots=True)
class Site:
    """A folder with a configuration, and the context in it."""

    folder: Path
    context: Context

    @classmethod
    def make(
        cls,
        folder: Path,
        *plugins: object,
        suppress: Sequence[str] = (),
        siem: Mapping[str, Any] | None = None,
        **serve: Any,
    ) -> Site:
        """Write the configuration and open it with the built-in plugins and these."""
        for name, token in (("splunk", TOKEN), ("soar", OTHER)):
            write_secret(folder / f"{name}.token", token)
        tokens = {name: f"file:{folder}/{name}.token" for name in ("splunk", "soar")}
        file = folder / "sftsec.yaml"
        settings = configuration(suppress, **{"tokens": tokens, **serve})
        settings["connectors"]["siem"] |= siem or {}
        file.write_text(json.dumps(settings), encoding="utf-8")
        (folder / "incidents.jsonl").touch()
        built_in = (sftsec_core.builtin, sftsec_files.hooks, sftsec_pii.hooks)
        loaded = Plugins.of_modules(*built_in, *plugins)
        checked, _ = read(file)
        check_against_plugins(checked, loaded, file)
        return cls(folder, Context(file, checked, loaded, actor=local_admin("test")))

    @classmethod
    def live_model(cls, folder: Path, **given: Any) -> Site:
        """A site of two tasks, one of which has a live model, with 120 incidents."""
        made = cls.make(folder, **given)
        made.write(make_incidents(120, seed=5, labelled=0.0))
        made.promote(made.register())
        return made

    def write(self, incidents: Sequence[Incident]) -> None:
        """Write incidents where the files connector reads them."""
        lines = [orjson.dumps({"id": each.uid, **each.fields}) for each in incidents]
        (self.folder / "incidents.jsonl").write_bytes(b"\n".join(lines) + b"\n")

    def register(self, seed: int = 0, threshold: float = 0.5, task: str = TASK) -> ModelRef:
        """Train a linear model and register it; another seed makes another one."""
        serving = self.serving("linear", threshold, task)
        return self.context.registry.register(
            trained(self.context, seed), serving, {"seed": seed}, run_id=f"run-{seed}"
        )

    def serving(self, recipe: str, threshold: float = 0.5, task: str = TASK) -> Serving:
        parts = served_with(1.5, Threshold(threshold, "fixed", threshold))
        spec = self.context.task_spec(task)
        return Serving(
            spec,
            recipe,
            parts.saved_calibrator,
            parts.saved_decider,
            keep=("host.name",),
            steps=STEPS,
        )

    def promote(self, ref: ModelRef) -> None:
        self.context.registry.promote(ref.task, ref.digest, YES, by="test")

    def damage(self, ref: ModelRef) -> None:
        """Change one byte of a model's weights."""
        file = ref.folder / "linear.safetensors"
        body = bytearray(file.read_bytes())
        body[-1] ^= 1
        file.chmod(0o600)
        file.write_bytes(body)

    def point(self, ref: ModelRef) -> None:
        """Move the alias without a check of the model, as no command does."""
        live = self.context.registry.live(ref.task)
        expected = live.digest if live else None
        self.context.store.models.set_alias(
            ref.task, "live", ref.digest, expected=expected, by="test", reason="test"
        )

    def settings(self, **changes: Any) -> ServeSettings:
        base = self.context.settings.serve.model_dump()
        return validate(ServeSettings, {**base, **changes}, file=self.context.file)


def trained(context: Context, seed: int) -> TrainedModel:
    """A real linear model of synthetic incidents."""
    examples = [
        Example.of_text(each.uid, str(each.fields["message"]), each.verdicts[0].value)
        for each in make_incidents(300, seed=seed, labelled=1.0)
    ]
    spec = context.task_spec(TASK)
    job = TrainJob(
        task=spec,
        train=examples,
        dev=(),
        config=LinearConfig(),
        settings=TrainSettings(),
        workdir=context.folder,
    )
    return train_linear(job)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def detail(self) -> str:
        """The line of an error response; fails for another response."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["status"] == self.status
        return str(self.json["detail"])

    @property
    def results(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.raw
        found: list[dict[str, Any]] = self.json["results"]
        return found


@dataclass(slots=True)
class Client:
    """A client with a connection for each call."""

    url: str
    authority: Path | None = None
    token: str | None = TOKEN
    headers: dict[str, str] = field(default_factory=dict)

    def connect(self) -> http.client.HTTPConnection:
        place = urlsplit(self.url)
        assert place.hostname is not None
        if place.scheme == "http":
            return http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE_S)
        context = ssl.create_default_context(cafile=self.authority)
        return http.client.HTTPSConnection(
            place.hostname, place.port, timeout=PATIENCE_S, context=context
        )

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = self.connect()
        try:
            connection.request(method, path, body, {**self._headers(), **headers})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        return self.call("GET", path)

    def score(self, events: Sequence[Mapping[str, Any]], task: str = TASK) -> Reply:
        return self.call("POST", "/v1/score", orjson.dumps({"task": task, "events": list(events)}))

    def explain(self, events: Sequence[Mapping[str, Any]], task: str = TASK) -> Reply:
        body = orjson.dumps({"task": task, "events": list(events)})
        return self.call("POST", "/v1/explain", body)

    def text(self, *texts: str, task: str = TASK) -> Reply:
        return self.score([{"fields": {"message": text}} for text in texts], task)

    def _headers(self) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        return {**bearer, **self.headers}


@contextmanager
def running(endpoint: Endpoint, authority: Path | None = None) -> Iterator[Client]:
    """Answer in a thread until the block ends."""
    ready = threading.Event()
    thread = threading.Thread(target=endpoint.run, args=(ready.set,), name="endpoint")
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield Client(endpoint.url, authority)
    finally:
        endpoint.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def wait_until(client: Client, path: str, **wanted: Any) -> Reply:
    """Ask until the answer (of the first task) has these values."""
    pause = threading.Event()
    for _ in range(PATIENCE_S * 20):
        reply = client.get(path)
        state = reply.json["tasks"][0] if path == "/v1/tasks" else reply.json
        if all(state[name] == value for name, value in wanted.items()):
            return reply
        pause.wait(0.05)
    raise AssertionError(f"{path} never said {wanted}, but {reply.raw!r}")
