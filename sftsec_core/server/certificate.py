"""The server's certificate and key: checked as a whole before a handshake uses them."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConfigError
from sftsec_core.server.renewal import Renewed
from sftsec_core.server.secret_files import refuse_open

if TYPE_CHECKING:
    from pathlib import Path


class ServerCertificate(Renewed[ssl.SSLContext]):
    """The newest certificate, for one context that a listening socket keeps."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Load both.

        Raises:
            ConfigError: when one cannot be read, is open to others, or they do not go together.
        """
        super().__init__("the certificate is", lambda: _load(certificate, key), (certificate, key))
        self.context = _load(certificate, key)
        # To load a pair into a context that is in use could leave it with one half of the pair.
        self.context.sni_callback = self._take_newest

    def _take_newest(self, connection: ssl.SSLObject, *_given: object) -> None:
        connection.context = self.value


def _load(certificate: Path, key: Path) -> ssl.SSLContext:
    """Load a pair without OpenSSL's question for a password on the terminal."""

    def ask(*_given: Any) -> str:  # noqa: ANN401 - OpenSSL's
        raise ConfigError(f"the key {key} is encrypted: store it without a password")

    refuse_open(key, "the key", "serve.key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=ask)
    except ssl.SSLError as error:
        raise ConfigError(
            f"{certificate} and {key} are not a certificate and its key ({error.reason})",
            path="serve.certificate",
        ) from error
    except OSError as error:
        missing = next((file for file in (certificate, key) if not file.is_file()), certificate)
        raise ConfigError(
            f"{missing} cannot be read: {error.strerror}", path="serve.certificate"
        ) from error
    return context
