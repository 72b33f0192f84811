"""A small index over HTTP: PUT /items/<name> stores, GET /items/<name> answers, kept in Redis."""

import json
import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Optional

HOST, PORT = os.environ["MINDEX_DB"].split(":")
TOKEN = os.environ["MINDEX_TOKEN"]


def redis(*words: str) -> Optional[str]:
    """Ask the database one command in its own protocol; None where it knows no such key."""
    encoded = [word.encode() for word in words]
    request = b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)
    with socket.create_connection((HOST, int(PORT)), timeout=2) as connection:
        connection.sendall(request)
        answer = connection.makefile("rb")
        kind = answer.readline().rstrip()
        if kind.startswith(b"-"):
            raise OSError(kind.decode())
        if not kind.startswith(b"$"):
            return kind[1:].decode()
        size = int(kind[1:])
        return answer.read(size).decode() if size >= 0 else None


class Index(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health":
            return self.answer(200, {"service": "mindex-api", "status": "ok", "database": redis("PING")})
        value = redis("GET", self.path)
        return self.answer(200 if value is not None else 404, {"item": self.path, "value": value})

    def do_PUT(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(403, {"error": "wrong token"})
        redis("SET", self.path, self.rfile.read(int(self.headers["Content-Length"])).decode())
        return self.answer(201, {"item": self.path})

    def answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8000), Index).serve_forever()
