"""The website: one page that says which version runs, what memory it may use and where MycoBrain is."""

import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

VERSION = Path("/app/VERSION").read_text().strip()
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_limit() -> str:
    """The limit that this container lives under, in bytes, as the kernel says."""
    return next(Path(name).read_text().strip() for name in CGROUP_LIMITS if Path(name).exists())


def index_answers() -> bool:
    try:
        with urllib.request.urlopen(os.environ["MINDEX_API_URL"] + "/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def state() -> dict[str, Any]:
    return {
        "version": VERSION,
        "memory_limit": memory_limit(),
        "MYCOBRAIN_SERVICE_URL": os.environ.get("MYCOBRAIN_SERVICE_URL"),
        "MAS_API_URL": os.environ.get("MAS_API_URL"),
        "mindex": index_answers(),
    }


class Website(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/":
            rows = "".join(f"<tr><th>{key}</th><td>{value}</td></tr>" for key, value in state().items())
            return self.answer(200, "text/html", f"<!doctype html><title>Mycosoft</title><h1>Mycosoft</h1><table>{rows}</table>")
        if self.path == "/api/health":
            return self.answer(200, "application/json", json.dumps({"service": "mycosoft-website", "status": "ok"}))
        if self.path == "/api/state":
            return self.answer(200, "application/json", json.dumps(state()))
        return self.answer(404, "text/plain", "no such page\n")

    def answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 3000), Website).serve_forever()
