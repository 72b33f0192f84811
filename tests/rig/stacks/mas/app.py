"""The orchestrator's stand-in: says that it is there."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Orchestrator(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"service": "mas-orchestrator", "status": "ok"}\n'
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8000), Orchestrator).serve_forever()
