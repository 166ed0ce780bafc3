"""Tells names of persons from the accounts that every machine has, which are signal and stay."""

from __future__ import annotations

import re

_NO_PERSON = frozenset(
    # Profiles and accounts of Windows.
    {"public", "default", "all users", "default user", "shared", "administrator", "guest", "system"}
    | {"admin", "administrators", "localservice", "networkservice", "local service", "krbtgt"}
    | {"network service", "defaultaccount", "wdagutilityaccount", "anonymous logon", "anonymous"}
    | {"trustedinstaller", "defaultapppool", "users", "everyone", "nt authority", "local system"}
    | {"domain admins", "domain users", "localsystem", "builtin", "default.migrated", "iusr"}
    # Accounts of Unix and of usual services.
    | {"root", "nobody", "daemon", "bin", "sys", "www-data", "www", "nginx", "apache", "httpd"}
    | {"postgres", "mysql", "oracle", "redis", "mongodb", "elastic", "splunk", "kibana", "git"}
    | {"jenkins", "docker", "ubuntu", "centos", "debian", "ec2-user", "vagrant", "ansible", "sshd"}
    | {"sync", "mail", "news", "ftp", "lp", "games", "man", "backup", "syslog", "messagebus", "ntp"}
    | {"systemd", "systemd-network", "systemd-resolve", "systemd-timesync", "dbus", "polkitd"}
    | {"tomcat", "node", "app", "www-run", "wwwrun", "linuxbrew", "runner", "gitlab-runner", "sa"}
    # Words in the place of a name.
    | {
        "null",
        "none",
        "nil",
        "unknown",
        "undefined",
        "invalid",
        "true",
        "false",
        "n/a",
        "na",
        "any",
    }
    | {
        "user",
        "username",
        "name",
        "myname",
        "from",
        "for",
        "and",
        "the",
        "to",
        "in",
        "is",
        "by",
        "of",
    }
    | {"success", "successful", "failure", "fail", "ok", "error", "denied", "yes", "no", "enabled"}
    | {"disabled", "locked", "active", "empty", "missing", "disallowed", "allowed", "blank"}
    | {"session", "input", "profile", "data", "request", "process", "mode", "group", "code"}
    | {"interface", "context", "accounts", "client", "connection", "service"}
    | {"all", "test", "example", "localhost", "required", "not", "or", "was", "has", "failed"}
    | {
        "network",
        "window",
        "font",
        "agent",
        "id",
        "login",
        "account",
        "password",
        "with",
        "on",
        "at",
        "local",
        "domain",
        "help",
    }
    # Words that follow "user" and "account".
    | {"access", "token", "tokens", "rights", "role", "roles", "policy", "management", "manager"}
    | {"permission", "permissions", "privileges", "settings", "space", "defined", "database"}
    | {"authentication", "authorization", "logon", "logoff", "logout", "event", "events", "action"}
    | {"activity", "identity", "credentials", "creation", "deletion", "registration", "table"}
    | {"type", "list", "info", "information", "details", "preferences", "directory", "home"}
    | {"folder", "certificate", "limit", "count", "experience", "who", "that", "which", "this"}
    | {"does", "did", "is", "are", "will", "can", "may", "must", "should", "cannot", "id", "sid"}
    | {"logged", "authenticated", "connected", "disconnected", "requested", "it", "an", "no", "its"}
    | {"namespace", "controls", "control", "equals", "initiated", "owned", "lookup", "sessions"}
    | {"sudo", "wheel", "staff", "adm", "shadow", "tty", "utmp", "reboot", "disk", "audio", "video"}
    | {"self", "owner", "other", "others", "everybody", "someone", "anyone", "default_user", "you"}
)
_NO_PERSON_FORM = re.compile(r"(?i)(?:dwm|umfd)-\d{1,3}|s-1-[\d\-]+|.*\$|[\d.\W_]+|[0-9a-f]{32,}")
_ACCOUNT = re.compile(r"(?:[\w.\-]{1,64}\\{1,2})?([^\W][\w.\-+]{1,63})")
_FULL_NAME = re.compile(r"([^\W\d_][\w.\-']{0,40}(?:,? [^\W\d_][\w.\-']{0,40}){0,4})")


def is_person(name: str) -> bool:
    """Whether a name, cases folded, may be a person's."""
    return name.rstrip(".") not in _NO_PERSON and not _NO_PERSON_FORM.fullmatch(name)


def person_in(value: str, *, full: bool) -> tuple[int, int] | None:
    r"""Where in a field's value the name of a person stands, the domain and its backslash left out.

    Args:
        value: the value.
        full: whether the field may hold first and last names, parted by blanks.

    Returns:
        Start and end; None for no person's name.
    """
    match = _ACCOUNT.fullmatch(value) or (_FULL_NAME.fullmatch(value) if full else None)
    if not match or not is_person(match[1].lower()) or not is_person(value.lower()):
        return None
    return match.span(1)
