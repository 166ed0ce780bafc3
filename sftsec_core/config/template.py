"""The commented sftsec.yaml that `sftsec init` writes."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.api.settings.values import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.contracts import ConnectorSpec, Sample, TaskPreset
    from sftsec_core.config.suggest.suggestion import Suggestion

_HEAD = """\
# sftsec.yaml: what sftsec reads, learns and writes.
# `sftsec config check` says what is wrong with it; `sftsec config schema` is for your editor.
version: 1

state:
  folder: .sftsec            # snapshots, runs and models
  # url: env:SFTSEC_DB_URL   # a shared database in place of SQLite in that folder
  # encrypt: {{key: env:SFTSEC_STATE_KEY}}   # of openssl rand -base64 32; lost with the key

plugins: [{plugins}]  # entry points of the group `sftsec`; nothing else is loaded

connectors:
  incidents:
    type: {type}
{example}
tasks:
"""

_RECIPE = "auto"
_NUMBERS = """\
    # Words are compared without case, spaces, dashes and underscores. A benign true positive (the
    # alert was right, the activity expected) is benign here: what the model learns is "no action".
    # Move its words to the other label to be alerted on it, or give it a label of its own:
    #   expected: [benign_positive, BTP, "disposition:2", suspicious but expected]
    # numbers: [event.count] # read as numbers, and `categories` as categories, beside the text
"""
_TEXT = "THE FIELDS OF THE TEXT"
_TAIL = """\
    # window: 90d            # how far back to pull, or all; default: all
    # group: host.name       # keep incidents of one host in one part of the split
    # keep: [host.name]      # further fields that a detection carries
    steps:                   # before anything is written to disk
      normalise: {}
      redact: {}             # e-mail, cards, IBAN, phone, keys, ...; domain and ip are kept
      # decode: {}           # adds what base64 (powershell -enc) and hexadecimal words hold
    # split: {method: auto, dev: 0.1, test: 0.2}
    train:
      recipe: auto  # or linear, probe, hybrid, contrastive, full, lora, bytes, boosted, cascade
      # recipe: {name: lora, rank: 16, epochs: 4}   # a recipe's settings stand beside its name
      budget: 10m
    decider:                 # from which probability an incident is an alert
      name: threshold
      method: max_f1         # or fpr, alerts_per_day, fixed, each with a target
      # target: 0.01
      # review_from: 0.2     # below the threshold: no alert, but analysts are asked for a verdict
    gate:
      min_labels: 100        # labels a class before a model may be promoted
      on_few_labels: refuse  # or warn
      # min_recall: 0.8
      # min_precision: 0.5
      # max_fpr: 0.01          # test needs 1 / max_fpr benign incidents
      # max_alerts_per_day: 50 # at the rate of labelled incidents in test

# serve:                     # `sftsec serve`: the HTTP endpoint that a SIEM's search command asks
#   tokens: {splunk: env:SFTSEC_SERVE_TOKEN}  # a name for the log, and where its token is
#   host: 0.0.0.0            # default: this machine alone; anything else needs TLS
#   certificate: server.pem
#   key: server.key
#   # max_connections: 256         # then one without a request ends, or a new one gets 503
#   # max_requests_per_token: 128  # more at once get 429
#   # rate: 100/s                 # requests of a token, over time; event_rate: 1000/s its events
#   # wrong_token_delay: 1s       # before its answer
#   # head_timeout: 10s            # for a request's head; body_timeout: 30s for its body
"""
_ALL = "default: all"
_KEEP = "    # keep: [host.name]      # further fields that a detection carries\n"


def render_config(template: TaskPreset, connector: ConnectorSpec[Any]) -> str:
    """Write the whole file for one task template and one kind of connector."""
    made = {"connector": "incidents", **_in_names_of(connector, template.body)}
    body = _body(template, made)
    plugins = dict.fromkeys(("core", connector.name, "pii"))
    head = _HEAD.format(
        plugins=", ".join(plugins), type=connector.name, example=indent(connector.example, "    ")
    )
    tail = _preset_tail(connector, made.get("keep"))
    return f"{head}  # {template.summary}\n{indent(body, '  ')}{_NUMBERS}{tail}"


def _body(template: TaskPreset, task: Mapping[str, Any]) -> str:
    """Write a preset's task; where it has comments, with a line for each field of `text`."""
    body = dict(task)
    if template.text_comments:
        body["text"] = _TEXT
    written = yaml.safe_dump(
        {template.name: body}, sort_keys=False, default_flow_style=None, width=96
    )
    fields = ""
    for name in template.body.get("text", ()):
        comment = template.text_comments.get(name)
        fields += f"    # {comment}\n" if comment else ""
        fields += f"    - {_flow(name)}\n"
    return written.replace(f" {_TEXT}\n", f"\n{fields}")


