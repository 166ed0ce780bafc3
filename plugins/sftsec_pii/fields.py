"""Field names that say what the value is."""

from __future__ import annotations

import re
from functools import lru_cache

from sftsec_pii.values import is_attack, is_word

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECRET = re.compile(
    r"(?:^|[._\-])(?:\w*passwords?|passwd|passwort|kennwort|pwd|pass|passphrase|authorization"
    r"|(?:set[_\-])?cookies?|(?:x[_\-])?api[_\-]?keys?|secrets?|\w+[_\-]secret|credentials?"
    r"|(?:\w+[_\-])?(?:access|refresh|auth|id|session|bearer|security|csrf)[_\-]token|token"
    r"|(?:\w+[_\-])?private[_\-]key(?:[_\-]pem)?|secret[_\-](?:access[_\-])?key|access[_\-]key"
    r"|account[_\-]key|encryption[_\-]key|connection[_\-]string|session_?id|psk|mysql_pwd)$"
)
# Names that tell what a bare number is, as the finders read them before it.
_NUMBER = re.compile(
    r"(?:^|[._\-])(?:ssn|social_security_(?:number|no)|(?:\w+_)?phones?(?:_?(?:number|no))?|mobile"
    r"|(?:\w+_)?mobile(?:_?(?:phone|number|no))|msisdn|telephone(?:_number)?|cell|fax)$"
)
_USER = re.compile(
    r"(?:^|[._\-])(?:(?:(?:src|dst|source|dest|destination|target|subject|effective|client|s|d|r)_?)?"
    r"user(?:[._]?name)?|suser|duser|(?:\w+_)?account_name|user_principal_name|logon_name"
    r"|login_name|sam_account_name|logname|acct)$"
)
_FULL = re.compile(
    r"(?:^|[._\-])(?:(?:user|actor|person|owner|employee|initiated_by)[._])?(?:full|display|given"
    r"|first|last|sur|family)_?name$"
)


@lru_cache(maxsize=8192)
def kind_of_field(name: str) -> str:
    """What a field of this name, dotted or not, holds: secret, number, user, full or nothing."""
    plain = _HUMP.sub("_", name).lower().replace("__", "_")
    for kind, pattern in (("secret", _SECRET), ("number", _NUMBER), ("user", _USER)):
        if pattern.search(plain):
            return kind
    return "full" if _FULL.search(plain) and "host" not in plain else ""


def is_secret_value(value: str) -> bool:
    """Whether the value may be a secret: neither a word about one, an attack nor a placeholder."""
    plain = value.strip().lower()
    return bool(plain) and not is_word(plain) and "<secret:" not in plain and not is_attack(plain)
