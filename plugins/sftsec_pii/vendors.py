"""Finds keys by their vendors' forms, and private keys. A key has no meaning for a model."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.span import Span, groups, whole
from sftsec_pii.words import ScannedText, family

# Words in which a key may stand. All else is looked for in these only, which few texts have.
_SHORTEST = 16
_LONG = re.compile(r"[A-Za-z0-9_\-.+/=~:%]{16,}+")
_VENDORS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{36,255}+|github_pat_[A-Za-z0-9_]{22,255}+"
    r"|gl(?:pat|dt|rt|rtr|ptt|ft|soat|cbt|imt|agent|oas|wt|ffct)-[A-Za-z0-9_\-.]{20,255}+"
    r"|GR1348941[A-Za-z0-9_\-]{16,64}+"
    r"|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-%]{10,512}+|xapp-[A-Za-z0-9\-]{10,255}+"  # Slack
    r"|AIza[A-Za-z0-9_\-]{30,40}+|GOCSPX-[A-Za-z0-9_\-]{20,40}+|ya29\.[A-Za-z0-9_\-]{20,2048}+"
    r"|1//0[A-Za-z0-9_\-]{30,256}+"  # Google's refresh tokens
    r"|[srp]k_(?:live|test)_[A-Za-z0-9]{16,255}+|whsec_[A-Za-z0-9+/=]{24,255}+"  # Stripe
    r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_\-]{50,512}+|rubygems_[0-9a-f]{48}"
    r"|sk-(?:proj-|ant-|svcacct-|admin-|or-)?[A-Za-z0-9_\-]{32,255}+"  # OpenAI, Anthropic
    r"|gsk_[A-Za-z0-9]{32,64}+|xai-[A-Za-z0-9]{60,90}+|r8_[A-Za-z0-9]{30,42}+|pplx-[A-Za-z0-9]{40,64}+"
    r"|(?:SK|AC)[0-9a-f]{32}(?![0-9A-Za-z])"  # Twilio
    r"|SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}"  # SendGrid
    r"|key-(?=[a-z]*\d)[0-9a-z]{32}(?!\w)"  # Mailgun
    r"|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![0-9a-z\-])"
    r"|[0-9a-f]{32}-us\d{1,2}(?!\w)|xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"  # Mailchimp, Brevo
    r"|[A-Za-z0-9_~.\-]{3}\dQ~[A-Za-z0-9_~.\-]{31,34}|do[opr]_v1_[0-9a-f]{64}"  # Azure, DO
    r"|hv[sbr]\.[A-Za-z0-9_\-]{20,512}+"
    r"|s\.(?=[A-Za-z]*\d)[A-Za-z0-9]{24}(?![A-Za-z0-9.])"  # HashiCorp
    r"|[A-Za-z0-9]{8,14}\.atlasv1\.[A-Za-z0-9_\-=]{40,90}+"
    r"|hf_[A-Za-z]{30,40}+|glsa_[A-Za-z0-9_]{32,64}+|glc_[A-Za-z0-9+/=]{32,400}+|eyJrIjoi[A-Za-z0-9+/=]{20,400}+"
    r"|shp(?:at|ca|pa|ss|tka)_[0-9a-fA-F]{32}|sq0[a-z]{3}-[A-Za-z0-9_\-]{20,64}+"
    r"|EAAA[a-zA-Z0-9_\-]{60}(?![\w\-])"
    r"|(?:bot)?\d{8,10}:AA[A-Za-z0-9_\-]{32,34}|dapi[0-9a-f]{32}(?:-\d)?"  # Telegram, Databricks
    r"|[MNO][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40}+"  # Discord
    r"|NRAK-[A-Z0-9]{24,40}+|dckr_pat_[A-Za-z0-9_\-]{20,64}+"
    r"|AT(?:ATT|CTT)3[A-Za-z0-9_\-=]{30,512}+|ATBB[A-Za-z0-9]{32}(?![A-Za-z0-9])"  # Atlassian
    r"|lin_api_[A-Za-z0-9]{32,64}+|EAACEdEose0cBA[A-Za-z0-9]{8,512}+"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{50,64}+|HRKU-[0-9a-fA-F\-]{36}|HRKU-AA[A-Za-z0-9_\-]{50,64}+"
    r"|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=]{16,8192}+"
    r"|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|pat-(?:na|eu|ap)\d-[0-9a-f\-]{36}"  # Airtable, HubSpot
    r"|figd_[A-Za-z0-9_\-]{36,64}+|ntn_[A-Za-z0-9]{40,60}+|secret_[A-Za-z0-9]{40,50}+"
    r"|CLOJRS[_\-][0-9a-f]{16}|sntry[su]_[A-Za-z0-9+/=_\-]{20,256}+|ph[cx]_[A-Za-z0-9]{32,64}+"
    r"|LTAI[A-Za-z0-9]{12,24}+(?![A-Za-z0-9])|EZAK[A-Za-z0-9]{54}|pul-[0-9a-f]{40}"
    r"|tfp_[A-Za-z0-9_]{40,64}+|dop_v1_[0-9a-f]{64}|ops_eyJ[A-Za-z0-9+/=_\-]{20,2048}+"
    r"|sgp_[A-Za-z0-9_]{40,80}+|fm[12]r?_[A-Za-z0-9+/=,_\-]{24,512}+|dp\.(?:pt|st)\.[A-Za-z0-9.]{40,64}+"
    r"|dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}|00[A-Za-z0-9_\-]{40}(?![\w\-])"  # Dynatrace, Okta
    r"|tskey-[a-z]{3,8}-[A-Za-z0-9\-]{16,64}+|p8e-[a-z0-9]{32}|rdme_[a-z0-9]{70}"
    r"|EAA[A-Za-z0-9]{80,256}+|IGQV[A-Za-z0-9_\-]{60,256}+"
    r"|pscale_[a-z]{2,8}_[A-Za-z0-9_\-.]{32,64}+|fo1_[A-Za-z0-9_\-]{40,64}+|sq[uap]_[0-9a-f]{40}"
    r"|bkua_[0-9a-f]{40}|AKCp[A-Za-z0-9]{60,80}+|sl\.[A-Za-z0-9_\-]{60,200}+|oy2[a-z0-9]{43}"
    r"|cio[A-Za-z0-9]{32}(?![A-Za-z0-9])|rzp_(?:live|test)_[A-Za-z0-9]{14,32}+|nfp_[A-Za-z0-9]{36}"
    r"|CFPAT-[A-Za-z0-9_\-]{43}|fio-u-[A-Za-z0-9_\-]{64}|FLWSECK(?:_TEST)?-[0-9a-zA-Z]{12,40}"
    r"|dckr_oat_[A-Za-z0-9_\-]{20,64}+|sbp_[0-9a-f]{40}|tvly-[A-Za-z0-9\-]{20,64}+"
    r"|[ps]k\.eyJ[A-Za-z0-9_\-]{20,200}+\.[A-Za-z0-9_\-]{16,64}+|NR(?:II|JS|SP)-[A-Za-z0-9_\-]{17,40}+"
    r"|1000\.[0-9a-f]{32}\.[0-9a-f]{32}|v1\.0-[0-9a-f]{24}-[0-9a-f]{100,200}"  # Zoho, Cloudflare
    r"|(?:ST|PT|TGT|PGT)-\d{1,8}-[A-Za-z0-9_\-.]{24,200}+"  # CAS
    r"|AQVN[A-Za-z0-9_\-]{35,40}+|y0_[A-Za-z0-9_\-]{30,80}+"  # Yandex
    r"|CCIPAT_[A-Za-z0-9]{8,32}_[0-9a-f]{40}|[A-Za-z0-9]{36}NRAL(?!\w)|cmVmdGtu[A-Za-z0-9]{40,60}+"
    r"|xprv[1-9A-HJ-NP-Za-km-z]{80,112}+|AKID[A-Za-z0-9]{32}(?!\w)|ver:1-hint:[\w\-]{8,}+"
    r"|[12]/\d{16}:[0-9a-f]{32,48}"  # Asana
    r"|AAAA[A-Za-z0-9_\-]{7}:APA91[A-Za-z0-9_\-]{100,200}"  # Firebase
    # No vendor's by name, but of the form they share: a short prefix and letters of all kinds.
    r"|[a-z][a-z0-9]{1,11}(?:_[a-z0-9]{1,8}){0,2}_(?=[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])"
    r"(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{32,128}+(?![\w\-])"
    r"|eyJ[A-Za-z0-9_\-]{8,}+\.(?:eyJ[A-Za-z0-9_\-]{8,}+|e30)\.[A-Za-z0-9_\-]*+"  # JSON web token
    r"|eyJ[A-Za-z0-9_\-]{16,}+\.[A-Za-z0-9_\-]*+\.[A-Za-z0-9_\-]{8,}+\.[A-Za-z0-9_\-]{8,}+"
    r"\.[A-Za-z0-9_\-]{8,}+"
    r")"
)
# A pair of ids: the second is the secret of the first.
_PAIRED = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{16}\W{1,4}([A-Za-z0-9+/]{40})(?![A-Za-z0-9+/])"
    r"|\bAC[0-9a-f]{32}[\"']?(?::|, ?)[\"']?([0-9a-f]{32})(?![0-9a-f])"
    r"|\b(?i:secret_?id)[ =:\"']{1,4}([0-9a-f]{8}-[0-9a-f\-]{20,28})"  # HashiCorp
    r"|\bSSWS (00[A-Za-z0-9_\-]{20,64}+)"
    r"|\b(access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[0-9a-f]{32})"  # Braintree
    r"|\b(?:aws_)?secret_access_key[ =:\"']{1,4}([A-Za-z0-9+/]{40})"
)
# A key after its name and a blank only: "shodan init x", "export API_KEY x".
_AFTER_BLANK = re.compile(
    r"(?:api[ _\-]?key|_token|_secret|access[ _\-]key|shodan init) "
    r"(?=[a-z0-9_\-]{0,64}\d)(?=[a-z0-9_\-]{0,64}[a-z])([a-z0-9_\-]{24,128}+)(?![\w./])"
)
_WEBHOOK = re.compile(
    r"(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/"
    r"|hooks\.zapier\.com/hooks/catch/|webhook\.office\.com/webhookb2/"
    r"|outlook\.office(?:365)?\.com/webhook/|maker\.ifttt\.com/trigger/\w{1,64}/with/key/"
    r"|chat\.googleapis\.com/v1/spaces/\w{1,64}/messages\?key=)"
    r"([A-Za-z0-9_/\-@]{8,512}+)"
)
_PEM = re.compile(
    r"-----BEGIN[ +](?:[A-Z0-9 +]{0,40}PRIVATE[ +]KEY(?:[ +]BLOCK)?|PGP[ +]MESSAGE)-----"
    r"(?:[^-]++|-(?!----))*+(?:-----END[ +][A-Z0-9 +]{0,48}-----)?"
    r"|---- BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY ----(?:[^-]++|-(?!---))*+"
    r"(?:---- END [A-Z0-9 ]{0,48} ----)?"
)
_PRIVATE = (
    re.compile(r"Private-Lines: \d{1,4}(?:\s|\\[rn]){1,4}([A-Za-z0-9+/=\s]{16,8192}+)"),
    re.compile(r"Private-MAC: ([0-9a-f]{40,64})"),
    re.compile(r"<(?:D|P|Q|DP|DQ|InverseQ)>([A-Za-z0-9+/=]{16,1024}+)</"),
    re.compile(r"\\?\"(?:d|p|q|dp|dq|qi|k)\\?\" ?: ?\\?\"([A-Za-z0-9_\-]{32,1024}+)\\?\""),
    re.compile(r"(?i)\bprivatekey\s?=\s?([A-Za-z0-9+/]{42,43}=)"),
)
# Those of a vendor's marks that are letters and signs; the others have a pattern below.
_MARKS = family(
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    *("glpat-", "gldt-", "glrt-", "glrtr-", "glptt-", "glft-", "glsoat-", "glcbt-", "glimt-"),
    *("glagent-", "gloas-", "glwt-", "glffct-", "gr1348941", "xox", "xapp-"),
    *("aiza", "gocspx-", "ya29.", "1//0", "k_live_", "k_test_", "whsec_"),
    *("npm_", "pypi-", "rubygems_", "sk-", "gsk_", "xai-", "r8_", "pplx-", "sg.", "key-"),
    *("-us", "xkeysib-", "q~", "_v1_", "hvs.", "hvb.", "hvr.", ".atlasv1.", "hf_", "glsa_"),
    *("glc_", "shpat_", "shpca_", "shppa_", "shpss_", "shptka_", "sq0", "eaa", ":aa", "dapi"),
    *("nrak-", "dckr_pat_", "atatt3", "atctt3", "atbb", "lin_api_", "age-secret-key-1", "hrku-"),
    *("pmak-", "b3blbnnzac1rzxktdje", "pat-na", "pat-eu", "pat-ap", "figd_", "ntn_", "secret_"),
    *("clojrs", "sntrys_", "sntryu_", "phc_", "phx_", "ltai", "ezak", "pul-", "tfp_", "ops_eyj"),
    *("igqv", "pscale_", "fo1_", "squ_", "sqa_", "sqp_", "bkua_", "akcp", "sl.", "oy2", "cio"),
    *(
        "rzp_",
        "nfp_",
        "cfpat-",
        "fio-u-",
        "flwseck",
        "dckr_oat_",
        "sbp_",
        "tvly-",
        "nrii-",
        "nrjs-",
    ),
    *("aqvn", "y0_", "ccipat_", "nral", "cmvmdgtu", "xprv", "akid", "ver:1-"),
    *("nrsp-", "1000.", "v1.0-", "aaaa"),
    *("sgp_", "fm1", "fm2", "dp.pt.", "dp.st.", "dt0", "tskey-", "p8e-", "rdme_", "eyj"),
)
_AWS = family("akia", "asia", "agpa", "aida", "aroa", "anpa", "abia", "acca")
_AWS_ID = re.compile(r"A(?:KIA|SIA|GPA|IDA|ROA|NPA|BIA|CCA)[A-Z0-9]{16}")
# What the other keys are at least, each looked for in a run of letters that is long enough only.
_SHORTEST_UNMARKED = 26
_RUN = re.compile(r"[A-Za-z0-9_\-.]{26,}+")
_UNMARKED = tuple(
    re.compile(pattern)
    for pattern in (
        r"[SA][KC][0-9a-f]{32}",  # Twilio
        r"s\.[A-Za-z0-9]{24}",  # HashiCorp
        r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}",  # Airtable
        r"\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27}",  # Discord
        r"00[A-Za-z0-9_\-]{40}",  # Okta
        r"-[0-9a-f]{8}-[0-9a-f]{8}",  # Mailgun
        r"T-\d{1,8}-[A-Za-z0-9_\-.]{24}",  # CAS
        r"[12]/\d{16}:[0-9a-f]{32}",  # Asana
        r"_[A-Za-z0-9]{32}",  # what vendors' forms share
    )
)
_PRIVATE_KEYS = family("rivate", "begin pgp", '"d', '"k', "<d>", "<p>")
_WEBHOOKS = family("hook", "ifttt", "googleapis")
_PAIRS = family(
    "akia",
    "asia",
    "ssws",
    "secret_access_key",
    "secret_id",
    "secretid",
    "access_token$",
)
_NAMES_AND_BLANK = family(
    *("api key ", "apikey ", "api_key ", "api-key ", "_token ", "_secret ", "access key "),
    *("access_key ", "access-key ", "shodan init "),
)
_WORDS = _NAMES_AND_BLANK | _MARKS | _PRIVATE_KEYS | _WEBHOOKS | _PAIRS


def has_vendor_key(scanned: ScannedText) -> bool:
    """Whether a key or a private key may be there."""
    return bool(scanned.words & _WORDS) or _is_unmarked(scanned)


def vendor_keys(scanned: ScannedText) -> Iterator[Span]:
    """Keys, webhooks and private keys."""
    text, words = scanned.text, scanned.words
    if words & _PRIVATE_KEYS:
        yield from whole(_PEM, text)
        for pattern in _PRIVATE:
            yield from groups(pattern, text)
    if words & _WEBHOOKS:
        yield from groups(_WEBHOOK, text)
    if scanned.longest >= _SHORTEST and (words & _MARKS or _is_unmarked(scanned)):
        for long in _LONG.finditer(text):
            yield from whole(_VENDORS, text, long.start(), long.end())
    if words & _PAIRS or (scanned.longest >= _SHORTEST_UNMARKED and "AC" in text):
        yield from groups(_PAIRED, text)
    yield from _after_blank(scanned)


def _after_blank(scanned: ScannedText) -> Iterator[Span]:
    if scanned.words & _NAMES_AND_BLANK:
        for match in _AFTER_BLANK.finditer(scanned.low):
            yield Span(*match.span(1), scanned.text[match.start(1) : match.end(1)])


def _is_unmarked(scanned: ScannedText) -> bool:
    text = scanned.text
    # The marks of AWS are parts of usual words, in small letters.
    if scanned.words & _AWS and _AWS_ID.search(text):
        return True
    if scanned.longest < _SHORTEST_UNMARKED or not _RUN.search(text):
        return False
    return any(pattern.search(text) for pattern in _UNMARKED)
