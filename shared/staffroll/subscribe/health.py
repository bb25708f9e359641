"""``/healthz`` and ``/readyz`` of a subscriber, for whoever watches it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class HealthServer:
    """Answers on a port of its own until it is closed.

    Args:
        port: 0 for any free one.
        look: ``{"ready": bool, …}``, asked at each request.
    """

    def __init__(self, port: int, look: Callable[[], Mapping[str, Any]], host: str = "") -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen = look()
                known = self.path in ("/healthz", "/readyz")
                ready = self.path == "/healthz" or seen["ready"]
                body = json.dumps(dict(seen)).encode() if known else b"{}"
                self.send_response(404 if not known else 200 if ready else 503)
                self.send_header("Content-Type", "application/json")
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
