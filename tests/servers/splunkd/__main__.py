"""`python -m tests.servers.splunkd`: the double on ports of its own, until it is interrupted."""

from __future__ import annotations

import argparse
import signal
import threading

from tests.servers.splunkd.server import start_splunkd


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.servers.splunkd", description=__doc__)
    parser.add_argument("--port", type=int, default=8089, help="of the management API")
    parser.add_argument("--hec-port", type=int, default=8088, help="of the event collector")
    parser.add_argument("--hec-token", default="11111111-1111-1111-1111-111111111111")
    parser.add_argument("--username", default="admin")
    parser.add_argument("--password", default="changed!")
    parser.add_argument("--version", default="9.4.1", help="9.x or 10.x")
    parser.add_argument("--no-tls", action="store_true")
    given = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with start_splunkd(
        tls=not given.no_tls,
        port=given.port,
        hec_port=given.hec_port,
        hec_token=given.hec_token,
        username=given.username,
        password=given.password,
        version=given.version,
    ) as splunk:
        print(f"splunkd {splunk.version} on {splunk.url}, HEC on {splunk.hec_url}", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
