"""Put together what a sample tells: fields, words, and what a person should know of each choice."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sftsec_core.api.errors import ConfigError, unknown
from sftsec_core.config.suggest.labels import (
    LabelWords,
    choose_label,
    label_candidates,
    read_words,
    single_verdict,
    words_of,
)
from sftsec_core.config.suggest.profile import covered, newly_covered
from sftsec_core.config.suggest.texts import choose_text, is_afterwards, is_free_text, others
from sftsec_core.config.suggest.times import (
    TimeForm,
    choose_time,
    choose_verdict_time,
    is_event_time,
    looks_like_time,
    time_form,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from sftsec_core.config.suggest.profile import Column, Profile

_ID_NAMES = (
    re.compile(
        r"\b(?:alert|incident|event|case|message|ticket|detection|offense|record) ?"
        r"(?:id|number|key)\b"
    ),
    re.compile(
        r"^(?:id|uid|uuid|guid|key|number|identifier|ticket|case|incident|alert)$|\b(?:uid|uuid|guid)\b"
    ),
    re.compile(
        r"\b(?:id|number|identifier|key|no|ref|reference|\w*nummer|kennung|referenz|identifiant|"
        r"numéro|référence|número|numero|identificador|identificativo|kenmerk)\b"
    ),
)
_USUAL_ID = "id"  # what connectors take where the configuration names no field
_USUAL_TIME = "@timestamp"  # the same
_FULL = 0.9  # of the records: a field of fewer is said to be partly filled
_ANALYST = re.compile(
    r"\b(?:analyst|reviewer|judge|(?:closed|resolved|reviewed|labell?ed|judged|triaged|decided|"
    r"verdict) by|bearbeiter|sachbearbeiter|bewertet von|analyste|analista)\b"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person names instead of leaving it to the sample.

    Attributes:
        time_format: how the times are written, as `time_format` of the connector says it.
        benign: words of the verdict that stand for no attack.
        malicious: words that stand for one.
    """

    id: str | None = None
    time: str | None = None
    time_format: str | None = None
    label: str | None = None
    text: tuple[str, ...] = ()
    benign: tuple[str, ...] = ()
    malicious: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pick:
    """One line of what was chosen, and why.

    Attributes:
        what: "id", "time", "label", "text", ...
        chosen: the field or the words; "" where nothing is known.
    """

    what: str
    chosen: str
    why: str


@dataclass(slots=True)
class Suggestion:
    """What a configuration should say of a sample.

    Attributes:
        fields: "id", "time", "label", "analyst", "verdict_time" to the field's name.
        form: how times are written; None where no field holds any.
        text: fields that the model reads as text.
        numbers: fields that it may read as numbers, `categories` as categories.
        words: what the words of the verdict come to; None where no field holds one.
        no_id: whether the field that a connector takes by default is no id.
        split: how to divide, where the usual way would fail; else None.
        candidates: fields that may be the verdict's, where none is known to be.
        apart: why no record can be learnt from, where verdicts and texts never meet; else None.
        picks: all of it for a person.
    """

    fields: dict[str, str] = field(default_factory=dict)
    form: TimeForm | None = None
    text: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    words: LabelWords | None = None
    no_id: bool = False
    split: str | None = None
    candidates: tuple[str, ...] = ()
    apart: str | None = None
    picks: list[Pick] = field(default_factory=list)

    def pick(self, what: str, chosen: str, why: str) -> None:
        """Note a choice."""
        self.picks.append(Pick(what, chosen, why))


def suggest(profile: Profile, wanted: Wanted, label_only: Sequence[str] = ()) -> Suggestion:
    """Choose the fields of a sample.

    Args:
        profile: the sample.
        wanted: what a person names.
        label_only: names that may hold the verdict and are no fields, such as a file's folder.

    Raises:
        ConfigError: when a field is wanted that the sample does not have.
    """
    for name in filter(None, (wanted.id, wanted.time, wanted.label, *wanted.text)):
        column = _require(profile, name)
        if column.inside and name not in wanted.text:
            raise ConfigError(f"{name} is in a list of objects: only a text is read there")
    made = Suggestion()
    label = _pick_label(made, profile, wanted)
    aside = {label, *label_only}
    every = [c for c in profile.columns.values() if c.name not in aside]
    left = [c for c in every if not c.inside]
    _pick_id(made, left, wanted)
    _pick_times(made, left, profile, wanted)
    _pick_analyst(made, left)
    taken = set(made.fields.values())
    _pick_text(made, [c for c in every if c.name not in taken], wanted)
    made.apart = _apart(made, profile, label_only)
    return made


