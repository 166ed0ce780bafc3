"""Which models are signed by themselves, and which signature a model must have to be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.errors import ConfigError
from sftsec_core.models.model_format import SIGNATURE
from sftsec_core.models.signature import check_key_pair, public_pem, sign_folder, verify_signature

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.api.settings.secrets import SecretRef

_SHORT = 12


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """The keys of a registry.

    Attributes:
        sign_key: where the private key is; each model that is registered is signed with it. None:
            a person signs.
        public_key: by whose private key a model must be signed before it is loaded or made live;
            None: by no one's.
    """

    sign_key: SecretRef | None = None
    public_key: Path | None = None

    @property
    def signed_by_hand(self) -> bool:
        """Whether a new model can be used only after a person signed it."""
        return self.public_key is not None and self.sign_key is None

    def check_keys(self) -> None:
        """Check the keys before anything is made that they are needed for.

        Raises:
            ConfigError: when one is no key, or they are no pair.
        """
        if self.sign_key is not None and self.public_key is not None:
            check_key_pair(self.sign_key, self.public_key)
        elif self.public_key is not None:
            public_pem(self.public_key)

    def seal(self, folder: Path) -> None:
        """Sign a model that is whole, where that is set."""
        if self.sign_key is not None:
            sign_folder(folder, self.sign_key)

    def check_may_grow(self, folder: Path) -> None:
        """Check that a card may be added to a model without ending its signature.

        Raises:
            ConfigError: when it is signed, must be, and no key is there to sign it again.
        """
        if self.signed_by_hand and (folder / SIGNATURE).is_file():
            raise ConfigError(
                f"this run made model {folder.name[:_SHORT]} again, which is signed, and its new "
                "card would not be: nothing was changed; set registry.sign_key to keep it"
            )

    def check(self, ref: ModelRef) -> None:
        """Check that a model may be used.

        Raises:
            ConfigError: when the public key cannot be read.
            IntegrityError: when it is not signed as it must be; names the model and the remedy.
        """
        if self.public_key is not None:
            name = f"task {ref.task!r}: model {ref.digest[:_SHORT]}"
            verify_signature(ref.folder, self.public_key, name)
