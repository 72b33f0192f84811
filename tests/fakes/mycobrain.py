# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for MycoBrain, the service the rack uses but does not run.

``GET /health`` answers 200 and JSON, every other path 404. With ``--log`` each
request becomes one JSON line: ``{"time", "method", "path", "status", "client"}``.
Standard library only, so that it also runs alone in a container.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class MycoBrain(ThreadingHTTPServer):
    """The server; ``log`` is appended to, one line a request."""

    def __init__(self, address: tuple[str, int], log: pathlib.Path | None = None) -> None:
        super().__init__(address, Handler)
        self.log = log


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: MycoBrain
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer the health probe; nothing else is known here."""
        if self.path == "/health":
            self._answer(HTTPStatus.OK, {"status": "ok", "service": "mycobrain"})
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"error": f"no such path: {self.path}"})

    def _answer(self, status: HTTPStatus, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self._record(status)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _record(self, status: HTTPStatus) -> None:
        if self.server.log:
            entry = {"time": time.time(), "method": self.command, "path": self.path, "status": status.value, "client": self.client_address[0]}
            with self.server.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class names it so
        """The log file says it; the console stays quiet."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--log", type=pathlib.Path, help="append every request to this file, one JSON object a line")
    arguments = parser.parse_args()
    MycoBrain((arguments.host, arguments.port), arguments.log).serve_forever()


if __name__ == "__main__":
    main()
