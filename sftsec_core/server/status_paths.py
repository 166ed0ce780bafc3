"""The paths of the status pages, which ask for a log-in themselves."""

from __future__ import annotations

OVERVIEW, RUNS, SCHEDULES, GPUS = "/", "/runs", "/schedules", "/gpus"
LOGIN, LOGOUT, STYLE = "/login", "/logout", "/status.css"
PAGES = ((OVERVIEW, "Overview"), (RUNS, "Runs"), (SCHEDULES, "Schedules"), (GPUS, "GPUs"))
_OPEN = frozenset({LOGIN, LOGOUT, STYLE})
_RUN = f"{RUNS}/"


def is_status_page(path: str) -> bool:
    """Whether a path is one of the pages, or of what they need."""
    return path in _OPEN or any(path == page for page, _ in PAGES) or path.startswith(_RUN)


def own_path(path: str) -> str:
    """The same path where it is one of the pages, else the first: never another site's address."""
    rest = path.removeprefix(_RUN)
    is_run = rest != path and bool(rest) and all(c.isalnum() or c in "-/" for c in rest)
    return path if is_run or any(path == page for page, _ in PAGES) else OVERVIEW


def logged_path(path: str) -> str:
    """A path for the log: without the id of a run, which is text of the caller."""
    return f"{_RUN}..." if path.startswith(_RUN) else path
