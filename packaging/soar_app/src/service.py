"""The scoring service, `sftsec serve`: an event in, its score out; which model serves what."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import AnswerError, AppError, one_line
from .server import Answer, Place, Server

_BUSY = (429, 503)
_TRIES = 3
_LONGEST_WAIT_S = 5
_ADVICE = {
    401: "the token is refused: look at the asset",
    403: "the token may not be used for this",
}
_STRANGE = "the scoring service's answer is none of `sftsec serve`: look at the asset's address"


@dataclass(frozen=True)
class Score:
    """What became of an event.

    Attributes:
        label: what was decided.
        probability: calibrated, of being an attack (of `label` in a task without a benign one).
        detection: whether `sftsec score` would raise it.
        threshold: what the probability had to reach.
        reason: why, in words, where there is more to say; "" else.
        model: the digest of the model that answered.
        recipe: how it was made.
        classes: the most probable classes with their probabilities, best first.
    """

    label: str
    probability: float
    detection: bool
    threshold: float
    reason: str
    model: str
    recipe: str
    classes: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Task:
    """A task and the model that serves it.

    Attributes:
        name: of the task.
        status: "ready", "loading", "failed" or "none".
        labels: its classes.
        benign: the one that is no attack; "" where there is none.
        text_fields: those that the model reads, by order.
        model: the digest of the model in service; "" where there is none.
        recipe: how it was made; "" where there is none.
        threshold: of a detection; None without a model.
        trouble: what keeps the newest model from serving; "" where nothing does.
    """

    name: str
    status: str
    labels: tuple[str, ...]
    benign: str
    text_fields: tuple[str, ...]
    model: str
    recipe: str
    threshold: float | None
    trouble: str


class Service:
    """The service at a place; a context manager."""

    def __init__(self, place: Place) -> None:
        """Get ready.

        Raises:
            AppError: when the place cannot be used.
        """
        self._server = Server(place)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def tasks(self) -> list[Task]:
        """What may be asked, and the state of it.

        Raises:
            AppError: when the service does not say.
        """
        answer = _checked(self._server.call("GET", "/v1/tasks"))
        try:
            return [_task(each) for each in answer["tasks"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise AppError(_STRANGE) from None

    def task(self, name: str) -> Task:
        """One task.

        Raises:
            AppError: when there is none of that name.
        """
        tasks = {task.name: task for task in self.tasks()}
        if name not in tasks:
            raise AppError(f"there is no task {name!r}: the service has {', '.join(tasks)}")
        return tasks[name]

    def text_field(self, task: str) -> str:
        """The first of the fields that a task reads.

        Raises:
            AppError: when there is no such task, or it reads none.
        """
        found = self.task(task).text_fields
        if not found:
            raise AppError(f"the task {task!r} reads no text field: give fields instead")
        return found[0]

    def score(self, task: str, fields: Mapping[str, Any]) -> Score:
        """Score an event.

        Raises:
            AppError: when it was not scored.
        """
        asked = {"task": task, "events": [{"id": 0, "fields": fields}]}
        answer = _checked(self._patiently(asked))
        try:
            (result,) = answer["results"]
            error = result.get("error")
            score = None if error is not None else _score(answer, result)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise AppError(_STRANGE) from None
        if score is None:
            raise AppError(f"the event was not scored: {one_line(error)}")
        return score

    def _patiently(self, asked: object) -> Answer:
        """Ask again while it says that it is busy; a few times."""
        for left in range(_TRIES - 1, -1, -1):
            answer = self._server.call("POST", "/v1/score", asked)
            if answer.status not in _BUSY or not left:
                break
            wait = answer.headers.get("retry-after", "1")
            time.sleep(min(int(wait) if wait.isdecimal() else 1, _LONGEST_WAIT_S))
        return answer


def _checked(answer: Answer) -> Any:  # noqa: ANN401 - JSON
    found = answer.json()
    if answer.status == 200:
        return found
    detail = one_line(found["detail"]) if isinstance(found, dict) and "detail" in found else ""
    advice = _ADVICE.get(answer.status, "")
    said = "; ".join(filter(None, (advice, detail))) or "no sftsec service is at this address"
    raise AnswerError(f"the scoring service answered {answer.status}: {said}", answer.status)


def _score(answer: Mapping[str, Any], result: Mapping[str, Any]) -> Score:
    model = answer["model"]
    classes = tuple((_text(each["label"]), _share(each)) for each in result["top_classes"])
    return Score(
        _text(result["label"]),
        _share(result),
        result["detection"] is True,
        float(answer["threshold"]),
        one_line(result.get("reason") or "", 1000),
        _text(model["digest"]),
        _text(model["recipe"]),
        classes,
    )


def _task(found: Mapping[str, Any]) -> Task:
    model = found["model"] or {"digest": "", "recipe": ""}
    threshold = found["threshold"]
    return Task(
        _text(found["task"]),
        _text(found["status"]),
        _texts(found["labels"]),
        found["benign"] or "",
        _texts(found["text_fields"]),
        _text(model["digest"]),
        _text(model["recipe"]),
        None if threshold is None else float(threshold),
        one_line(found["trouble"] or "", 1000),
    )


def _share(found: Mapping[str, Any]) -> float:
    share = float(found["probability"])
    if not 0 <= share <= 1:
        raise ValueError("no probability")
    return share


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(map(_text, values))
