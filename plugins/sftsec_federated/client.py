"""A site's side of the wire: it asks, it is never called; no port is open at a site."""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING, Any

from sftsec_core.api import (
    ConfigError,
    ConnectorError,
    ConnectorUnavailableError,
    DataError,
    TrainingError,
)
from sftsec_core.sdk.errors import LostAnswerError
from sftsec_core.sdk.http import HttpAnswer, HttpClient
from sftsec_core.sdk.retry import RetryPolicy
from sftsec_federated.frame import Frame, read_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_federated.config import FederatedConfig

_SILENCE_S = 60.0
_MOST = 1 << 30  # bytes of an answer


class FederationClient:
    """Speaks with the server of a federation; gives up after `retry_timeout` of silence."""

    def __init__(self, config: FederatedConfig, site: Mapping[str, Any]) -> None:
        """Take the settings, and what the site joins with.

        Raises:
            ConfigError: when the token or a certificate cannot be read.
        """
        self._url = config.server
        self._headers = {"Authorization": f"Bearer {config.token.reveal().strip()}"}
        self._site = json.dumps(dict(site)).encode()
        self._retry = RetryPolicy(config.retry_timeout)
        self._http = HttpClient(
            "the federation", ca_file=config.ca_file, timeout_s=_SILENCE_S, max_bytes=_MOST
        )
        self.sent = self.received = 0
        # A server that refuses a client's certificate closes the connection and says nothing.
        self._answered = False
        self._hint = (
            "if it asks sites for certificates (client_ca), set certificate and key"
            if config.certificate is None
            else f"it may not accept {config.certificate}: its client_ca must have signed it"
        )
        if config.certificate is not None:
            try:
                self._http.trust.load_cert_chain(config.certificate, config.key)
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"{config.certificate} cannot be used: {error}") from None

    def join(self) -> dict[str, Any]:
        """Join, or join again.

        Returns:
            The plan.

        Raises:
            ConfigError: when the task and the federation differ, or the token is no site's.
            ConnectorError: when the server is not reached.
        """
        plan = json.loads(self._send("join", self._site).body)
        if not isinstance(plan, dict):
            raise ConnectorError(f"{self._url} is no server of a federation")
        return plan

    def next_order(self, deadline: float | None) -> Frame | None:
        """The next order; None where the rounds are over.

        Raises:
            TrainingError: when the deadline (of `time.monotonic`) passes before.
        """
        while True:
            answer = self._send("order")
            if answer.status != 202:
                return read_frame(answer.body)
            if json.loads(answer.body).get("over"):
                return None
            if deadline is not None and time.monotonic() > deadline:
                raise TrainingError(
                    "the federation's rounds were not over when the time for training was: "
                    "give train.budget more, or ask who runs the server which site is missing"
                )

    def reply(self, frame: Frame) -> str | None:
        """Answer an order; why the server did not take it, or None."""
        answer = self._send("reply", frame.to_bytes(), accept=(409,))
        return None if answer.status != 409 else _detail(answer)

    def model(self) -> Frame:
        """The joined model, once the rounds are over."""
        return read_frame(self._send("model").body)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, route: str, body: bytes = b"", accept: tuple[int, ...] = ()) -> HttpAnswer:
        answer = self._retry(lambda: self._once(route, body))
        if answer.status == 428:  # the server was restarted
            self.join()
            answer = self._retry(lambda: self._once(route, body))
        if answer.status in (200, 202, *accept):
            return answer
        if answer.status in (401, 409):
            raise ConfigError(f"{self._url} refuses this site: {_detail(answer)}")
        raise ConnectorError(f"{self._url} answers {answer.status}: {_detail(answer)}")

    def _once(self, route: str, body: bytes) -> HttpAnswer:
        url = f"{self._url}/v1/{route}"
        try:
            answer = self._http.send("POST", url, headers=self._headers, body=body)
        except LostAnswerError as error:
            if not self._answered and url.startswith("https:"):
                raise LostAnswerError(f"{error}; {self._hint}") from None
            raise
        self._answered = True
        if answer.status >= 502:
            raise ConnectorUnavailableError(f"{self._url} answers {answer.status}")
        self.sent += len(body)
        self.received += len(answer.body)
        return answer


def _detail(answer: HttpAnswer) -> str:
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    detail = body.get("detail") if isinstance(body, dict) else None
    return str(detail)[:500] if detail else answer.reason


def check_plan(plan: Mapping[str, Any]) -> dict[str, int]:
    """The bounded numbers of a plan: a server cannot make a site compute or store without end.

    Raises:
        DataError: when one is missing or out of its bounds.
    """
    bounds = {
        "places": (256, 1 << 20),
        "max_chars": (1, 1_000_000),
        "steps": (1, 1000),
        "rounds": (1, 100),
    }
    found = {}
    for name, (least, most) in bounds.items():
        value = plan.get(name)
        if not isinstance(value, int) or not least <= value <= most:
            raise DataError(f"the federation's plan has {name} {value!r}, not {least} to {most}")
        found[name] = value
    return found
