"""What notifications are sent to: a real HTTPS server and a real mail server, on loopback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.needs import need
from tests.servers.engines.certificates import make_certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, node.pem and node.key."""
    need(shutil.which("openssl"), "install OpenSSL's command line")
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder
