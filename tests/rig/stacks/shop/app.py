"""The shop: says which version answers. Ends when it is told to, once the requests it took are answered.

While /run/draining is there it tells the edge to send nobody new, and answers whoever comes all the same.
"""

import os
import signal
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = Path("/app/VERSION").read_text().strip()
DRAINING = Path("/run/draining")


def orders() -> str:
    """How many the archive has, and where it is."""
    address = os.environ["ARCHIVE_URL"]
    with urllib.request.urlopen(f"{address}/orders", timeout=5) as answer:
        return f"{address} {answer.read().decode()}"


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/ready" and DRAINING.exists():
            self.answer(503, "draining")
        elif self.path == "/orders":
            self.answer(200, orders())
        else:
            self.answer(200, VERSION)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200, VERSION)

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments: object) -> None:
        """A hundred lines a second would say nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False  # server_close waits for the requests


time.sleep(float(os.environ["START_SECONDS"]))  # what a service loads before it can answer
server = Server(("", 8000), Shop)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(poll_interval=0.1)
server.server_close()
