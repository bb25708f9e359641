"""``/healthz``, ``/readyz`` and more of a process that serves nothing else, for who watches it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, Final

Page = Callable[[], tuple[bytes, str]]
"""A body and its content type."""

_SLOW_SECONDS: Final = 10.0


class ProbeServer:
    """Answers on a port of its own until it is closed.

    Args:
        port: 0 for any free one.
        look: ``{"ready": bool, …}``, asked at each request.
        host: The address to listen at; empty for all.
        pages: What is there besides, by path.
    Raises:
        OSError: Nobody can listen there.
    """

    def __init__(
        self,
        port: int,
        look: Callable[[], Mapping[str, Any]],
        host: str = "",
        pages: Mapping[str, Page] = MappingProxyType({}),
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = _SLOW_SECONDS

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path in pages:
                    body, content_type = pages[path]()
                    self._answer(200, body, content_type)
                elif path in ("/healthz", "/readyz"):
                    seen = look()
                    is_well = path == "/healthz" or seen["ready"]
                    body = json.dumps(dict(seen)).encode()
                    self._answer(200 if is_well else 503, body, "application/json")
                else:
                    self._answer(404, b"{}", "application/json")

            def _answer(self, status: int, body: bytes, content_type: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nobody wants a line for every probe."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
