"""The registry: which models there are, which one is live, and how that changes.

A model becomes visible in three steps, each atomic: its folder is renamed into place, then the
card of its run, then its row is written. A kill between them leaves a complete folder that no row
refers to; a kill before leaves a staging folder that the next registration removes. A model that
an earlier run made gets a card more. The live model is one row, the alias "live", and moves by
compare-and-swap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import ModelRef
from sftsec_core.api.errors import (
    AmbiguousNameError,
    IntegrityError,
    NotFoundError,
    StoreError,
)
from sftsec_core.evaluation.methods import ServingParts
from sftsec_core.evaluation.specs import TEMPERATURE, THRESHOLD
from sftsec_core.models.artifact import CARDS, MANIFEST, publish, verify_folder
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.plugins import get
from sftsec_core.recipes.encoder_files import encoders_relative_to
from sftsec_core.registry.card import card_markdown
from sftsec_core.registry.history import ROLLBACK, promotion_reason, restorable
from sftsec_core.registry.serving import Serving
from sftsec_core.registry.signing import SignaturePolicy
from sftsec_core.store.staging import staging

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sftsec_core.api.contracts import (
        CalibratorSpec,
        DeciderSpec,
        RecipeSpec,
        TrainedModel,
    )
    from sftsec_core.api.domain import Decision, Registration
    from sftsec_core.registry.protocols import ModelTable, SharedFolders

CANDIDATE = "candidate"
LIVE = "live"
_SERVING, _CARD, _CARD_TEXT = "serving.json", "card.json", "card.md"
_KIND, _ENCODERS = "models", "encoders"
_SHORT = 12
_ATTEMPTS = 5
_WHATEVER_IS_LIVE = "whatever is live"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A verified model, ready to score."""

    ref: ModelRef
    model: TrainedModel
    serving: Serving
    parts: ServingParts