def _in_names_of(connector: ConnectorSpec[Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """A preset's body with the fields that it reads under the platform's names."""
    names = connector.field_names
    made = {
        key: [own for each in body[key] for own in names.get(each, (each,))]
        if key in ("text", "numbers", "categories")
        else body[key]
        for key in body
    }
    kept = [each for each in connector.entity_fields if each not in made.get("text", ())]
    return {**made, "keep": kept} if kept and "keep" not in made else made


def _preset_tail(connector: ConnectorSpec[Any], kept: Sequence[str] | None) -> str:
    """The keys as comments: the connector's window, and none of what the preset says itself."""
    span = connector.default_window
    tail = _TAIL.replace(_ALL, f"default: {format_duration(span)}", 1) if span else _TAIL
    if not kept:
        return tail
    tail = tail.replace(_KEEP, "", 1)
    # Entities lead a platform's own list; a preset names the host first.
    host = "" if connector.entity_fields else kept[0]
    return tail.replace("# group: host.name ", f"# group: {host}", 1) if host else tail


def render_suggestion(
    task: str,
    kind: str,
    sample: Sample,
    made: Suggestion,
    undetermined: Sequence[str],
    recipe: str = _RECIPE,
) -> str:
    """Write the whole file for a sample; what is not known stands in it as a comment.

    Args:
        task: the task's name.
        kind: the type of connector that reads the sample.
        sample: the connector's keys.
        made: what was chosen.
        undetermined: words that say nothing by default.
        recipe: the recipe's name.
    """
    options = {**sample.options, **sample.label_options.get(made.fields.get("label", ""), {})}
    lines = [_yaml({name: value}) for name, value in options.items()]
    keys = dict(sample.keys)
    if len(options) > len(sample.options):
        del keys["label"]  # which those options say
        keys.pop("no_verdict", None)
    for what, key in keys.items():
        known = _connector_value(made, what)
        if what == "id" and made.no_id and not known:
            lines.append(f"{key}: []   # none: records are named by their content\n")
        else:
            lines.append(_yaml({key: known}) if known else f"# {key}:\n")
    plugins = dict.fromkeys(("core", kind, "pii"))
    head = _HEAD.format(
        plugins=", ".join(plugins), type=kind, example=indent("".join(lines), "    ")
    )
    body = indent(render_task(task, "incidents", made, undetermined), "  ")
    return f"{head}{body}{_tail(made, recipe)}"


def _tail(made: Suggestion, recipe: str) -> str:
    tail = _TAIL.replace(f"recipe: {_RECIPE}", f"recipe: {recipe}", 1)
    if made.split is None:
        return tail
    split = f"    split: {{method: {made.split}}} # labels follow the time, by which auto goes\n"
    return "".join(
        split if line.startswith("    # split:") else line for line in tail.splitlines(True)
    )


def render_added_task(
    task: str,
    connector: str,
    made: Suggestion,
    undetermined: Sequence[str],
    recipe: str,
    keep: Sequence[str] = (),
) -> str:
    """Write a task for a configuration that is there already, without indentation."""
    lines = [f"  {_yaml({'keep': list(keep)})}"] if keep else []
    lines += [f"  {_yaml({'split': {'method': made.split}})}"] if made.split else []
    lines.append(f"  {_yaml({'train': {'recipe': recipe}})}")
    return render_task(task, connector, made, undetermined) + "".join(lines)


def render_task(task: str, connector: str, made: Suggestion, undetermined: Sequence[str]) -> str:
    """Write one task of a sample, without the settings that no sample tells."""
    words, body = made.words, {"connector": connector}
    inputs = {"text": made.text, "numbers": made.numbers, "categories": made.categories}
    read = {name: list(fields) for name, fields in inputs.items() if fields}
    first = {"text": read.pop("text")} if made.text else read
    lines = [_yaml({**body, **first})]
    lines += [f"# {_yaml({name: fields})}" for name, fields in read.items() if made.text]
    if words is None or len(words.labels) < 2:
        lines += ["# labels:                # which words of the verdict stand for what\n"]
        lines += ["#   benign: []\n", "#   malicious: []\n"]
    if words is None:
        return _entry(task, lines)
    if len(words.labels) >= 2:
        listed = {name: list(each) for name, each in words.labels.items()}
        lines.append(f"labels:\n{indent(_yaml(listed), '  ')}")
        lines.append(_yaml({"benign": words.benign}) if words.benign else "# benign:\n")
    if words.unknown:
        lines.append(f"# {_yaml({'unknown words': list(words.unknown)})}")
    if more := [w for w in words.undetermined if w.casefold() not in undetermined]:
        lines.append(_yaml({"verdicts": {"undetermined": [*undetermined, *more]}}))
    return _entry(task, lines)


def _entry(task: str, lines: Sequence[str]) -> str:
    return f"{_flow(task)}:\n{indent(''.join(lines), '  ')}"


def _connector_value(made: Suggestion, what: str) -> str | list[str] | None:
    if what == "no_verdict":
        return list(made.words.no_verdict) if made.words else None
    if what == "time_format":
        return made.form.form if made.form and not made.form.ambiguous else None
    return made.fields.get(what)


def _yaml(pairs: Mapping[str, object]) -> str:
    """Write each key with its value on one line, so that a comment sign makes it a comment."""
    return "".join(f"{_flow(key)}: {_flow(value)}\n" for key, value in pairs.items())


def _flow(value: object) -> str:
    text = yaml.safe_dump(
        value, sort_keys=False, default_flow_style=True, width=float("inf"), allow_unicode=True
    )
    return text.removesuffix("...\n").rstrip("\n")
