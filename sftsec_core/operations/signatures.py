"""The signatures that an ingest made, kept in the run's folder until its data is split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.dataset.dedup.signatures import SignatureIndex
from sftsec_core.store.vault import create_file, open_file

if TYPE_CHECKING:
    from sftsec_core.operations.running import Run

FILE = "signatures.npz"


def keep_signatures(run: Run, index: SignatureIndex | None) -> None:
    """Write them; a run that was killed before they are read makes what it needs again."""
    if index is not None:
        with create_file(run.folder / FILE, run.context.vault) as stream:
            np.savez(stream, digests=index.digests, bands=index.bands, compact=index.compact)


def take_signatures(run: Run) -> SignatureIndex | None:
    """Read what `keep_signatures` wrote, and remove the file; None where there is none."""
    file = run.folder / FILE
    if not file.is_file():
        return None
    try:
        with (
            open_file(file, run.context.vault) as stream,
            np.load(stream, allow_pickle=False) as arrays,
        ):
            return SignatureIndex(arrays["digests"], arrays["bands"], arrays["compact"])
    except (OSError, ValueError, KeyError):
        return None  # a kill cut it off
    finally:
        file.unlink(missing_ok=True)