def _apart(made: Suggestion, profile: Profile, label_only: Sequence[str]) -> str | None:
    """Say that verdicts and texts are records of their own, and what both kinds have."""
    label = profile.columns.get(made.fields.get("label", ""))
    texts = [profile.columns[name] for name in made.text]
    if label is None or not texts:
        return None
    if covered([label]) + covered(texts) != covered([label, *texts]):
        return None
    left = [c for c in profile.columns.values() if c.name not in label_only and not c.inside]
    both = [c.name for c in left if newly_covered(c, [label]) and newly_covered(c, texts)]
    by = f"by {_named(both, 3)}, " if both else ""
    return (
        f"no record has both a verdict ({label.name}) and a text ({_named(made.text, 3)}): "
        f"{by}write each verdict into the record of its event"
    )


def add_words(
    made: Suggestion, values: Iterable[Any], wanted: Wanted, *, placeholders: bool = False
) -> None:
    """Sort the words of the verdict into labels.

    Args:
        made: what has been chosen so far.
        values: of the verdict's field, of every record.
        wanted: words that are given.
        placeholders: whether the connector has a key for words that stand for no verdict.
    """
    counts = words_of(values)
    column = made.fields.get("label", "")
    given = {"benign": wanted.benign, "malicious": wanted.malicious}
    words = read_words(counts, column, **given, placeholders=placeholders)
    made.words = words
    if len(words.labels) < 2:
        made.pick("labels", "", f"there are not two sides among its words: {_named(counts)}")
    for label, listed in words.labels.items() if len(words.labels) <= 12 else ():
        made.pick(f"label {label}", _named(listed), f"{words.rows(label):,} records")
    if len(words.labels) > 12:
        made.pick("labels", f"{len(words.labels)} words", "each is a label of its own")
    if words.benign is None and words.labels:
        why = "no word is known to be benign: every label raises a detection; --benign names one"
        made.pick("benign", "", why)
    if words.no_verdict:
        rows = sum(words.counts[word] for word in words.no_verdict)
        made.pick("no verdict", _named(words.no_verdict), f"{rows:,} records to score")
    if words.undetermined:
        made.pick("undetermined", _named(words.undetermined), "they say nothing yet")
    if words.unknown:
        rows = sum(words.counts[word] for word in words.unknown)
        made.pick("unknown words", "", f"{_named(words.unknown)}: {rows:,} records go to review")


def _require(profile: Profile, name: str) -> Column:
    if name not in profile.columns:
        raise ConfigError(unknown("field of the sample", name, profile.columns))
    return profile.columns[name]


def _pick_label(made: Suggestion, profile: Profile, wanted: Wanted) -> str | None:
    if wanted.label:
        found: Column | None = profile.columns[wanted.label]
        why = "as named"
    else:
        columns = profile.columns.values()
        found = choose_label(columns, benign=wanted.benign, malicious=wanted.malicious)
        found = found or single_verdict(columns)
        why = _label_words(found) if found else ""
    if found is None:
        made.candidates = tuple(label_candidates(profile.columns.values()))
        why = "no field with values has the name or the words of a verdict; --label names it"
        made.pick("label", "", why)
        return None
    made.fields["label"] = found.name
    made.pick("label", found.name, why)
    return found.name


def _label_words(column: Column) -> str:
    words = "one word" if column.distinct == 1 else f"{column.distinct} words"
    said = f"{words} in {column.filled:,} records"
    if column.fill < _FULL:
        said += f" of {column.rows:,}: a model learns from these alone, and scores the others"
    return said


def _pick_id(made: Suggestion, columns: Sequence[Column], wanted: Wanted) -> None:
    if wanted.id:
        made.fields["id"] = wanted.id
        made.pick("id", wanted.id, "as named")
        return
    named = [(rank, c) for c in columns if (rank := _id_rank(c)) is not None]
    for rank, column in sorted(named, key=lambda pair: pair[0]):
        if _names_records(column, sure=rank < len(_ID_NAMES) - 1):
            made.fields["id"] = column.name
            made.pick("id", column.name, _id_words(column))
            return
    made.no_id = any(c.name == _USUAL_ID for c in columns)
    near = next((c for _, c in sorted(named, key=lambda pair: pair[0]) if c.filled == c.rows), None)
    why = "no field names each record once; a record is named by its file and its content"
    if near is not None:
        why = f"{near.name} repeats ({near.distinct:,} values in {near.rows:,} records): {why}"
    made.pick("id", "", why)


def _names_records(column: Column, *, sure: bool) -> bool:
    """Whether it is an id: unique, or of a few records again, as in exports that overlap.

    Args:
        column: the field.
        sure: whether its name is that of an id; else it must be unique.
    """
    often = column.filled == column.rows > 1 and column.distinct >= column.rows * _FULL
    named = column.is_unique or (sure and often)
    return named and not column.nested and column.mean_words <= 1.5 and not is_event_time(column)


