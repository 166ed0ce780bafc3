"""The process that carries out a claimed run: `python -P -m sftsec_core.runner.child ORDER`.

ORDER is JSON, see `ChildOrder`. Standard output and error are the run's log: events as JSON
lines, and one line of the error. Standard input is a pipe that the worker holds open: its end
means that the worker is gone, and this process interrupts its run, which another worker resumes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sftsec_core.api.domain import Actor
from sftsec_core.api.errors import AuthorizationError, DiskFullError, LeaseLostError, SftsecError
from sftsec_core.operations.context import Context
from sftsec_core.operations.gc_tuning import raise_gc_thresholds
from sftsec_core.operations.jobs import run_job
from sftsec_core.operations.refusals import note_refusal
from sftsec_core.operations.stopping import sigterm_interrupts

if TYPE_CHECKING:
    from sftsec_core.api.domain import Event
    from sftsec_core.store.run_queue import ClaimedRun

INTERRUPTED = 130
ERROR = "error"


@dataclass(frozen=True, slots=True)
class ChildOrder:
    """What a worker tells the process.

    Attributes:
        config: the configuration file.
        run: the id of the run.
        fence: under which the worker claimed it.
        actor: on whose behalf.
        roles: the roles of the actor.
        nice: added to the niceness.
        grace_s: how long the process may go on once its worker is gone.
    """

    config: str
    run: str
    fence: int
    actor: str
    roles: tuple[str, ...]
    nice: int
    grace_s: float

    def to_json(self) -> str:
        """As the argument of the process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ChildOrder:
        """Read the argument."""
        values = json.loads(text)
        return cls(**{**values, "roles": tuple(values["roles"])})


def main() -> NoReturn:
    """Carry out the run that is named, and exit as the error says."""
    order = ChildOrder.from_json(sys.argv[1])
    os.nice(order.nice)
    raise_gc_thresholds()
    # Ctrl-C in the worker's terminal: the worker ends this process with SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_stop_with_the_worker, args=(order.grace_s,), daemon=True).start()
    code = _carry_out(order)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # torch takes a second to be torn down, and all that counts is on the disk


def _carry_out(order: ChildOrder) -> int:
    actor = Actor(order.actor, frozenset(order.roles), "worker")
    try:
        with (
            sigterm_interrupts(),
            Context.open(Path(order.config), actor=actor, sinks=(_write,)) as context,
        ):
            context.claimed = _claimed(context, order)
            try:
                run_job(context)
            except AuthorizationError as error:
                note_refusal(context, error)
                raise
    except KeyboardInterrupt:
        return _failed("KeyboardInterrupt", "interrupted", INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - any failure of a run is reported to the worker
        ours = error if isinstance(error, SftsecError) else DiskFullError.of(error)
        if ours is None or os.environ.get("SFTSEC_DEBUG"):
            import traceback

            traceback.print_exception(error)
        text = str(ours) if ours else f"{type(error).__name__}: {error}"
        return _failed(type(ours or error).__name__, text, ours.exit_code if ours else 1)
    return 0


def _claimed(context: Context, order: ChildOrder) -> ClaimedRun:
    claimed = context.store.queue.claimed(order.run, order.fence)
    if claimed is None:
        raise LeaseLostError(f"run {order.run} is another worker's already")
    return claimed


def _write(event: Event) -> None:
    print(json.dumps(event.to_json(), default=str), flush=True)


def _failed(name: str, text: str, code: int) -> int:
    print(json.dumps({ERROR: name, "text": " ".join(text.split())}), flush=True)
    return code


def _stop_with_the_worker(grace_s: float) -> None:
    # Not through `sys.stdin`: its lock, held by a daemon thread, would abort the exit.
    while os.read(0, 1):
        pass
    # To the main thread, which may wait in a call: another thread would leave it there.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    time.sleep(grace_s)
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