class ModelRegistry:
    """Models by digest, with the aliases that make them live."""

    def __init__(
        self,
        table: ModelTable,
        folder: Path,
        recipes: Mapping[str, RecipeSpec[Any]],
        *,
        calibrators: Mapping[str, CalibratorSpec[Any]] | None = None,
        deciders: Mapping[str, DeciderSpec[Any]] | None = None,
        base: Path | None = None,
        signatures: SignaturePolicy | None = None,
        shared: Callable[[], SharedFolders | None] = lambda: None,
    ) -> None:
        """Take what the registry stands on; nothing is touched yet.

        Args:
            table: the rows.
            folder: where the models' folders lie; made when it is first needed.
            recipes: by name; they load what they saved.
            calibrators: by name; default: the built-in one.
            deciders: by name; default: the built-in one.
            base: the folder of sftsec.yaml, from which relative paths of encoders start.
            signatures: the keys; default: models are neither signed nor have to be.
            shared: gives the place where other hosts find what is registered here; called when it
                is needed, since it may be out of reach; default: there is none.
        """
        self._table = table
        self._folder = folder
        self._recipes = recipes
        self._calibrators = calibrators or {TEMPERATURE.name: TEMPERATURE}
        self._deciders = deciders or {THRESHOLD.name: THRESHOLD}
        self._base = base
        self.signatures = signatures or SignaturePolicy()
        self._shared = shared

    # --- registering and loading

    def register(
        self,
        model: TrainedModel,
        serving: Serving,
        card: Mapping[str, Any],
        *,
        run_id: str,
        by: str = "sftsec",
    ) -> ModelRef:
        """Keep a model under its digest and point the task's "candidate" at it.

        A model that an earlier run made stays and gets this run's card; altered files are replaced.

        Args:
            model: saved by its own `save`.
            serving: how it is used.
            card: its model card; JSON values.
            run_id: the run that made it.
            by: who registers it, for the history.

        Raises:
            IntegrityError: when the model wrote a file that is not of a safe format.
        """
        with staging(self._folder) as place:
            built = place / "model"
            save_model(model, serving.recipe, built)
            if (built / CARDS).exists():
                raise IntegrityError(f"a model's own files may not lie in {CARDS!r}")
            _write_new(built / _SERVING, serving.to_json())
            told = place / "card"
            told.mkdir()
            _write_new(told / _CARD, json.dumps(card, indent=2, allow_nan=False) + "\n")
            _write_new(told / _CARD_TEXT, card_markdown(card))
            digest, folder = publish(built, self._folder)
            self.signatures.check_may_grow(folder)
            card_digest, _ = publish(told, folder / CARDS, "card")
            self.signatures.seal(folder)
            if (shared := self._shared()) is not None:  # before a row tells other hosts of it
                shared.push(_KIND, folder)
            # Under the same lock: a folder that no row names may be removed by anyone who holds it.
            task, now = serving.task.name, datetime.now(UTC)
            ref = ModelRef(digest, task, serving.recipe, run_id, folder, now)
            self._table.add(ref, card_digest)
            self._point_candidate(task, digest, by, f"registered by run {run_id}")
        return self._known(digest)

    def folders(self) -> list[Path]:
        """The models' folders that are there, whether or not the store knows them."""
        return sorted(path for path in self._folder.glob("*") if (path / MANIFEST).is_file())

    def verify(self, ref: ModelRef) -> None:
        """Check every file of a model, and each run's card, against their digests.

        The card of the last run must be there; that of an earlier one may have been removed. What
        another host registered is downloaded first.

        Raises:
            IntegrityError: naming the file that differs.
            StoreError: when the place that hosts share cannot be reached.
        """
        registrations = self._table.registrations(ref.digest)
        self._bring(ref, registrations)
        verify_folder(ref.folder, ref.digest)
        for made in registrations:
            folder = ref.folder / CARDS / (made.card or "")
            if made.card and (made.run_id == ref.run_id or folder.exists()):
                verify_folder(folder, made.card, "card")

    def _bring(self, ref: ModelRef, registrations: Sequence[Registration]) -> None:
        """Download a model, or the card of its last run, that another host has registered."""
        last = [made.card for made in registrations if made.card and made.run_id == ref.run_id]
        needed = [ref.folder, *(ref.folder / CARDS / card for card in last)]
        if all(folder.is_dir() for folder in needed) or ref.folder.parent != self._folder:
            return
        if (shared := self._shared()) is not None:
            shared.fetch(_KIND, ref.folder)

    def _bring_encoders(self, ref: ModelRef) -> None:
        """Download adapted encoders that a model reads and another host has made."""
        from sftsec_core.recipes.saved_encoders import encoder_paths  # imports recipes

        own = self._folder.parent / _ENCODERS
        paths = [Path(self._base or ".") / path for path in encoder_paths(ref.folder)]
        missing = [path for path in paths if path.parent == own and not path.is_dir()]
        if missing and (shared := self._shared()) is not None:
            for folder in missing:
                shared.fetch(_ENCODERS, folder)

    def runs(self, ref: ModelRef) -> Sequence[Registration]:
        """The runs that made a model, oldest first."""
        return self._table.registrations(ref.digest)

    def load(self, ref: ModelRef) -> LoadedModel:
        """Verify a model and the signature that it must have, then load it.

        Raises:
            IntegrityError: naming the file that differs or what is wrong with the signature;
                nothing of it was read as a model.
            NotFoundError: when the calibrator or the decider that it serves with is not known.
        """
        self.verify(ref)
        self.signatures.check(ref)
        self._bring_encoders(ref)
        with encoders_relative_to(self._base):
            model = load_model(ref.folder, self._recipes)
        serving = self.serving(ref)
        return LoadedModel(ref, model, serving, self._parts(serving))

    def _parts(self, serving: Serving) -> ServingParts:
        calibrator = get("calibrator", serving.calibrator.name, self._calibrators)
        decider = get("decider", serving.decider.name, self._deciders)
        try:
            return ServingParts(
                calibrator.load(serving.calibrator.state),
                decider.load(serving.decider.state),
                serving.calibrator,
                serving.decider,
            )
        except (ValueError, TypeError, KeyError) as error:
            raise IntegrityError(f"serving.json is damaged: {error}") from error

    def serving(self, ref: ModelRef) -> Serving:
        """How a model is used; call `verify` first, or `load`, which does."""
        return Serving.from_json((ref.folder / _SERVING).read_text("utf-8"))

    def card(self, ref: ModelRef, run_id: str | None = None) -> dict[str, Any]:
        """The card of a run that made a model; by default of the last one.

        Raises:
            IntegrityError: when a file of the model is not the one registered.
        """
        self.verify(ref)
        digest = {made.run_id: made.card for made in self.runs(ref)}.get(run_id or ref.run_id)
        folder = ref.folder if digest is None else ref.folder / CARDS / digest
        card: dict[str, Any] = json.loads((folder / _CARD).read_text("utf-8"))
        return card

    # --- aliases

    def promote(
        self,
        task: str,
        digest: str,
        decision: Decision,
        by: str,
        *,
        force: str | None = None,
        instead_of: str | None = _WHATEVER_IS_LIVE,
    ) -> ModelRef | None:
        """Make a model the live one, in one compare-and-swap.

        Args:
            task: the task's name.
            digest: the model's whole digest.
            decision: the gate's, on this model.
            by: who promotes.
            force: the written reason for promoting against the gate; kept in the history.
            instead_of: the digest that was live when the gate decided (None: nothing was), so
                that an approval against one model never replaces another; by default the move
                is only guarded from the moment of this call.

        Returns:
            The model that was live until now; None when there was none. Promoting the live model
            changes nothing and returns it.

        Raises:
            GateRefusedError: when the gate rejected it and no reason to override it is given.
            IntegrityError: when a file of the model is not the one registered, or it is not signed
                as it must be.
            StoreError: when something else than `instead_of` is live, or somebody else promoted
                at the same time and was first.
            NotFoundError: when the task has no model of this digest.
        """
        reason = promotion_reason(decision, force)
        ref = self._table.get(digest)
        if ref is None or ref.task != task:
            raise NotFoundError("model", digest, self._names(task))
        current = self._table.aliases(task).get(LIVE)
        if current != digest:
            self.verify(ref)
            self.signatures.check(ref)
            expected = current if instead_of == _WHATEVER_IS_LIVE else instead_of
            self._table.set_alias(task, LIVE, digest, expected=expected, by=by, reason=reason)
        return None if current is None else self._known(current)

    def rollback(self, task: str, by: str, reason: str) -> ModelRef:
        """Restore the model that was live before the current one.

        The history is a stack: a promotion pushes, a rollback pops. Two rollbacks go back two
        promotions; a rollback after "A, B, rollback, C" goes to A.

        Args:
            task: the task's name.
            by: who rolls back.
            reason: why, for the history.

        Returns:
            The model that is live now.

        Raises:
            NotFoundError: when there is no earlier model.
            IntegrityError: when a file of the earlier model is not the one registered, or it is
                not signed as it must be.
            StoreError: when somebody else moved the alias at the same time.
        """
        stack = self.restorable(task)
        if len(stack) < 2:
            raise NotFoundError("earlier live model of task", task, ())
        current, earlier = stack[-1], self._known(stack[-2])
        self.verify(earlier)
        self.signatures.check(earlier)
        self._table.set_alias(
            task, LIVE, earlier.digest, expected=current, by=by, reason=ROLLBACK + reason
        )
        return self._known(earlier.digest)

    def restorable(self, task: str) -> list[str]:
        """The digests that rollbacks can go back to, oldest first; the last one is live."""
        history = reversed(self._table.alias_history(task, LIVE))
        return restorable((0, digest, reason) for digest, _, _, reason in history)

    def live(self, task: str) -> ModelRef | None:
        """The live model; None when there is none."""
        digest = self._table.aliases(task).get(LIVE)
        return None if digest is None else self._known(digest)

    def models(self, task: str | None = None) -> Sequence[ModelRef]:
        """The models of a task, or all."""
        return self._table.list(task)

    def resolve(self, name: str, task: str | None = None) -> ModelRef:
        """Find a model by what a person would type.

        Args:
            name: "task@alias", an alias, a digest, or the beginning of one (4 digits or more).
            task: look only among this task's models.

        Raises:
            NotFoundError: with the names that are known.
            AmbiguousNameError: when several models answer to the name.
        """
        if "@" in name:
            task, name = name.rsplit("@", 1)
        models = self._table.list(task)
        found = [ref for ref in models if name in ref.aliases]
        if not found and len(name) >= 4:
            found = [ref for ref in models if ref.digest.startswith(name.lower())]
        if not found:
            raise NotFoundError("model", f"{task}@{name}" if task else name, self._names(None))
        if len(found) > 1:
            names = ", ".join(f"{ref.digest[:_SHORT]} ({ref.task})" for ref in found)
            raise AmbiguousNameError(f"{name!r} stands for several models: {names}")
        return found[0]

    def _names(self, task: str | None) -> list[str]:
        names: list[str] = []
        for ref in self._table.list(task):
            names += [f"{ref.task}@{alias}" for alias in ref.aliases]
            names.append(ref.digest[:_SHORT])
        return names

    def _known(self, digest: str) -> ModelRef:
        ref = self._table.get(digest)
        if ref is None:
            raise StoreError(f"an alias points at model {digest[:_SHORT]}, which has no row")
        return ref

    def _point_candidate(self, task: str, digest: str, by: str, reason: str) -> None:
        """Move "candidate": the last one to register wins, so a lost race is run again."""
        for attempt in range(_ATTEMPTS):
            current = self._table.aliases(task).get(CANDIDATE)
            if current == digest:
                return
            try:
                self._table.set_alias(
                    task, CANDIDATE, digest, expected=current, by=by, reason=reason
                )
            except StoreError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return


def _write_new(path: Path, text: str) -> None:
    """Write a file that no model has written."""
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
