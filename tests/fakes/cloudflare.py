# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict stand-in for the part of the Cloudflare API that a cache purge uses.

It serves, under ``/client/v4``::

    GET  /zones?name=NAME              every zone of exactly that name
    POST /zones/ZONE_ID/purge_cache    and /invalidate_cache

and refuses whatever the real API refuses: method, path, token, content type,
JSON, selector, number and shape of the items, rate. What the tests steer it
with lives beside the API and takes no token::

    POST   /__faults   [{"status", "body", "headers", "delay", "drip", "close"}, ...]
    DELETE /__faults   forget the ones not used yet
    GET    /__log      every API request so far, as a JSON list
    DELETE /__log      forget them (the log file is emptied too)
    GET    /__health   {"ok": true}

With an edge (``--edge``), a cache that takes ``BAN`` requests, whatever is purged
is forgotten there; what is invalidated too, which an edge may do as well.

A fault replaces exactly one API answer; one without ``status`` only slows or
cuts the true answer. ``delay`` is in seconds before the answer, ``drip`` in
seconds between two bytes of the body, ``close`` is "before" or "after" the
first half of the body has been sent.

Sources: the public API reference and the limits page of Cloudflare; error
numbers as people met and reported them in public (10000, 6003 with 6105 and
6111, 6007, 7000, 7001, 7003, 9106, 9109, 971, 1012 to 1015). For too many items
no number is publicly known; 1012, a bad purge request, stands for it. Standard library only, so that it also runs alone in a container.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hmac
import json
import pathlib
import re
import signal
import threading
import time
import typing as t
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Json = dict[str, t.Any]

BASE = "/client/v4"
ACTIONS = ("purge_cache", "invalidate_cache")
LISTS = ("files", "tags", "hosts", "prefixes")
ZONE_ID = re.compile(r"[0-9a-f]{32}")
HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)+", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one account may do: requests are counted for everything, tags, hosts and prefixes; URLs for files."""

    bucket: int
    per_second: float
    urls_per_second: int
    urls_per_request: int = 100
    items_per_request: int = 100


#: Cloudflare's limits page, as of autumn 2026.
PLANS = {
    "free": Plan(25, 5 / 60, 800),
    "pro": Plan(25, 5, 1500),
    "business": Plan(50, 10, 1500),
    "enterprise": Plan(500, 50, 3000, urls_per_request=500),
}


@dataclasses.dataclass(frozen=True)
class Answer:
    """What goes back over the wire; ``body`` is JSON unless it is text already."""

    status: int
    body: t.Any
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    close: str = ""

    def payload(self) -> bytes:
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class Refused(Exception):
    """The API says no."""

    def __init__(self, status: int, code: int, message: str, chain: tuple[int, str] | None = None, **headers: str) -> None:
        super().__init__(message)
        error: Json = {"code": code, "message": message}
        if chain:
            error["error_chain"] = [{"code": chain[0], "message": chain[1]}]
        self.answer = Answer(status, envelope(None, errors=[error]), {name.replace("_", "-"): value for name, value in headers.items()})


def envelope(result: t.Any, errors: t.Sequence[Json] = (), **more: t.Any) -> Json:
    return {"success": not errors, "errors": list(errors), "messages": [], "result": result, **more}


class Bucket:
    """A token bucket: ``capacity`` at once, ``rate`` back per second."""

    def __init__(self, capacity: float, rate: float, now: t.Callable[[], float]) -> None:
        self.capacity, self.rate, self._now = capacity, rate, now
        self._level, self._then = capacity, now()

    def take(self, amount: float) -> float:
        """Take ``amount``; 0.0, or the seconds until it is there (then nothing was taken)."""
        now = self._now()
        self._level = min(self.capacity, self._level + (now - self._then) * self.rate)
        self._then = now
        if self._level + 1e-9 < amount:
            return (amount - self._level) / self.rate
        self._level -= amount
        return 0.0

    @property
    def left(self) -> int:
        return int(self._level)


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: t.Mapping[str, str]
    body: str

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")

    @property
    def path(self) -> str:
        """Without scheme and host, which a client that goes through a proxy puts in front."""
        return urllib.parse.urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return urllib.parse.parse_qs(urllib.parse.urlsplit(self.target).query, keep_blank_values=True)


