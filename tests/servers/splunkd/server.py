"""Start the double, within a test or as a program.

with start_splunkd() as splunk:
    splunk.add_notable({"rule_title": "Phishing", "src": "10.0.0.1"})
    ...  # talk to splunk.url as splunk.username with splunk.password
    assert splunk.notables[0]["disposition"] == "disposition:1"
"""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.servers.engines.certificates import make_certificates
from tests.servers.splunkd.state import Splunkd
from tests.servers.splunkd.transport import Handler, Hec, Management, Server, bind

_LOOPBACK = "127.0.0.1"


@contextmanager
def start_splunkd(
    *, tls: bool = True, port: int = 0, hec_port: int = 0, **settings: Any
) -> Iterator[Splunkd]:
    """Serve a fresh double on loopback, in this process.

    Args:
        tls: https with a certificate of the double's own, whose authority is `ca_file`.
        port: of the management API; 0 takes a free one, and so for the collector's.
        settings: `version`, `es`, `username`, `password`, `hec_token`, ... of `Splunkd`.
    """
    splunk = Splunkd(**settings)
    with ExitStack() as stack:
        context = None
        if tls:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="sftsec-splunkd-"))
            )
            make_certificates(folder)
            splunk.ca_file = folder / "ca.pem"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            # A ticket that a client never reads would make of its close a reset, and lose what it
            # has just sent: `receivers/stream` is closed in this way.
            context.num_tickets = 0
            context.load_cert_chain(folder / "node.pem", folder / "node.key")
        scheme = "https" if tls else "http"
        made = stack.enter_context(_served(splunk, Management, port, context))
        splunk.url = f"{scheme}://{_LOOPBACK}:{made}"
        made = stack.enter_context(_served(splunk, Hec, hec_port, context))
        splunk.hec_url = f"{scheme}://{_LOOPBACK}:{made}"
        yield splunk


@contextmanager
def _served(
    splunk: Splunkd, handler: type[Handler], port: int, tls: ssl.SSLContext | None
) -> Iterator[int]:
    server = Server((_LOOPBACK, port), bind(splunk, handler), tls)
    # A short poll: the end of a test should not wait for it.
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
