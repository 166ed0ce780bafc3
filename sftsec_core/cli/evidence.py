"""`sftsec evidence`: what an examiner wants to see of a model, as one archive."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.complete import complete_model
from sftsec_core.cli.options import App, emit, json_option, pass_app

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.evidence import EvidenceArchive

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    "evidence", short_help="Write a model's evidence for auditors, or verify such a file."
)
@click.argument("name", metavar="[RUN|MODEL]", required=False, shell_complete=complete_model)
@click.option(
    "--output", type=_FILE, metavar="FILE.zip", help="Default: evidence-TASK-ID.zip, here."
)
@click.option(
    "--names", type=_FILE, help="What the pseudonyms stand for: write it, or verify with it."
)
@click.option("--verify", "file", type=_FILE, metavar="FILE.zip", help="Verify this file instead.")
@click.option(
    "--key", type=_FILE, help="With --verify: the public key (PEM) that must have signed."
)
@json_option
@pass_app
def command(
    app: App,
    name: str | None,
    output: Path | None,
    names: Path | None,
    file: Path | None,
    key: Path | None,
    as_json: bool,
) -> None:
    """Write what there is of a model or a run for those who examine it, as one ZIP file.

    MODEL is task@alias, a digest or the beginning of one, or a task for its live model; RUN the id
    of a retraining run. The file has the model card, a datasheet of the training data, the report
    with all audits and votes, signatures, the entries of the audit log, a bill of materials, and a
    table that maps them to the EU AI Act (articles 9 to 15), the NIST AI RMF and ISO/IEC 42001 and
    says what is missing. index.html shows it. No text of an incident and no name of a person is
    in it; --names writes what the pseudonyms stand for into a file that you keep.

    registry.sign_key signs it. --verify needs no site and no network; exit 9 where the file was
    changed.

    \b
    Examples:
      sftsec evidence phishing@live --output phishing.zip
      sftsec evidence 20260131T120000-1a2b3c4d --names names.json
      sftsec evidence --verify phishing.zip --key sign.pub.pem
    """
    if (name is None) == (file is None):
        raise click.UsageError("name a run or a model, or a file with --verify")
    if file is not None:
        if output is not None:
            raise click.UsageError("--output does not go with --verify")
        _verify(file, key, names, as_json=as_json)
        return
    if key is not None:
        raise click.UsageError("--key goes with --verify; registry.sign_key signs")
    from sftsec_core.operations.evidence import gather_evidence

    _check_places(output, names)
    with app.context() as context:
        made = gather_evidence(context, str(name))
    target = output or Path(_default(made))
    _check_places(target, names)
    _write(target, made.archive)
    if names is not None:
        _write_names(names, made)
    _show(app, made, target, names, as_json=as_json)


def _default(made: EvidenceArchive) -> str:
    origin = made.about["origin"]
    mark = (origin["model"] or "")[:12] or origin["run"]
    return f"evidence-{made.about['task']}-{mark}.zip"


def _check_places(output: Path | None, names: Path | None) -> None:
    """Before anything is gathered: nothing but earlier evidence is replaced."""
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.operations.verify_evidence import is_evidence

    if output is not None and output.exists() and not is_evidence(output):
        raise ConfigError(f"{output} is there and is no evidence: name another file (--output)")
    if names is not None and names.exists():
        raise ConfigError(f"{names} is there: name another file (--names)")


def _write(target: Path, content: bytes) -> None:
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.sdk.atomic import write_atomically

    try:
        write_atomically(target, content)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}") from error


def _write_names(file: Path, made: EvidenceArchive) -> None:
    from sftsec_core.api.errors import ConfigError

    text = json.dumps(dict(sorted(made.replaced.items())), indent=2, ensure_ascii=False) + "\n"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as out:
        out.write(text.encode("utf-8", "surrogatepass"))


def _show(
    app: App, made: EvidenceArchive, target: Path, names: Path | None, *, as_json: bool
) -> None:
    data = {
        "file": str(target),
        "bytes": len(made.archive),
        "signed": made.signed,
        "names": None if names is None else str(names),
        "about": made.about,
        "missing": [{"item": item, "how": how} for item, how in made.missing],
    }

    def show(out: Console) -> None:
        signed = "signed" if made.signed else "not signed (registry.sign_key)"
        out.print(f"{target}  {len(made.archive):,} bytes, {signed}", soft_wrap=True)
        out.print("missing:" if made.missing else "nothing is missing")
        for item, how in made.missing:
            out.print(f"  - {item}: {how}", soft_wrap=True)

    emit(data, as_json=as_json, show=show)
    app.next(f"sftsec evidence --verify {target}", as_json=as_json)


def _verify(file: Path, key: Path | None, names: Path | None, *, as_json: bool) -> None:
    from sftsec_core.operations.verify_evidence import verify_evidence

    found = verify_evidence(file, key, names)
    data: dict[str, Any] = {
        "file": str(file),
        "files": found.files,
        "about": found.about,
        "proved": found.proved,
        "not_proved": found.not_proved,
    }

    def show(out: Console) -> None:
        for title, lines in (("proved", found.proved), ("not proved", found.not_proved)):
            out.print(f"{title}:")
            for line in lines:
                out.print(f"  - {line}", soft_wrap=True)

    emit(data, as_json=as_json, show=show)
