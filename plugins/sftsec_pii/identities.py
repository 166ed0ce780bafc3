r"""Finds user names by what they stand in: objects of JSON, directory names, access logs, prose.

`{"actor": {"alternateId": "x"}}`, `CN=First Last,OU=Staff`, `192.0.2.1 - x [10/Oct/2031...`,
`User x logged in`, `uid=1000(x)`, `.\x`, `arn:aws:iam::1:user/x`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from itertools import zip_longest
from operator import or_

from sftsec_pii.persons import is_person
from sftsec_pii.span import Span
from sftsec_pii.words import ScannedText, family

_NAME = r"([A-Za-z_][\w.\-]{1,63})"
_FULL = r"[^\W\d_][\w.\-']{0,40}(?: [^\W\d_][\w.\-']{0,40}){1,3}"
_ACTS = (
    r"console|login|logon|logged|changed|created|deleted|modified|initiated|performed|run|started"
    r"|executed|reset|opened|approved|requested|issued|terminated|added|removed|disabled|enabled"
    r"|locked|unlocked|accessed|uploaded|downloaded|invoked|configured|owned|triggered|updated"
)
_QUOTE = r"\\{0,3}[\"']"
_DOMAIN = r"(?:[A-Za-z0-9_.\-]{1,64}\\{1,4})?"
# Objects that are a person, as a key of JSON or of Python, and up to their end.
_OBJECT = re.compile(
    rf"(?i)(?:{_QUOTE})(?:actor|user|principal|owner|initiated_?by|initiator|author|sender|creator"
    r"|created_?by|modified_?by|updated_?by|performed_?by|requester|requestor|requested_?by|assignee"
    r"|caller|employee|person|member|target_?user|source_?user|user_?identity|user_?info"
    rf"|caller_?identity|logged_?in_?user|impersonated_?by)(?:{_QUOTE})\s?:\s?\[?\s?\{{"
)
_LONGEST_OBJECT = 512
_IN_OBJECT = re.compile(
    rf"(?i){_QUOTE}(?:(?:user|login|account|display|full|real|screen|nick|sam_?account)?_?name"
    r"|alternate_?id|login|user_?name|username|nick|alias|handle|user|uid|user_?id"
    rf"|sam_?account_?name){_QUOTE}\s?:\s?{_QUOTE}"
    rf"{_DOMAIN}({_FULL}|[A-Za-z_][\w.\-]{{1,63}})(?={_QUOTE})"
)
# Names of fields that hold an account, in JSON, XML, key=value and CEF.
_FIELDS = (
    r"benutzer(?:name)?|utilisateur|usuario|utente|gebruiker(?:snaam)?|login_?id|user_?id|remote_?user"
    r"|auth_?user(?:name)?|x-?auth-?user|un?auth_?user|logged_?in_?user|logon_?user|db_?user(?:name)?"
    r"|os_?user(?:name)?|ruser|euser|cs-username|xauth_?user|vpn_?user|admin_?user|current_?user"
    r"|effective_?user|run_?as|caller_?user_?name|requested_?by|requester|initiated_?by|performed_?by"
    r"|created_?by|modified_?by|updated_?by|deleted_?by|changed_?by|approved_?by|executed_?by"
    r"|submitted_?by|last_?modified_?by|owner|owner_?name|assignee|author_name|principal"
    r"|principal_?name|alternate_?id|screen_?name|nickname|actor|actor_?name|employee"
    r"|client_?user|subject_?user|sam_?account|samid|logon_?id_?name|identity_?name|user_?login"
    r"|login_?user|(?<![?&])account|process_?user(?:_?name)?|parent_?user|member_?name|uname"
    r"|user_?principal_?name|upn|(?:on_?premises_?)?sam_?account_?name|(?:target|subject)_?user_?name"
)
_FIELD = re.compile(
    rf"(?i)(?<![A-Za-z0-9\-])(?:{_FIELDS})"
    r"(?:\s?=\s?\\{0,3}[\"']?|\\{0,3}[\"']\s?:\s?\\{0,3}[\"']|[\"']>"
    r"|>(?=[^<\n]{2,64}</)|: {1,4}(?=[\w.\\\-]+$))"
    rf"{_DOMAIN}{_NAME}(?=[\s\"'&;,\\|\])<>]|\.?$)(?![\"']?\s?(?:--|\)|or\b|and\b|\|\||;\s*\w))"
)
# Names of keys that say so little that only JSON counts, and an element of XML.
_KEY = re.compile(
    rf"(?i){_QUOTE}(?:by|login|who|uname){_QUOTE}\s?:\s?{_QUOTE}{_DOMAIN}{_NAME}(?={_QUOTE})"
    rf"|<(?:\w{{1,16}}:)?user(?:_?name)?>{_DOMAIN}(?P<element>[A-Za-z_][\w.\-]{{1,63}})(?=</)"
)
_PERSON = r"(?-i:([A-Z][\w'\-]{1,40}(?: [A-Z][\w.'\-]{0,40}){1,2}))"
_FULL_NAMES = re.compile(
    rf"(?i)\b(?:{_ACTS}) by user {_PERSON}(?=[.,;]|$)|\buser\.name {_QUOTE}{_PERSON}(?={_QUOTE})"
    rf"|\b(?:author|committer|signed-off-by|reported-by): {_PERSON} (?=<)"
)
_FULL_FIELD = re.compile(
    rf"(?i)(?:{_QUOTE}|(?<![\w\-]))(?:(?:user_?|actor_?|owner_?|author_?)?(?:display|full|real)_?name"
    rf"|gecos|given_?name|surname|author_?name){_QUOTE}?\s?[:=]\s?{_QUOTE}"
    rf"((?-i:[A-Z][\w.\-']{{1,40}}(?:,? [A-Z][\w.\-']{{0,40}}){{1,3}}))(?={_QUOTE})"
)
_DN = re.compile(
    r"(?i)(?<![\w\-])CN=([^,=<>\"\n\\/]{2,64}?)(?=(?:,|/)\s?(?:OU=[^,=\n]{0,64}"
    r"(?:user|people|person|staff|employee|mitarbeiter|account|benutzer|admin|department|sales"
    r"|human|finance|contractor|member)|CN=Users))"
)
# The user of a web server's line, and of a proxy's.
_COMBINED = re.compile(
    r"(?:^|\s)(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{3,39}|[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8})"
    rf" \S{{1,32}} {_DOMAIN}{_NAME} (?=\[\d{{1,2}}/[A-Z][a-z]{{2}}/\d{{4}}:)"
)
_PROXY = re.compile(
    rf"(?:GET|POST|CONNECT|HEAD|PUT) \S{{1,2048}} {_DOMAIN}{_NAME} "
    r"(?=(?:[A-Z]+_)?(?:DIRECT|NONE|PARENT)[A-Z_]*/)"
)
_ARN = re.compile(rf"(?<=:user/)(?:[\w.\-]{{1,64}}/){{0,4}}{_NAME}(?![\w/])")
_LOCAL = re.compile(rf"(?i)(?:^|[\s\"'=:(])\.\\{{1,2}}{_NAME}(?=[\s\"',;)]|$)(?!\S*\.\w{{2,4}}\b)")
# Words of a line in which a name stands alone, what stands before it and what must after it.
_END = r"(?=['\"\])>]?(?:[,;]|\.?$|\.? (?:from|on|at|via|with|in|using|after)\b))"
# What a log says of a user, and prose of users hardly.
_VERB = (
    r"(?=['\"]? (?:logged|logon|logout|logoff|log(?:ged)?-in|authenticated|connected|disconnected"
    r"|has (?:logged|been|authenticated|connected)|was (?:added|removed|created|deleted"
    r"|locked|logged|not|denied|authenticated|disconnected)|is not|failed|added|removed|created"
    r"|deleted|locked"
    r"|unlocked|successfully|signed|does not exist|not (?:found|in|allowed|known)|unknown|denied"
    r"|rejected|executed|running|IP|src|src_?ip|assigned|(?:from|on|at|via) (?:\S*\d|host"
    r"|console|tty|pts|vty|ip|ssh|address|<|\[))\b)"
)
_LINES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("user ", "benutzer ", "utilisateur ", "usuario "),
        r"\b(?<!the )(?<!\ba )(?<!-)(?:user|benutzer|utilisateur|usuario) [\"'\[<]?",
        _VERB,
    ),
    (
        ("user [", "user <", 'utilisateur "', 'benutzer "', 'usuario "'),
        r"\b(?:user|benutzer|utilisateur|usuario) [\"\[<]",
        r"(?=[\"\]>](?!\w))",
    ),
    (
        ("for user", "by user", "as user", "by account", "of user", "from user", "for account"),
        r"\b(?:for|by|as|of|from) (?:user|account):? [\"'\[<(]?",
        rf"(?:{_END}|(?=[\"'\]>)]|:|$))",
    ),
    (("-user ",), r"\bfind [^\n|;]{0,128}?(?<=\s)-user ", r"(?=\s|$)"),
    (("user slice of", "session for"), r"\b(?:user slice of|starting session for) ", _END),
    (("user [",), r"\buser \[[^\]\n]{1,64}\] -> \[", r"(?=\])"),
    (("password for",), r"\bpassword for ['\"]", r"(?=['\"])"),
    ((" for ",), r"\blogin [^\n]{0,32}? for ", r"(?=,)"),
    (("new user", "new account"), r"\bnew (?:user|account): (?:name|account)=", r"(?=,)"),
    (
        ("delete user", "add user", "add '", "remove '"),
        r"\b(?:delete|add|remove) (?:user )?'",
        "(?=')",
    ),
    (
        ("locked", "account disabled", "konto "),
        r"\b(?:account|konto) ['\"]?(?:for )?",
        r"(?=['\"]? (?:(?:was|is|has been) )?(?:locked|disabled|enabled|unlocked|deleted|created"
        r"|expired|gesperrt)\b)",
    ),
    (("peer connection",), r"\[", r"(?=\] peer connection)"),
    (("uid=", "gid="), r"\b(?:uid|gid|euid|auid)=\d{1,10}\(", r"(?=\))"),
    (("username", "user name"), r"\busername ?= ?['\"<]?", r"(?=[,;\s'\">]|$)"),
    ((" by ",), rf"\b(?:{_ACTS}) by [\"'\[<(]", r"(?=[\"'\]>)])"),
    (
        (" by ",),
        rf"\b(?:{_ACTS}) by ",
        r"(?= (?:on|from|via) (?:vty|con|pts|tty|console|ssh|\d|ip\b|host\b))",
    ),
    (("login: ",), r"\blogin: ", r"(?=\s|$)"),
    (("usernamehint",), r"\busernamehint:s:", ""),
    (("user-id:",), r"\buser-id: ", r"(?=\s|$)"),
    (("groups=",), r"\bgroups=\d{1,10}\(", r"(?=\))"),
    (
        ("rwx", "rw-r", "rw---", "r--r-", "r-x"),
        r"(?<!\S)[dlbcps\-][rwx\-]{2}[rwxsStT\-]{7}[.+@]? {1,8}\d{1,6} {1,8}",
        r"(?= {1,8}[A-Za-z_])",
    ),
    (("pts/", "tty"), r"(?:(?<=\s)|^)", r"(?=\s{1,16}(?:pts/|tty)\d{1,4}\s)"),
    (("assumed-role/",), r":assumed-role/[\w+=,.@\-]{1,64}/(?=[a-z]+\.[a-z])", r"(?![\w/@])"),
    (("username ",), r"(?-i:\b(?:Subject|Target)UserName )", r"(?=\s|$)"),
    (("clientname=",), r"\bclientname=", r"(?=[@,;\s]|$)"),
    (("pam(", "ldap(", "passwd-file("), r"\b(?:pam|ldap|passwd-file|sql)\(", r"(?=,\d)"),
    (("keyring for", "as principal"), r"\b(?:keyring for|as principal) ", r"(?=\s|$)"),
    (("userid:[",), r"\buserid:\[\d{1,3}\] \"", r"(?=\")"),
    (("login ",), r"\blogin ", r"(?= via\b)"),
    (("user:", "login:"), r"(?<!\S)(?:user|login):", r"(?=\s|$)"),
    (("user-name",), r"\buser-name ?= ?[\"']?", r"(?=[\"',\s]|$)"),
    (("authenticated user",), r"\bauthenticated user ", r"(?=\s|$)"),
    (("user_process",), r"\buser_process: \d{1,9} ", r"(?= )"),
)
_LOGS = tuple(
    (family(*words), re.compile(f"(?i)(?:{before}){_DOMAIN}{_NAME}(?![\\w\\-\\\\$]){after}"))
    for words, before, after in _LINES
)
_ANY_LINE = reduce(or_, (bit for bit, _ in _LOGS))
_OBJECTS = family('":{', '": {', "':{", "': {", '":[{', '": [{')
_FIELD_NAMES = (
    "benutzer benutzername utilisateur usuario utente gebruiker loginid login_id "
    "userid user_id user remote_user auth_user authuser authusername "
    "auth_username osuser os_user dbuser db_user dbusername ruser euser "
    "cs-username username run_as runas requestedby requested_by requester by "
    "owner owner_name ownername assignee author_name authorname principal "
    "principal_name principalname alternateid alternate_id screen_name "
    "screenname nickname actor actor_name actorname employee sam_account "
    "samaccount samid samaccountname sam_account_name identity_name identityname "
    "user_login userlogin account member_name membername uname upn "
    "userprincipalname user_principal_name targetusername subjectusername "
    "gebruikersnaam "
)
# A name of a field with what may follow it, so that words of prose do not set the pattern off.
_FIELD_WORDS = family(
    *(
        name + sign
        for name in _FIELD_NAMES.split()
        for sign in ("=", " =", '"', "'", ">", ":", '\\"')
    )
)
_FULL_WORDS = family(
    *("display", "fullname", "full_name", "real_name", "realname", "gecos", "givenname"),
    *("given_name", "surname", "author_name", "authorname"),
)
_KEY_WORDS = family('by"', "by'", 'login"', "login'", 'who"', 'uname"', "user>", "username>")
_FULL_NAME_WORDS = family("by user", "user.name", "author:", "committer:", "-by:")
_DN_WORDS = family("cn=users", ",ou=", ", ou=", "/ou=")
_COMBINED_WORDS = family("/jan/", "/feb/", "/mar/", "/apr/", "/may/", "/jun/", "/jul/", "/aug/") | (
    family("/sep/", "/oct/", "/nov/", "/dec/")
)
_PROXY_WORDS = family("direct/", "none/", "parent", "direct_")
_ARN_WORDS = family(":user/")
_LOCAL_WORDS = family(".\\")
IDENTITY_WORDS = (
    _ANY_LINE | _OBJECTS | _FIELD_WORDS | _FULL_WORDS | _DN_WORDS | _COMBINED_WORDS | _PROXY_WORDS
) | (_ARN_WORDS | _LOCAL_WORDS | _KEY_WORDS | _FULL_NAME_WORDS)
_SIMPLE: tuple[tuple[int, re.Pattern[str]], ...] = (
    *_LOGS,
    (_FIELD_WORDS, _FIELD),
    (_FULL_WORDS, _FULL_FIELD),
    (_KEY_WORDS, _KEY),
    (_FULL_NAME_WORDS, _FULL_NAMES),
    (_DN_WORDS, _DN),
    (_COMBINED_WORDS, _COMBINED),
    (_PROXY_WORDS, _PROXY),
    (_ARN_WORDS, _ARN),
    (_LOCAL_WORDS, _LOCAL),
)
# Ids of other kinds, and files.
_NO_VALUE = re.compile(
    r"(?i)[0-9a-f]{8}-[0-9a-f\-]{20,}|\w+\.(?:exe|dll|go|py|js|java|ps1|sys|bat)"
    # A made-up id, as of a customer: digits between letters.
    r"|[a-z]*\d+[a-z]+\d[a-z0-9]*"
)


def identities(scanned: ScannedText) -> Iterator[Span]:
    """Names of persons by the object, the field or the line in which they stand."""
    text, words = scanned.text, scanned.words
    if not words & IDENTITY_WORDS:
        return
    for bit, pattern in _SIMPLE:
        if words & bit:
            for match in pattern.finditer(text):
                yield from _person(match)
    if words & _OBJECTS:
        starts = [found.end() for found in _OBJECT.finditer(text)]
        for start, following in zip_longest(starts, starts[1:], fillvalue=len(text)):
            close = text.find("}", start, start + _LONGEST_OBJECT)
            end = close if close >= 0 else start + _LONGEST_OBJECT
            # No name spans the brace of an object within, whose own range reaches further.
            for match in _IN_OBJECT.finditer(text, start, min(end + 1, following)):
                yield from _person(match)


def _person(match: re.Match[str]) -> Iterator[Span]:
    group = match.lastindex or 1
    name = match[group].lower().rstrip(".")
    if len(name) > 1 and is_person(name) and not _NO_VALUE.fullmatch(name):
        yield Span(match.start(group), match.start(group) + len(name), name)
