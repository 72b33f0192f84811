"""The archive over HTTP: POST /orders keeps an order and answers its number once PostgreSQL has it on disk, GET /orders says how many there are."""

import json
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PSQL = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--host=archive-db", "--username=postgres"]


def ask(statement: str, **values: str) -> str:
    """One statement; ``:'name'`` in it is the value of that name."""
    command = [*PSQL, *(f"--set={name}={value}" for name, value in values.items())]
    return subprocess.run(command, input=statement, capture_output=True, text=True, timeout=5, check=True).stdout.strip()


class Archive(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200, {"database": ask("SELECT 1")})
        elif self.path == "/orders":
            self.answer(200, {"orders": int(ask("SELECT count(*) FROM orders"))})
        else:
            self.answer(404, {"error": "no such page"})

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(201, {"order": int(ask("INSERT INTO orders (text) VALUES (:'text') RETURNING number", text=text))})

    def answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """A line for every question would say nothing."""


ThreadingHTTPServer(("", 8000), Archive).serve_forever()
