"""Another day and another process, as far as a plugin's own modules can tell."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import patch

_AHEAD = datetime.timedelta(days=400, hours=7)


@contextmanager
def another_day(*parts: object) -> Iterator[None]:
    """Move the clock 400 days ahead, and salt `hash()` otherwise, for a plugin's modules.

    Args:
        parts: functions, classes or objects of the plugin; the modules beside theirs are meant.
    """
    fakes = _fakes()
    salted = lambda value: hash(("another process", value))  # noqa: E731 - it replaces a builtin
    changes = [
        (module, {**_replaced(module, fakes), "hash": getattr(module, "hash", salted)})
        for module in _modules(parts)
    ]
    patches = [patch.multiple(module, create=True, **names) for module, names in changes]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in reversed(patches):
            each.stop()


def _modules(parts: tuple[object, ...]) -> list[ModuleType]:
    """The modules in the packages of these things."""
    named = [getattr(part, "__module__", None) or type(part).__module__ for part in parts]
    packages = {name.rpartition(".")[0] or name for name in named}
    return [
        module
        for name, module in sorted(sys.modules.items())
        if name in named or name.rpartition(".")[0] in packages
    ]


def _replaced(module: ModuleType, fakes: list[tuple[object, object]]) -> dict[str, Any]:
    found = {}
    for name, value in vars(module).items():
        for real, fake in fakes:
            if value is real:
                found[name] = fake
    return found


def _fakes() -> list[tuple[object, object]]:
    """What stands for the clock, under each name by which a module can have imported it."""

    def later(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: function(*(args or (time.time() + _AHEAD.total_seconds(),)))

    names = {
        "time": lambda: time.time() + _AHEAD.total_seconds(),
        "time_ns": lambda: time.time_ns() + int(_AHEAD.total_seconds()) * 10**9,
        "localtime": later(time.localtime),
        "gmtime": later(time.gmtime),
    }
    classes = {"datetime": _LaterDatetime, "date": _LaterDate}
    times, dates = ModuleType("time"), ModuleType("datetime")
    vars(times).update({**vars(time), **names})
    vars(dates).update({**vars(datetime), **classes})
    single = [(getattr(time, name), fake) for name, fake in names.items()]
    single += [(getattr(datetime, name), fake) for name, fake in classes.items()]
    return [(time, times), (datetime, dates), *single]


class _Instances(type):
    """A fake class that takes the real one's objects for its own."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])


class _LaterDatetime(datetime.datetime, metaclass=_Instances):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:  # noqa: ANN401 - a datetime
        return datetime.datetime.now(tz) + _AHEAD

    @classmethod
    def today(cls) -> Any:  # noqa: ANN401 - a datetime
        return datetime.datetime.today() + _AHEAD  # noqa: DTZ002 - what it stands for

    @classmethod
    def utcnow(cls) -> Any:  # noqa: ANN401 - a datetime
        return datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + _AHEAD


class _LaterDate(datetime.date, metaclass=_Instances):
    @classmethod
    def today(cls) -> Any:  # noqa: ANN401 - a date
        return datetime.date.today() + _AHEAD  # noqa: DTZ011 - what it stands for
