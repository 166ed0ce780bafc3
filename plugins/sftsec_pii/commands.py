"""Finds passwords in commands and protocols that take one without naming it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from operator import or_

from sftsec_pii.span import Span, groups
from sftsec_pii.values import is_attack, is_word
from sftsec_pii.words import ScannedText, family

_ARGUMENT = r"(?:\\?\"([^\"\n<\\]{1,128})\\?\"|'([^'\n<]{1,128})'|([^\s\"'<|;&][^\s\"'<]{2,2048}+))"
_REST = r"[^\n|;]{0,160}?"
# Words of a program, and what stands before its password; -p, -P, -w or -a is never a port there.
_PROGRAMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("mysql", "mariadb"),
        rf"\b(?:mysql(?:dump|admin|import|show)?|mariadb(?:-dump)?)\b{_REST} -p(?=[^\s\-])"
        r"(?!rint0?\b|rotocol|ager\b|une\b)"
        rf"|\b(?:mysql|mariadb)(?:dump)?\b{_REST} -u ?\S{{1,64}} -p (?=\S*[\d!#$%*])"
        rf"|\b(?:mysql|mariadb-)admin\b{_REST} password ",
    ),
    (("sshpass",), r"\bsshpass -p ?"),
    (
        ("exec", "winrm", "crackmap", "cme ", "nxc ", "hydra", "medusa"),
        r"\b(?:psexec(?:64|svc)?|paexec|evil-winrm|crackmapexec|cme|netexec|nxc|hydra|medusa|wmiexec)"
        rf"(?:\.exe|\.py)?\b{_REST} -p "
        r"|\b(?:psexec|wmiexec|smbexec|atexec)\.py [^\s<]{0,64}?:(?=[^\s/])",
    ),
    (
        ("impacket", "secretsdump", "getuserspns", "gettgt", "getst.", "getnpusers", "dcomexec"),
        r"\b(?:impacket-\w{2,24}|(?:secretsdump|getuserspns|gettgt|getst|getnpusers|dcomexec)\.py)"
        r" [^\s<]{0,64}?:(?=[^\s/])",
    ),
    (
        ("rdesktop", "docker login", "az login", "podman login", "ncftp", "sqlcmd", "osql", "bcp "),
        r"\b(?:rdesktop|docker login|az login|podman login|ncftp(?:put|get)?|bcp|sqlcmd|osql)\b"
        rf"{_REST} -p[ =]|\b(?:sqlcmd|osql|bcp)\b{_REST} -P ?",
    ),
    (
        ("mongo", "influx", "cqlsh", "beeline", "login", "smbmap", "enum4linux", "bloodhound"),
        r"\b(?:mongo(?:sh|dump|restore|import|export)?|influx|cqlsh|beeline|smbmap|enum4linux(?:-ng)?"
        r"|bloodhound-python|(?:oc|cf|helm|skopeo|buildah|nerdctl|registry|acr) login)\b"
        rf"{_REST} -p (?=[^\s\-])",
    ),
    (("certipy", "ldapdomaindump", "kerbrute"), rf"\b(?:certipy|ldapdomaindump)\b{_REST} -p "),
    (("ipmitool", "mosquitto"), rf"\b(?:ipmitool|mosquitto_\w{{3}})\b{_REST}(?-i: -P )"),
    (("freerdp", "winrs", "mstsc"), rf"\b(?:xfreerdp|wfreerdp|winrs)\b{_REST} [/-]p(?:assword)?:"),
    (("-pw ",), rf"\b(?:plink|pscp|psftp|putty|kitty)(?:\.exe)?\b{_REST} -pw "),
    (("schtasks",), rf"\bschtasks(?:\.exe)?\b{_REST} /p "),
    (("/pass", "/rp", "pass:"), r"(?<=\s)/(?:pass|password|rp)(?::| )|(?<= )pass:"),
    (
        ("7z", "rar ", "rar.exe", "zip "),
        rf"\b7z[ar]?(?:\.exe)? [axeltu]\b{_REST} ?-p(?=\S)"
        rf"|\b(?:un)?rar(?:\.exe)? [aexltv]\b{_REST} -h?p(?=\S)"
        rf"|\bunzip {_REST}(?-i:-P) |\bzip {_REST}(?-i:-P) ",
    ),
    (
        ("smbclient", "rpcclient", "net rpc", "net ads", "wmic ", "winexe", "smbget"),
        rf"\b(?:smbclient|rpcclient|net (?:rpc|ads)|winexe|smbget)\b{_REST}(?: -U ?|--user=)"
        r"[\"']?(?:[\w.\-]{1,64}[\\/])?[\w.\-]{1,64}%",
    ),
    (("ssh-keygen",), rf"\bssh-keygen\b{_REST}(?-i: -N )"),
    (("ssh-keygen",), rf"\bssh-keygen\b{_REST}(?-i: -P )"),
    (("alias set",), r"\bmc (?:-\S{1,32} )?alias set \S{1,64} \S{1,256} \S{1,128} "),
    (("etcdctl",), rf"\betcdctl\b{_REST} --user[ =][\w.\-]{{1,64}}:"),
    (
        ("wandb login", "snyk auth", "authtoken", "--auth"),
        r"\b(?:wandb login|snyk auth|ngrok (?:config add-)?authtoken) (?=\S{20})"
        r"|(?<=\s)--auth-?key[ =](?=\S{16})|(?<=\s)--auth[ =](?=[^\s:]{20})",
    ),
    (("nmcli",), rf"\bnmcli\b{_REST} (?:password|wifi-sec\.psk) "),
    (("netsh",), rf"\bnetsh wlan\b{_REST} key(?:material)?="),
    (("openssl",), rf"\bopenssl (?:enc|[a-z0-9\-]{{3,16}})\b{_REST} -k "),
    (
        ("htpasswd",),
        r"\bhtpasswd (?:-[a-z]{1,8} ){0,3}-[a-z]{0,6}b[a-z]{0,6} (?:-[a-z]{1,8} ){0,3}"
        r"(?:[^\s\-]\S{0,127} ){1,2}(?=\S{1,128}\s*$)",
    ),
    (
        ("rabbitmqctl",),
        r"\brabbitmqctl (?:-\S{1,64} ){0,2}(?:add_user|change_password|authenticate_user)"
        r" \S{1,64} ",
    ),
    (
        (" password ", "\tpassword ", "\npassword "),
        r"\blogin\s{1,8}\S{1,64}\s{1,8}(?:account\s{1,8}\S{1,64}\s{1,8})?password\s{1,8}(?=\S)",
    ),
    (("defaultpassword",), r"\bdefaultpassword[\"']? (?:/t reg_sz )?/d "),
    (
        ("networkcredential", "pscredential"),
        r"credential\]?(?:::new)?\(\s?[\"'][^\"'\n]{1,64}[\"'],\s?(?=[\"'])",
    ),
    (("securestring",), r"\bconvertto-securestring (?:-string )?(?=[\"'])"),
    (
        ("net ", "net.exe", "net1"),
        r"\bnet1?(?:\.exe)?[\"']? {1,4}user {1,4}(?:/[a-z]{1,8} {1,4}){0,2}(?:\"[^\"\n]{1,64}\""
        r"|[\w.\-]{1,64}) {1,4}"
        r"(?![/*])|\bnet1?(?:\.exe)? {1,4}use [^\n|;]{0,96}?/u(?:ser)?:\S{1,64} (?![/])"
        r"|\bnet1?(?:\.exe)? {1,4}use (?:[a-z*]: )?\\\\[^\s]{1,128} (?![/])",
    ),
    (("redis-cli",), rf"\bredis-cli\b{_REST} (?:-a|--pass) "),
    (("ldap",), rf"\bldap(?:search|modify|add|delete|passwd|whoami)\b{_REST} -w ?(?=\S)"),
    (("<<<",), r"\b(?:kinit \S{1,64}|sudo -S|passwd --stdin \S{1,64}) ?<<< ?"),
    (("useradd", "usermod"), rf"\b(?:useradd|usermod)\b{_REST} -p "),
    (("dsadd", "dsmod"), rf"\b(?:dsadd|dsmod)\b{_REST} -pwd "),
    (
        (
            "-pass",
            "-token",
            "bearer",
            "keypass",
            "storepass",
            "-secret",
            "-key",
        ),
        r"(?<=\s)--?(?:store|key|src|dest)(?:store)?pass |(?<=\s)--?passphrase[ =]"
        r"|(?:(?<=\s)|^)--?(?:http-|ftp-|proxy-|oauth2-)?"
        r"(?:passwor[dt]|passwd|bearer|auth-token|token)(?: |=)"
        r"|(?:(?<=\s)|^)--(?:[a-z]{2,16}-){0,2}?(?:password|secret|(?:account|api|access|secret|auth|license"
        r"|master|primary|shared|storage|sas|refresh|session)-(?:key|token))(?: |=)(?!-)"
        r"|\s-pass(?:in|out)? pass:",
    ),
    (
        ("snmp",),
        rf"\bsnmp(?:walk|get|set|bulkwalk)\b{_REST} -[cAXa] (?!md5|sha)|\bsnmp-server community ",
    ),
    (("snmp",), r"(?<= )(?-i:-X) (?=\S{1,64} [\w.\-]{1,64}$)(?!(?:GET|POST|PUT|DELETE|HEAD) )"),
    (("sqlplus", "oracle:thin"), r"\bsqlplus(?: -\w)? \w{1,32}/|\bjdbc:oracle:thin:\w{1,32}/"),
    (("lftp",), r"\blftp -u \w{1,32},"),
    (
        ("enable ", "password "),
        r"\benable (?:secret|password) (?:\d )?|\bpassword (?:[057] )(?=[0-9A-Fa-f$])",
    ),
    (
        (" psk ", "pre-shared-key ", "passphrase "),
        r"\b(?:psk|pre-shared-key|passphrase) (?:\d )?(?=[\"'])",
    ),
    (("password ",), r"-(?<=\s-)[a-z]{2,24}password (?!-)"),  # -AdminPassword x
    (
        ("password ",),
        # "the password is" and "password sha256" are prose; letters and digits together are none.
        r"password (?<!\wpassword )(?:\d )?(?!sha\d|md\d|ntlm|base\d|\w{1,12}://|[\w\-]{1,16}=|v\d)"
        r"(?=[^\s,.;:()/\\\"'<>]{0,32}[A-Za-z])(?=[^\s,.;:()/\\\"'<>]{0,32}\d)",
    ),
    (("requirepass", "vncpasswd"), r"\b(?:requirepass|vncpasswd) (?!-)(?=\S{4,128}\s*$)"),
    (
        ("signtool", "certutil -p", "-importpfx"),
        r"\bsigntool\b[^\n|;]{0,160}? /p |\bcertutil\b[^\n|;]{0,96}? -p ",
    ),
    (("-server key", "-server host"), r"-server (?:host \S{1,64} )?key (?:\d )?"),
    (("key s:",), r"\biw(?:config|ctl)?\b[^\n|;]{0,64}? key s:"),
    (("key content",), r"\bkey content\s{0,16}: "),
    (
        ("login attempt",),
        r"\blogin attempt \[(?:b?['\"])?[^/\]'\"\n]{0,64}['\"]?/(?:b(?=['\"]))?(?=[^\]\n]{3})",
    ),
    (("identified by",), r"\bidentified by (?=['\"])"),
    (("set ", "setx "), r"\b(?:set|setx) [\w]{0,32}pass(?:word|wd)? (?=[\"'])"),
    (("http ", "https ", "xh "), rf"\b(?:https?|xh) (?:-\w )?{_REST}(?:-a|--auth) \w{{1,64}}:"),
    (("pass ",), r"^pass (?=\S+\s*$)|(?<=\n)pass |(?-i:(?<=: )PASS )(?=\S{3,128}\s*$)"),
    ((" login ",), r"^\w{1,8} login \S{1,64} (?=\S+$)"),
)
_COMMANDS = tuple(
    (family(*words), re.compile(f"(?i)(?:{before}){_ARGUMENT}")) for words, before in _PROGRAMS
)
_ANY_COMMAND = reduce(or_, (bit for bit, _ in _COMMANDS))
_ECHO = family("echo ", "printf ", "print ", "write-output ")
_FETCHERS = family("curl", "wget")
_URLS = family("://")
_HASHES = family("$", ":::")
COMMAND_WORDS = _ANY_COMMAND | _ECHO | _FETCHERS | _URLS | _HASHES
_ECHOED = re.compile(
    r"(?i)\b(?:echo|printf|print|write-output) (?:-\w{1,2} )?[\"']?(?:[\w.\-]{1,32}:)?"
    r"([^\s\"'<>|:]{3,128})[\"']? ?\|\s?"
    r"(?:[^|\n]{0,128}?--(?:password|passphrase|token)-(?:stdin|fd)"
    r"|sudo (?:-\w )*?-S|(?:sudo )?chpasswd|(?:sudo )?passwd\b|cryptsetup|su\b|kinit|mysql_config)"
)
_CURL = re.compile(
    r"(?i)\b(?:curl|wget|httpie)\b[^\n|;]{0,256}?(?<=\s)(?:-u|--user|--proxy-user|-U)[ =]?"
    r"(?![\"']?[a-z]{2,8}://)"
    r"(?:\"([^\s:\"]{1,64}:[^\"\n]{1,128})\"|'([^\s:']{1,64}:[^'\n]{1,128})'"
    r"|([^\s:\"'<>\\]{1,64}:[^\s\"'<>]{1,128}))"
)
_SHADOW = re.compile(
    r"(?<![\w.])[a-z_][\w\-]{0,31}:(\$(?:1|2[aby]|5|6|y|gy|7)\$[^:\s]{8,256})(?=:)"
    r"|(?<!\S)(\$(?:1|5|6|y|2[aby])\$[./A-Za-z0-9$=,]{12,256})"
    r"|(?<![\w.])[\w.\-$ ]{1,64}:\d{3,9}:([0-9a-fA-F]{32}:[0-9a-fA-F]{32}):::"
)
_LOGIN = re.compile(r"://[^\s/@:<>\"']{0,256}+:(?!//)([^\s<>\"']{1,256})@(?=[\w\[])")


def commands(scanned: ScannedText) -> Iterator[Span]:
    """Passwords of commands, of curl, of URLs, and hashes of password files."""
    text, words = scanned.text, scanned.words
    for bit, pattern in _COMMANDS if words & _ANY_COMMAND else ():
        if words & bit:
            for span in groups(pattern, text):
                if len(span.value) > 2 and not is_word(span.value.lower()):
                    yield span
    yield from _other_commands(scanned)
    if words & _URLS and "@" in text:
        yield from _logins(text)


def _other_commands(scanned: ScannedText) -> Iterator[Span]:
    text, words = scanned.text, scanned.words
    if words & _ECHO:
        yield from (span for span in groups(_ECHOED, text) if not is_word(span.value.lower()))
    if words & _FETCHERS and "-u" in scanned.low:  # -u, -U, --user, --proxy-user
        for span in groups(_CURL, text):
            if not span.value.partition(":")[2].startswith(("$", "%", "<", "{")):  # a variable
                yield span
    if words & _HASHES:
        yield from groups(_SHADOW, text)


def _logins(text: str) -> Iterator[Span]:
    """Passwords of URLs; one with an `@` of its own ends at the last one before the host."""
    for match in _LOGIN.finditer(text):
        value = match[1]
        first = value.partition("@")[0]
        if first.isdigit() and "/" in value:
            continue  # a port, and the "@" of a path
        if "/" in first and "@" not in value and re.match(r"\d{1,5}/", first):
            continue
        if not is_attack(value.lower()) and not is_word(value.lower()):
            yield Span(match.start(1), match.end(1), value)
