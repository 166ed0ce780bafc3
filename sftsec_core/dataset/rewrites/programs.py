"""Programs whose options mean the same in any order, with the options that are known of each.

An option that is missing here keeps the order of its whole command as it is: so do options of
which the last one wins, such as `ls -t -S`, and those that read what follows, such as `find -exec`.
"""

from __future__ import annotations

from dataclasses import dataclass

_LONG = "--"
_SLASH = "/"


@dataclass(frozen=True, slots=True)
class Program:
    """What is known of a program's options.

    Attributes:
        switches: options without a value.
        valued: options whose value is the next word.
        letters: switches of one letter, which may stand together (`-la`).
        ends: options that read all that follows them.
        windows: options may begin with a slash, and case does not matter; all are in lower case.
        joined: options that carry their value after this sign (`--output=x`, `/i:url`) need not be
            known.
    """

    switches: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    letters: str = ""
    ends: frozenset[str] = frozenset()
    windows: bool = False
    joined: str = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _unix(letters: str = "", switches: str = "", valued: str = "", joined: str = "") -> Program:
    return Program(_words(switches), _words(valued), letters, joined=joined)


def _windows(switches: str = "", valued: str = "", ends: str = "", joined: str = "") -> Program:
    return Program(_words(switches), _words(valued), "", _words(ends), windows=True, joined=joined)


_POWERSHELL = _windows(
    "-nop -noprofile -noni -noninteractive -nologo -noexit -sta -mta",
    "-w -windowstyle -ep -ex -exec -executionpolicy -inputformat -outputformat",
    "-c -command -f -file -e -ec -en -enc -encodedcommand",
)

PROGRAMS: dict[str, Program] = {
    "curl": _unix(
        "skLSfgi",
        "--silent --insecure --location --fail --compressed",
        "-o -A -X -d -u -x -m -e -H -T --output --user-agent --request --data --user --proxy "
        "--header --max-time --connect-timeout --retry",
    ),
    "df": _unix("haTi"),
    "du": _unix("shac"),
    "grep": _unix("irnvwlc", "", "-e -m -A -B"),
    "id": _unix("ugGn"),
    "ls": _unix("alhindFRs"),
    "netstat": _unix("antulpe"),
    "nmap": _unix(
        "",
        "-sS -sT -sU -sV -sC -sn -O -A -Pn -n -F -v -vv --open -T2 -T3 -T4 -T5",
        "-p -oN -oX -oG -oA -iL -e -D --script --top-ports --min-rate --max-retries",
    ),
    "ps": _unix("efl"),
    "ss": _unix("antulp"),
    "uname": _unix("asnrvmpio"),
    "wget": _unix(
        "qcNrb",
        "--quiet --no-check-certificate --recursive --background --continue",
        "-O -P -U -t -T -o --output-document --user-agent --tries --timeout --header --post-data",
        joined=_LONG,
    ),
    "certutil": _windows("-urlcache -split -f"),
    "msiexec": _windows("/q /qn /quiet /norestart", "/i /l*v"),
    "powershell": _POWERSHELL,
    "pwsh": _POWERSHELL,
    "reg add": _windows("/f /ve", "/v /t /d"),
    "reg delete": _windows("/f /ve /va", "/v"),
    "regsvr32": _windows("/s /n /u /e", joined=_SLASH),
    "schtasks /create": _windows(
        "/f /np /z /it",
        "/tn /tr /sc /mo /ru /rp /st /sd /ed /d /i /s /u /p /rl /xml /ri /et /du /delay",
    ),
    "taskkill": _windows("/f /t", "/im /pid /fi /s /u /p"),
    "tasklist": _windows("/svc /v /nh", "/s /u /p /fo /fi"),
}
"""By name in lower case without `.exe`, or name and first word where that decides."""
