"""One request to a receiver of somebody else's: to a checked address, and never for long.

Nothing is done that an HTTP client does of its own accord: no redirect is followed, no proxy
of the environment is used, nothing of the answer but its status and ``Retry-After`` is looked at.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Final

from staffroll import clock
from staffroll_accounts.domain.deliveries import Attempt
from staffroll_accounts.domain.errors import WebhookUrlRefused
from staffroll_accounts.domain.webhook_urls import Address, Reach, Target

DEADLINE_SECONDS: Final = 10.0

_ANSWER_BYTES: Final = 64 * 1024
"""So much of an answer is taken, and dropped, so that a receiver is not cut off in its middle."""

_HEADERS: Final = {
    "Content-Type": "application/cloudevents+json; charset=utf-8",
    "User-Agent": "Staffroll-Webhooks",
    "Connection": "close",
}

Resolve = Callable[[str, int], list[str]]
Answer = tuple[int, str | None]
"""Its status, and its ``Retry-After``."""


class _NoAnswer(Exception):
    """Attributes: error: As in `Attempt`."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def look_up(host: str, port: int) -> list[str]:
    """All addresses of a name. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Sender:
    """Sends requests, from any number of threads.

    Args:
        tls: Whom to trust.
        resolve: Asked once for each request, so that what is checked is what is reached.
        deadline_seconds: From the look for the address to the end of the answer.
    """

    def __init__(
        self,
        reach: Reach,
        tls: ssl.SSLContext,
        *,
        resolve: Resolve = look_up,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._reach = reach
        self._tls = tls
        self._resolve = resolve
        self._deadline_seconds = deadline_seconds

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send the body once.

        Returns:
            With the status, or one of the errors ``url_refused``, ``name_not_found``,
            ``address_refused``, ``connection_failed``, ``tls_failed``, ``timeout``,
            ``no_answer``.
        """
        at, began = clock.now(), time.monotonic()
        status, retry_after, error = None, None, None
        try:
            status, retry_after = self._post(url, headers, body, began + self._deadline_seconds)
        except _NoAnswer as failure:
            error = failure.error
        milliseconds = int((time.monotonic() - began) * 1000)
        return Attempt(at, status, milliseconds, error, retry_after)

    def _post(self, url: str, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
        try:
            target = self._reach.target(url)
        except WebhookUrlRefused as error:
            raise _NoAnswer("url_refused") from error
        plain = _connected(self._checked(target), target.port, deadline)
        try:
            with plain, self._wrapped(plain, target) as sock, _cut_off_at(deadline, sock):
                if isinstance(sock, ssl.SSLSocket):
                    sock.do_handshake()
                return _exchanged(sock, target, headers, body, deadline)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise _NoAnswer(_why(error, deadline)) from error

    def _checked(self, target: Target) -> list[Address]:
        """Where the target is, if all of its addresses may be reached."""
        try:
            texts = self._resolve(target.host, target.port)
            found = [ip_address(text.partition("%")[0]) for text in texts]
        except (OSError, UnicodeError, ValueError) as error:
            raise _NoAnswer("name_not_found") from error
        # One private address among public ones would be reached sooner or later.
        if not all(self._reach.allows(one, is_tls=target.is_tls) for one in found):
            raise _NoAnswer("address_refused")
        return found

    def _wrapped(self, plain: socket.socket, target: Target) -> socket.socket:
        if not target.is_tls:
            return plain
        # The handshake comes later, when it can be cut off.
        return self._tls.wrap_socket(
            plain, server_hostname=target.host, do_handshake_on_connect=False
        )


def _connected(addresses: list[Address], port: int, deadline: float) -> socket.socket:
    """A connection to the first that takes one."""
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        with suppress(OSError):
            return socket.create_connection((str(address), port), timeout=left)
    raise _NoAnswer("timeout" if time.monotonic() >= deadline else "connection_failed")


@contextmanager
def _cut_off_at(deadline: float, sock: socket.socket) -> Iterator[None]:
    """Whatever waits for the socket ends at the deadline: the time limit of a socket is one of
    each byte, with which a receiver could hold us for ever."""

    def cut_off() -> None:
        with suppress(OSError):
            # Past the encryption, which belongs to the other thread.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(deadline - time.monotonic(), cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _exchanged(
    sock: socket.socket,
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    deadline: float,
) -> Answer:
    """The answer, whatever its body. Raises `OSError`, `HTTPException`."""
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = sock
    connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
    own = {"Host": target.host_header, "Content-Length": str(len(body)), **_HEADERS}
    for name, value in {**own, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    if time.monotonic() >= deadline:
        raise TimeoutError  # cut off in the middle, it looks like a whole answer
    with suppress(OSError, http.client.HTTPException):
        answer.read(_ANSWER_BYTES)
    return answer.status, answer.getheader("Retry-After")


def _why(error: Exception, deadline: float) -> str:
    if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
        return "timeout"
    return "tls_failed" if isinstance(error, ssl.SSLError) else "no_answer"