class Api:
    """The API's decisions; knows nothing of sockets. Answers from one thread at a time."""

    def __init__(
        self,
        token: str,
        zones: t.Sequence[tuple[str, str]],
        plan: Plan = PLANS["free"],
        now: t.Callable[[], float] = time.monotonic,
        forget: t.Callable[[str], None] | None = None,
    ) -> None:
        self._token, self._zones, self._plan, self._forget = token, tuple(zones), plan, forget
        self._requests = Bucket(plan.bucket, plan.per_second, now)
        self._urls = Bucket(plan.urls_per_second, plan.urls_per_second, now)

    def token_is_right(self, request: Request) -> bool:
        return hmac.compare_digest(request.header("Authorization").encode(), b"Bearer " + self._token.encode())

    def answer(self, request: Request) -> Answer:
        try:
            return self._route(request)
        except Refused as refusal:
            return refusal.answer

    def _route(self, request: Request) -> Answer:
        self._check_token(request)
        parts = request.path[len(BASE) :].strip("/").split("/") if request.path.startswith(BASE + "/") else []
        if parts == ["zones"]:
            self._check_method(request, "GET")
            return self._find_zones(request.query)
        if len(parts) == 3 and parts[0] == "zones" and parts[2] in ACTIONS:
            return self._purge(request, parts[1])
        raise Refused(404, 7000, "No route for that URI")

    def _check_token(self, request: Request) -> None:
        given = request.header("Authorization")
        if not given:
            raise Refused(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if not re.fullmatch(r"Bearer [A-Za-z0-9_-]+", given):
            raise Refused(400, 6003, "Invalid request headers", chain=(6111, "Invalid format for Authorization header"))
        if not self.token_is_right(request):
            raise Refused(401, 10000, "Authentication error")

    def _check_method(self, request: Request, method: str) -> None:
        if request.method != method:
            raise Refused(405, 7001, "Method %s not available for that URI." % request.method)

    def _find_zones(self, query: t.Mapping[str, t.Sequence[str]]) -> Answer:
        names = query.get("name", [])
        found = [{"id": zone, "name": name, "status": "active"} for zone, name in self._zones if not names or name == names[0]]
        page, size = (int(query.get(key, [usual])[0]) for key, usual in (("page", "1"), ("per_page", "20")))
        shown = found[(page - 1) * size : page * size]
        info = {"page": page, "per_page": size, "count": len(shown), "total_count": len(found), "total_pages": -(-len(found) // size)}
        return Answer(200, envelope(shown, result_info=info))

    def _purge(self, request: Request, zone: str) -> Answer:
        if not ZONE_ID.fullmatch(zone):
            raise Refused(404, 7003, "Could not route to %s, perhaps your object identifier is invalid?" % request.path)
        self._check_method(request, "POST")
        if zone not in dict(self._zones):
            raise Refused(403, 9109, "Unauthorized to access requested resource")
        selector, items = self._selection(request)
        headers = self._spend(selector, items)
        if self._forget:
            for condition in bans(selector, items):
                self._forget(condition)
        return Answer(200, envelope({"id": zone}), headers)

    def _selection(self, request: Request) -> tuple[str, list[t.Any]]:
        if request.header("Content-Type").split(";")[0].strip() != "application/json":
            raise Refused(400, 6003, "Invalid request headers", chain=(6105, "Invalid Content-Type header, valid values are application/json"))
        try:
            body = json.loads(request.body)
        except ValueError:
            raise Refused(400, 6007, "Malformed JSON in request body") from None
        if not isinstance(body, dict) or len(body) != 1 or next(iter(body)) not in (*LISTS, "purge_everything"):
            raise Refused(400, 1012, 'Request must contain one of "purge_everything", "files", "tags", "hosts" or "prefixes"')
        selector, items = next(iter(body.items()))
        if selector == "purge_everything":
            if items is not True:
                raise Refused(400, 1013, '"purge_everything" must be true')
            return selector, []
        self._check_items(selector, items)
        return selector, items

    def _check_items(self, selector: str, items: t.Any) -> None:
        if not isinstance(items, list):
            raise Refused(400, 1014, '"files", "tags", "hosts" or "prefixes" must be an array')
        most = self._plan.urls_per_request if selector == "files" else self._plan.items_per_request
        if not 1 <= len(items) <= most:
            raise Refused(400, 1012, '"%s" must contain between 1 and %d items, got %d' % (selector, most, len(items)))
        for item in items:
            fault = SHAPES[selector](item)
            if fault:
                raise Refused(400, 1015, "Unable to purge %s: %s" % (json.dumps(item), fault))

    def _spend(self, selector: str, items: t.Sequence[t.Any]) -> dict[str, str]:
        """Take from the account's allowance; the rate limit headers of the answer."""
        bucket, amount = (self._urls, len(items)) if selector == "files" else (self._requests, 1)
        wait = bucket.take(amount)
        if wait:
            raise Refused(429, 971, "Please wait and consider throttling your request speed", retry_after=str(int(wait) + 1))
        return {"ratelimit": '"default";r=%d' % bucket.left, "ratelimit-policy": '"burst";q=%d' % bucket.capacity}


def _file_fault(item: t.Any) -> str:
    if isinstance(item, dict):
        if set(item) - {"url", "headers"} or "url" not in item:
            return "only url and headers are known"
        headers = item.get("headers", {})
        if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
            return "headers must be an object of strings"
        item = item["url"]
    if not isinstance(item, str) or re.search(r"\s", item):
        return "invalid URL"
    try:
        url = urllib.parse.urlsplit(item)
    except ValueError:
        return "invalid URL"
    return "" if url.scheme in ("http", "https") and url.hostname and not url.fragment else "invalid URL"


def _tag_fault(item: t.Any) -> str:
    return "" if isinstance(item, str) and re.fullmatch(r"[!-+\--~]{1,1024}", item) else "invalid tag"


def _host_fault(item: t.Any) -> str:
    return "" if isinstance(item, str) and HOST_NAME.fullmatch(item) else "invalid host"


def _prefix_fault(item: t.Any) -> str:
    if not isinstance(item, str) or re.search(r"[\s?#]", item) or "://" in item:
        return "invalid prefix"
    host, _slash, path = item.partition("/")
    return "" if HOST_NAME.fullmatch(host) and path.count("/") < 31 else "invalid prefix"


SHAPES: dict[str, t.Callable[[t.Any], str]] = {"files": _file_fault, "tags": _tag_fault, "hosts": _host_fault, "prefixes": _prefix_fault}


def bans(selector: str, items: t.Sequence[t.Any]) -> list[str]:
    """What an edge has to forget, as conditions of Varnish on what it notes beside each copy: X-Host and X-Path.

    Varnish knows no quotes there: its words end at white space, of which no item has any.
    """
    if selector == "purge_everything":
        return ["obj.http.X-Path ~ ^/"]
    return [BANS[selector](item) for item in items]


def _file_ban(item: t.Any) -> str:
    url = urllib.parse.urlsplit(item["url"] if isinstance(item, dict) else item)
    path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    return "obj.http.X-Host == %s && obj.http.X-Path == %s" % (url.netloc, path)


def _prefix_ban(item: str) -> str:
    host, _slash, path = item.partition("/")
    return "obj.http.X-Host == %s && obj.http.X-Path ~ ^/%s" % (host, re.escape(path))


BANS: dict[str, t.Callable[[t.Any], str]] = {
    "files": _file_ban,
    "tags": lambda item: r"obj.http.Cache-Tag ~ (^|,)\s*%s\s*(,|$)" % re.escape(item),
    "hosts": lambda item: "obj.http.X-Host == %s" % item,
    "prefixes": _prefix_ban,
}


class Edge:
    """A cache over HTTP, past any proxy of this machine."""

    def __init__(self, url: str) -> None:
        self._url, self._opener = url, urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def forget(self, condition: str) -> None:
        """Have it forget every copy of which ``condition`` holds. An edge that does not raises OSError: whoever asked the API gets no answer."""
        self._opener.open(urllib.request.Request(self._url, headers={"X-Ban": condition}, method="BAN"), timeout=10).close()


class Journal:
    """What was asked, in order, in memory and as JSON lines in a file; never a token."""

    def __init__(self, path: pathlib.Path | None = None) -> None:
        self._path, self._entries, self._lock = path, list[Json](), threading.Lock()

    def note(self, entry: Json) -> None:
        with self._lock:
            self._entries.append(entry)
            if self._path:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(entry) + "\n")

    def read(self) -> list[Json]:
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            if self._path:
                self._path.write_text("", encoding="utf-8")


class CloudflareServer(ThreadingHTTPServer):
    """The stand-in on a socket; as a context manager it serves from a thread."""

    daemon_threads = True

    def __init__(self, api: Api, address: tuple[str, int] = ("127.0.0.1", 0), journal: Journal | None = None) -> None:
        super().__init__(address, Handler)
        self._host = address[0]
        self.api, self.journal = api, journal or Journal()
        self.faults: list[Json] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    @property
    def origin(self) -> str:
        return "http://%s:%d" % (self._host, self.server_port)

    @property
    def url(self) -> str:
        """What a client takes as its API's address."""
        return self.origin + BASE

    def __enter__(self) -> CloudflareServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def reply(self, request: Request) -> Answer:
        with self.lock:
            fault = self.faults.pop(0) if self.faults else {}
            answer = Answer(**{"body": "", **fault}) if "status" in fault else dataclasses.replace(self.api.answer(request), **fault)
            self.journal.note(
                {
                    "monotonic": time.monotonic(),
                    "time": time.time(),
                    "method": request.method,
                    "target": request.target,
                    "path": request.path,
                    "query": request.query,
                    "body": _decoded(request.body),
                    "content_type": request.header("Content-Type"),
                    "token": self.api.token_is_right(request),
                    "status": answer.status,
                    "fault": bool(fault),
                }
            )
        return answer

    def control(self, request: Request) -> Answer:
        """What tests steer the stand-in with."""
        verb = (request.method, request.path)
        with self.lock:
            if verb == ("POST", "/__faults"):
                self.faults.extend(json.loads(request.body))
            elif verb == ("DELETE", "/__faults"):
                self.faults.clear()
            elif verb == ("DELETE", "/__log"):
                self.journal.clear()
            elif verb == ("GET", "/__log"):
                return Answer(200, self.journal.read())
            elif verb != ("GET", "/__health"):
                return Answer(404, {"ok": False})
        return Answer(200, {"ok": True})


def _decoded(body: str) -> t.Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body


class Handler(BaseHTTPRequestHandler):
    """Bytes in, bytes out."""

    protocol_version = "HTTP/1.1"
    server: CloudflareServer

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        request = Request(self.command, self.path, dict(self.headers.items()), body)
        answer = (self.server.control if request.path.startswith("/__") else self.server.reply)(request)
        with contextlib.suppress(ConnectionError):
            self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_CONNECT = _serve  # noqa: N815 - the base class looks for these

    def _send(self, answer: Answer) -> None:
        self.close_connection = True
        self.server.stopping.wait(answer.delay)
        if answer.close == "before":
            return
        payload = answer.payload()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(payload)), "Connection": "close", **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.close == "after":
            payload = payload[: len(payload) // 2]
        if not answer.drip:
            self.wfile.write(payload)
            return
        for byte in payload:
            self.wfile.write(bytes([byte]))
            if self.server.stopping.wait(answer.drip):
                return

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 - the base class names it so
        """Requests go to the journal; standard error stays free."""


def _zone(text: str) -> tuple[str, str]:
    zone, _colon, name = text.partition(":")
    if not ZONE_ID.fullmatch(zone) or not name:
        raise argparse.ArgumentTypeError("expected <32 hex digits>:<name>, got %r" % text)
    return zone, name


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8787)
    parser.add_argument("--log", type=pathlib.Path, help="append every request to this file, one JSON object a line")
    parser.add_argument("--token-file", type=pathlib.Path, required=True, help="file with the one token that is right")
    parser.add_argument("--zone", type=_zone, action="append", required=True, help="<32 hex digits>:<name>, may be given again")
    parser.add_argument("--plan", choices=sorted(PLANS), default="free")
    parser.add_argument("--edge", help="address of a cache that takes BAN requests")
    options = parser.parse_args()
    token = options.token_file.read_text(encoding="utf-8").strip()
    api = Api(token, options.zone, PLANS[options.plan], forget=Edge(options.edge).forget if options.edge else None)
    server = CloudflareServer(api, (options.host, options.port), Journal(options.log))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print("listening on %s" % server.url, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
