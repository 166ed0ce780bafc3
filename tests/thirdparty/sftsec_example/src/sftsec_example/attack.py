"""The attack `example-brackets`: names of hosts as people write them who want no link: `a[.]b`."""

from __future__ import annotations

import re
from random import Random

from sftsec_core.api import AttackTarget, EmptyConfig

_DOT = re.compile(r"(?<=[a-z0-9])\.(?=[a-z]{2,}\b)", re.IGNORECASE)
_FORMS = ("[.]", "(.)", " dot ")


def brackets(config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Write the dots of names otherwise; a reader still types the name."""
    return _DOT.sub(random.choice(_FORMS), target.text)