def _id_words(column: Column) -> str:
    if column.is_unique:
        return f"{column.distinct:,} values, each once"
    again = column.rows - column.distinct
    return f"{column.distinct:,} values; {again:,} records have one that came before"


def _id_rank(column: Column) -> int | None:
    words = column.words.replace(".", " ")
    return next((n for n, each in enumerate(_ID_NAMES) if each.search(words)), None)


def _pick_times(
    made: Suggestion, columns: Sequence[Column], profile: Profile, wanted: Wanted
) -> None:
    open_ones = [c for c in columns if c.name != made.fields.get("id")]
    if wanted.time:
        column: Column = profile.columns[wanted.time]
        found = (column, time_form(column) or TimeForm(None, zone=True, fits=False))
    else:
        chosen = choose_time(open_ones)
        if chosen is None:
            near = next((c.name for c in open_ones if looks_like_time(c)), None)
            why = "no field holds times"
            if near:
                why = f"{near} is in no known form; --time-format gives it"
            elif any(c.name == _USUAL_TIME for c in open_ones):
                why = f"{_USUAL_TIME} is no time in some records, which a pull rejects"
            made.pick("time", "", f"{why}: the split cannot go by time")
            return
        found = chosen
    column, made.form = found
    if wanted.time_format:
        made.form = TimeForm(wanted.time_format, zone=True, fits=True)
    if made.form.ambiguous:
        why = "its day and month may be exchanged; --time-format says which comes first"
        made.pick("time", "", f"{column.name} holds times, and {why}")
    else:
        made.fields["time"] = column.name
        made.pick("time", column.name, _time_words(made.form))
    later = choose_verdict_time([c for c in open_ones if c is not column], made.form)
    if later is not None and "label" in made.fields:
        made.fields["verdict_time"] = later.name
        made.pick("verdict_time", later.name, "its name, and every value is a time")


def _time_words(form: TimeForm) -> str:
    said = "every value is a time" if form.fits else "not every value is a time"
    if form.form:
        said += f", written {form.form}"
    return said if form.zone else f"{said}; no zone is named: UTC, unless `timezone` says which"


def _pick_analyst(made: Suggestion, columns: Sequence[Column]) -> None:
    taken = set(made.fields.values())
    for column in columns:
        short = column.mean_length <= 64 and column.mean_words <= 4 and not column.nested
        if column.name not in taken and _ANALYST.search(column.words) and short:
            made.fields["analyst"] = column.name
            names = "one name" if column.distinct == 1 else f"{column.distinct:,} names"
            made.pick("analyst", column.name, names)
            return


def _pick_text(made: Suggestion, columns: Sequence[Column], wanted: Wanted) -> None:
    if wanted.text:
        made.text = wanted.text
        made.pick("text", ", ".join(wanted.text), "as named")
    else:
        chosen = choose_text([c for c in columns if not (time_form(c) or looks_like_time(c))])
        made.text = tuple(column.name for column in chosen)
        why = ", ".join(map(_text_words, chosen))
        made.pick("text", ", ".join(made.text), why or "no field holds text; --text names one")
        _warn_of_gaps(made, chosen)
    afterwards = [c.name for c in columns if is_afterwards(c) and is_free_text(c)]
    if afterwards and not wanted.text:
        made.pick("not read", ", ".join(afterwards), "written after the verdict, by its name")
    numbers, categories = others((c for c in columns if not time_form(c)), made.text)
    made.numbers, made.categories = tuple(numbers), tuple(categories)
    if not made.text and (numbers or categories):
        made.pick("read instead", ", ".join((*numbers, *categories)), "numbers and categories")


def _text_words(column: Column) -> str:
    said = f"{column.mean_length:,.0f} characters in {column.mean_words:,.0f} words"
    return said if column.fill > _FULL else f"{said} in {column.fill:.0%} of the records"


def _warn_of_gaps(made: Suggestion, chosen: Sequence[Column]) -> None:
    """Say how many records have none of the fields: a run rejects them."""
    rows = chosen[0].rows if chosen else 0
    without = rows - covered(chosen)
    if rows and without > rows * (1 - _FULL):
        made.pick(
            "without text",
            f"{without:,} of {rows:,} records",
            "they have none of these fields and teach nothing; --text names further ones",
        )


def _named(words: Iterable[str], most: int = 6) -> str:
    listed = list(words)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def facts_of(made: Suggestion) -> Mapping[str, Any]:
    """The choices as JSON values."""
    return {
        "fields": dict(made.fields),
        "time_format": made.form.form if made.form else None,
        "text": list(made.text),
        "labels": {name: list(words) for name, words in made.words.labels.items()}
        if made.words
        else {},
        "benign": made.words.benign if made.words else None,
        "picks": [{"what": p.what, "chosen": p.chosen, "why": p.why} for p in made.picks],
    }
