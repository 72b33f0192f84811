# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP server on a unix socket, as Docker Engine is one: JSON in, JSON out, connections kept open."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
import typing as t
from pathlib import Path
from urllib.parse import unquote, urlsplit

Answer = tuple[int, t.Any]


class Request(t.NamedTuple):
    method: str
    path: str
    query: str
    body: t.Any


class UnixServer:
    """Answers every request with what ``answer`` gives; a ConnectionAbortedError from it hangs up. Bytes go out as they are. Use it as a context manager.

    ``api``: what every answer says of the newest version of the API.
    """

    def __init__(self, path: Path, answer: t.Callable[[Request], Answer], api: str) -> None:
        self._path = path
        self._server = _Server(str(path), _handler(answer, api))

    @property
    def address(self) -> str:
        return f"unix://{self._path}"

    def __enter__(self) -> UnixServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)

    def refuse_connections(self) -> None:
        """From now on nobody gets through; open connections stay open."""
        self._server.socket.close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def _handler(answer: t.Callable[[Request], Answer], api: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            address = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, body = answer(Request(self.command, unquote(address.path), address.query, json.loads(sent) if sent else {}))
            except ConnectionAbortedError:
                self.close_connection = True
                return
            payload = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Api-Version", api)
            if status != 204:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            if payload:  # a client that knows the length to be 0 may have gone
                self.wfile.write(payload)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 (the base class finds them by these names)

        def log_message(self, *_args: t.Any) -> None:
            """Say nothing."""

    return Handler
