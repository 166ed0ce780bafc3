"""Requests to the scoring service, `sftsec serve`: the score of an event, the tasks and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .https_client import HttpsClient, ServerAddress
from .portable import (
    AppError,
    EventScore,
    HttpResponse,
    ResponseError,
    one_line,
    problem_detail,
    read_scores,
    repeat_while_busy,
)

_HINTS = {
    401: "the token is refused: check the asset",
    403: "the token may not be used for this",
}
_NOT_OURS = "the scoring service's answer is none of `sftsec serve`: check the asset's address"
_MAX_ERROR = 1000


@dataclass(frozen=True)
class ServedTask:
    """A task and its live model.

    Attributes:
        name: of the task.
        status: "ready", "loading", "failed" or "none".
        labels: its classes.
        benign: the benign class; "" where there is none.
        text_fields: those that the model reads, in order.
        model: the digest of the live model; "" where there is none.
        recipe: of the model; "" where there is none.
        threshold: the least probability of a detection; None without a model.
        error: why the newest model does not serve; "" when it does.
    """

    name: str
    status: str
    labels: tuple[str, ...]
    benign: str
    text_fields: tuple[str, ...]
    model: str
    recipe: str
    threshold: float | None
    error: str


class ServiceClient:
    """The service at an address; a context manager."""

    def __init__(self, address: ServerAddress) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            AppError: when the address cannot be used.
        """
        self._http = HttpsClient(address)

    def __enter__(self) -> ServiceClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.__exit__()

    def tasks(self) -> list[ServedTask]:
        """The tasks with their state.

        Raises:
            AppError: when the service does not list them.
        """
        found = _json(self._http.request("GET", "/v1/tasks"))
        try:
            return [_task(each) for each in found["tasks"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise AppError(_NOT_OURS) from None

    def task(self, name: str) -> ServedTask:
        """One task.

        Raises:
            AppError: when there is no task of that name.
        """
        tasks = {task.name: task for task in self.tasks()}
        if name not in tasks:
            raise AppError(f"there is no task {name!r}: the service has {', '.join(tasks)}")
        return tasks[name]

    def text_field(self, task: str) -> str:
        """The first text field that a task reads.

        Raises:
            AppError: when there is no such task, or it reads no text.
        """
        found = self.task(task).text_fields
        if not found:
            raise AppError(f"the task {task!r} reads no text field: give fields instead")
        return found[0]

    def score(self, task: str, fields: Mapping[str, Any]) -> EventScore:
        """Score an event.

        Raises:
            AppError: when it was not scored.
        """
        batch = {"task": task, "events": [{"id": 0, "fields": fields}]}
        body = _json(repeat_while_busy(lambda: self._http.request("POST", "/v1/score", batch)))
        try:
            (result,) = read_scores(body, 1)
        except ValueError:
            raise AppError(_NOT_OURS) from None
        if result.error:
            raise AppError(f"the event was not scored: {result.error}")
        return result


def _json(response: HttpResponse) -> Any:  # noqa: ANN401 - JSON
    if response.status == 200:
        return response.json()
    hint = _HINTS.get(response.status, "")
    cause = "; ".join(filter(None, (hint, problem_detail(response))))
    cause = cause or "no sftsec service is at this address"
    raise ResponseError(f"the scoring service answered {response.status}: {cause}", response.status)


def _task(found: Mapping[str, Any]) -> ServedTask:
    model = found["model"] or {"digest": "", "recipe": ""}
    threshold = found["threshold"]
    return ServedTask(
        _text(found["task"]),
        _text(found["status"]),
        _texts(found["labels"]),
        found["benign"] or "",
        _texts(found["text_fields"]),
        _text(model["digest"]),
        _text(model["recipe"]),
        None if threshold is None else float(threshold),
        one_line(found["error"] or "", _MAX_ERROR),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(map(_text, values))
