# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudflare_purge when the API, or the way to it, misbehaves: what is waited for, what is said, and what was sent meanwhile."""

from __future__ import annotations

import dataclasses
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.cloudflare import Api, CloudflareServer
from ansible_collections.mycosoft.rack.tests.fakes.purging import NAME, TOKEN, ZONE, Purging, Result, purging
from ansible_collections.mycosoft.rack.tests.fakes.tls import certificate, encrypt

PATH = "/client/v4/zones/%s/purge_cache" % ZONE
BODY = {"hosts": [NAME]}
REQUEST = ("POST", PATH, BODY)
CANNOT = "Cannot purge 1 host of the Cloudflare zone %s: " % ZONE

PERMISSION = "Check that the token is complete, active and has the permission Zone / Cache Purge for this zone."
LATER = "Run it again later."
NAMED = "Correct what the API names."
WHERE = "Check zone_id (32 hex digits, on the zone's overview page) and api_url."
WAY = "Check api_url and the way to it (name resolution, proxy, certificates)."


@pytest.fixture
def rig(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Purging]:
    with purging(capsys, monkeypatch) as running:
        yield running


def api_error(status: int, code: int, message: str = "No", chain: t.Sequence[tuple[int, str]] = (), **headers: str) -> Result:
    error: Result = {"code": code, "message": message}
    if chain:
        error["error_chain"] = [{"code": number, "message": text} for number, text in chain]
    body = {"success": False, "errors": [error], "messages": [], "result": None}
    return {"status": status, "body": body, "headers": {name.replace("_", "-"): value for name, value in headers.items()}}


HTML = "<html><head><style>p {}</style><title>Oh</title></head><body><h1>Bad  gateway</h1></body></html>"

#: Faults, the pauses after which the purge succeeds all the same, and what is said where nobody may wait.
PASSING: dict[str, tuple[list[Result], list[float], str]] = {
    "429 with retry-after": ([api_error(429, 971, "Slow down", retry_after="7")], [7], "HTTP 429: Slow down (code 971). The next try would be in 7 s"),
    "429 without retry-after": ([api_error(429, 971)], [0.5], "HTTP 429: No (code 971)"),
    "429 with a date": ([api_error(429, 971, retry_after="Sun, 22 Nov 2026 08:00:00 GMT")], [0.5], "HTTP 429: No (code 971)"),
    "429 with retry-after 0": ([api_error(429, 971, retry_after="0")], [0.5], "HTTP 429: No (code 971)"),
    "429 of 1200 requests": ([api_error(429, 10013, "More than 1200 requests", retry_after="60")], [60], "More than 1200 requests (code 10013)"),
    "429 in plain text": ([{"status": 429, "body": "error code: 1015"}], [0.5], "HTTP 429: error code: 1015."),
    "500": ([api_error(500, 10001, "Oops")], [0.5], "HTTP 500: Oops (code 10001)"),
    "502 as a web page": ([{"status": 502, "body": HTML}], [0.5], "HTTP 502: Oh Bad gateway."),
    "503 with retry-after": ([api_error(503, 10001, retry_after="3")], [3], "HTTP 503: No (code 10001). The next try would be in 3 s"),
    "504 empty": ([{"status": 504}], [0.5], "HTTP 504: an empty answer."),
    **{
        "%d" % status: ([{"status": status, "body": "error code: %d" % status}], [0.5], "HTTP %d: error code: %d." % (status, status))
        for status in range(520, 528)
    },
    "530 of a name": ([{"status": 530, "body": "error code: 1016"}], [0.5], "HTTP 530: error code: 1016."),
    "three in a row": ([{"status": 503}] * 3, [0.5, 1, 2], "HTTP 503: an empty answer."),
    "408": ([{"status": 408}], [0.5], "HTTP 408: an empty answer."),
    "closed before the answer": ([{"close": "before"}], [0.5], "Remote end closed connection without response."),
    "closed within the answer": ([{"close": "after"}], [0.5], 'HTTP 200: {"success": true, '),
    "closed within an error": ([{**api_error(500, 10001), "close": "after"}], [0.5], 'HTTP 500: {"success": false, '),
    "truncated JSON": ([{"status": 200, "body": '{"success": tr'}], [0.5], 'HTTP 200: {"success": tr.'),
    "a web page with 200": ([{"status": 200, "body": HTML}], [0.5], "HTTP 200: Oh Bad gateway."),
    "nothing with 200": ([{"status": 200}], [0.5], "HTTP 200: an empty answer."),
    "a list with 200": ([{"status": 200, "body": "[]"}], [0.5], "HTTP 200: []."),
    "one lone 401": ([api_error(401, 10000, "Authentication error")], [0.5], "HTTP 401: Authentication error (code 10000)"),
    "no answer in time": ([{"delay": 30}], [0.5], "no whole answer within 0.3 s."),
    "a slow drip": ([{"drip": 0.02}], [0.5], "no whole answer within 0.3 s."),
    "a slow drip of an error": ([{**api_error(500, 10001), "drip": 0.02}], [0.5], "no whole answer within 0.3 s."),
}
passing = pytest.mark.parametrize(("faults", "pauses", "said"), PASSING.values(), ids=PASSING)


@passing
def test_what_passes_is_waited_for(rig: Purging, faults: list[Result], pauses: list[float], said: str) -> None:
    rig.server.faults.extend(faults)
    result = rig.run(**BODY, timeout=0.3)
    assert result["changed"], result
    assert rig.clock.pauses == pauses
    assert result["waited"] == sum(pauses)
    assert rig.sent == [REQUEST] * (len(faults) + 1)
    assert result["sent"] == len(faults) + 1
    assert (result["done"], result["remaining"]) == (BODY, {})


@passing
def test_what_would_pass_is_named_where_nobody_may_wait(rig: Purging, faults: list[Result], pauses: list[float], said: str) -> None:
    rig.server.faults.extend(faults)
    result = rig.run(**BODY, timeout=0.3, max_wait=0)
    assert (result["failed"], result["changed"], result["sent"]) == (True, False, 1)
    assert result["msg"].startswith(CANNOT)
    assert said in result["msg"]
    assert "0 of the 0 s of max_wait are left. " in result["msg"]
    assert rig.sent == [REQUEST]
    assert rig.clock.pauses == []
    assert (result["done"], result["remaining"]) == ({}, BODY)


#: Faults that end the purge at once, and all that is said about them.
LASTING: dict[str, tuple[list[Result], str]] = {
    "success false with 200": ([api_error(200, 1012, "Bad request")], "HTTP 200: Bad request (code 1012). " + NAMED),
    "success missing with an error": ([{"status": 400, "body": {"errors": [{"code": 1, "message": "Odd"}]}}], "HTTP 400: Odd (code 1). " + NAMED),
    "success true with 400": ([{"status": 400, "body": {"success": True, "errors": [], "result": {}}}], "HTTP 400: "),
    "400 1012 bad purge": ([api_error(400, 1012, "Request must contain one of")], "HTTP 400: Request must contain one of (code 1012). " + NAMED),
    "400 1013 everything": ([api_error(400, 1013, "must be true")], "HTTP 400: must be true (code 1013). " + NAMED),
    "400 1014 array": ([api_error(400, 1014, "must be an array")], "HTTP 400: must be an array (code 1014). " + NAMED),
    "400 1015 item": ([api_error(400, 1015, "Unable to purge")], "HTTP 400: Unable to purge (code 1015). " + NAMED),
    "400 6003 token": (
        [api_error(400, 6003, "Invalid request headers", [(6111, "Invalid format for Authorization header")])],
        "HTTP 400: Invalid request headers (code 6003), Invalid format for Authorization header (code 6111). " + NAMED,
    ),
    "400 6003 content type": (
        [api_error(400, 6003, "Invalid request headers", [(6105, "Invalid Content-Type header")])],
        "HTTP 400: Invalid request headers (code 6003), Invalid Content-Type header (code 6105). " + NAMED,
    ),
    "400 6007 JSON": ([api_error(400, 6007, "Malformed JSON in request body")], "HTTP 400: Malformed JSON in request body (code 6007). " + NAMED),
    "400 7003 route": (
        [api_error(400, 7003, "Could not route", [(7000, "No route")])],
        "HTTP 400: Could not route (code 7003), No route (code 7000). " + NAMED,
    ),
    "400 9106 no token": ([api_error(400, 9106, "Missing headers.")], "HTTP 400: Missing headers (code 9106). " + NAMED),
    "400 as a web page": ([{"status": 400, "body": HTML}], "HTTP 400: Oh Bad gateway. " + NAMED),
    "400 with odd errors": ([{"status": 400, "body": {"success": False, "errors": "many"}}], 'HTTP 400: {"success": false, "errors": "many"}. ' + NAMED),
    "400 with empty errors": ([{"status": 400, "body": {"success": False, "errors": [None]}}], "HTTP 400: "),
    "401 9103 of another code": ([api_error(401, 9103, "Unknown key")], "HTTP 401: Unknown key (code 9103). " + PERMISSION),
    "401 beside another error": (
        [{"status": 401, "body": {"success": False, "errors": [{"code": 10000, "message": "a"}, {"code": 9103, "message": "b"}]}}],
        "HTTP 401: a (code 10000); b (code 9103). " + PERMISSION,
    ),
    "401 twice": ([api_error(401, 10000, "Authentication error")] * 2, "HTTP 401: Authentication error (code 10000). " + PERMISSION),
    "401 again after others": (
        [api_error(401, 10000, "Authentication error"), {"status": 503}, api_error(401, 10000, "Authentication error")],
        "HTTP 401: Authentication error (code 10000). " + PERMISSION,
    ),
    "403 9109": ([api_error(403, 9109, "Unauthorized to access requested resource")], "Unauthorized to access requested resource (code 9109). " + PERMISSION),
    "403 10000": ([api_error(403, 10000, "Authentication error")], "HTTP 403: Authentication error (code 10000). " + PERMISSION),
    "403 of a firewall": ([{"status": 403, "body": HTML}], "HTTP 403: Oh Bad gateway. " + PERMISSION),
    "404 1001": ([api_error(404, 1001, "Invalid zone identifier")], "HTTP 404: Invalid zone identifier (code 1001). " + WHERE),
    "404 7003": ([api_error(404, 7003, "Could not route.")], "HTTP 404: Could not route (code 7003). " + WHERE),
    "404 7000": ([api_error(404, 7000, "No route for that URI")], "HTTP 404: No route for that URI (code 7000). " + WHERE),
    "405 7001": ([api_error(405, 7001, "Method POST not available")], "HTTP 405: Method POST not available (code 7001). " + NAMED),
    "407": ([{"status": 407, "body": HTML}], "HTTP 407: Oh Bad gateway. Check the proxy and its credentials."),
    "413": ([{"status": 413}], "HTTP 413: an empty answer. " + NAMED),
    "415": ([{"status": 415}], "HTTP 415: an empty answer. " + NAMED),
    "redirect to nowhere": ([{"status": 302}], "HTTP 302 redirects to elsewhere, where the token is not sent. Give the API's own address as api_url."),
    "a page that repeats the token": ([{"status": 400, "body": "you sent Bearer " + TOKEN}], "HTTP 400: you sent Bearer ********. " + NAMED),
    "an error that repeats the token": ([api_error(403, 9109, "No access for " + TOKEN)], "HTTP 403: No access for ******** (code 9109). " + PERMISSION),
    "a long page": ([{"status": 400, "body": "x" * 9999}], "HTTP 400: " + "x" * 197 + "..."),
}


@pytest.mark.parametrize(("faults", "said"), LASTING.values(), ids=LASTING)
def test_what_stays_wrong_is_not_tried_again(rig: Purging, faults: list[Result], said: str) -> None:
    rig.server.faults.extend(faults)
    result = rig.run(**BODY)
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["msg"].startswith(CANNOT)
    assert said in result["msg"]
    assert rig.sent == [REQUEST] * len(faults)
    assert (result["done"], result["remaining"]) == ({}, BODY)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_does_not_follow_a_redirect(rig: Purging, status: int) -> None:
    with CloudflareServer(Api(TOKEN, [(ZONE, NAME)])) as other:
        rig.server.faults.append({"status": status, "body": "", "headers": {"Location": "%s/zones?token=%s" % (other.url, TOKEN)}})
        result = rig.run(**BODY)
        assert other.journal.read() == []
    assert "HTTP %d redirects to %s, where the token is not sent" % (status, other.origin.split("//")[1]) in result["msg"]
    assert rig.sent == [REQUEST]


@dataclasses.dataclass(frozen=True)
class Way:
    """How the API is reached; ``proxy`` and ``tls`` begin as servers in plain text that know the token too."""

    rig: Purging
    proxy: CloudflareServer
    folder: Path
    environment: t.Callable[[str, str], None]

    def tls(self, trusted: bool = True, **options: t.Any) -> Result:
        file = certificate(self.folder / "certificate.pem", **options)
        encrypt(self.rig.server, file)
        if trusted:
            self.environment("SSL_CERT_FILE", str(file))
        return {"api_url": self.rig.server.url.replace("http:", "https:")}

    def through(self, address: str, scheme: str = "http") -> Result:
        self.environment("no_proxy", "")
        self.environment("%s_proxy" % scheme, address)
        return {"api_url": self.rig.server.url.replace("http:", scheme + ":")}


@pytest.fixture
def way(rig: Purging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Way]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with CloudflareServer(Api(TOKEN, [(ZONE, NAME)])) as proxy:
        yield Way(rig, proxy, tmp_path, monkeypatch.setenv)


def free_address() -> str:
    """An address on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return "http://127.0.0.1:%d" % unused.getsockname()[1]


def refusing(way: Way, status: int) -> Result:
    way.proxy.faults.append({"status": status})
    return way.through(way.proxy.origin, "https")


#: What lies in the way, what is said about it, and the methods of what reached the proxy. The API must never be reached.
BLOCKED: dict[str, tuple[t.Callable[[Way], Result], str, list[str]]] = {
    "a certificate nobody vouches for": (lambda way: way.tls(trusted=False), "CERTIFICATE_VERIFY_FAILED", []),
    "a certificate that has expired": (lambda way: way.tls(days=-1), "certificate has expired", []),
    "a certificate of another host": (lambda way: way.tls(address="127.0.0.2"), "certificate is not valid for '127.0.0.1'", []),
    "plain text in place of TLS": (lambda way: {"api_url": way.rig.server.url.replace("http:", "https:")}, "SSL", []),
    "nobody listens": (lambda _way: {"api_url": free_address(), "max_wait": 0}, "refused", []),
    "a proxy is gone": (lambda way: {**way.through(free_address()), "max_wait": 0}, "refused", []),
    "a proxy wants a password": (lambda way: refusing(way, 407), "Tunnel connection failed: 407", ["CONNECT"]),
    "a proxy forbids the tunnel": (lambda way: refusing(way, 403), "Tunnel connection failed: 403", ["CONNECT"]),
    "a proxy is overloaded": (lambda way: {**refusing(way, 503), "max_wait": 0}, "Tunnel connection failed: 503", ["CONNECT"]),
}


@pytest.mark.parametrize(("obstacle", "said", "proxied"), BLOCKED.values(), ids=BLOCKED)
def test_what_lies_in_the_way_is_named_and_the_token_goes_nowhere(way: Way, obstacle: t.Callable[[Way], Result], said: str, proxied: list[str]) -> None:
    result = way.rig.run(**BODY, **obstacle(way))
    assert (result["failed"], result["changed"], result["sent"]) == (True, False, 1)
    assert result["msg"].startswith(CANNOT)
    assert said in result["msg"]
    assert result["msg"].endswith(WAY)
    assert way.rig.log == []
    assert [(entry["method"], entry["token"]) for entry in way.proxy.journal.read()] == [(method, False) for method in proxied]


def test_a_certificate_that_is_vouched_for_is_taken(way: Way) -> None:
    assert way.rig.run(**BODY, **way.tls())["done"] == BODY
    assert way.rig.sent == [REQUEST]


def test_a_certificate_need_not_be_checked(way: Way) -> None:
    assert way.rig.run(**BODY, **way.tls(trusted=False), validate_certs=False)["done"] == BODY


def test_a_proxy_of_the_environment_carries_the_purge(way: Way) -> None:
    assert way.rig.run(**BODY, **way.through(way.proxy.origin))["done"] == BODY
    assert [entry["target"] for entry in way.proxy.journal.read()] == [way.rig.server.origin + PATH]


def test_a_longer_wait_than_allowed_is_refused_at_once(rig: Purging) -> None:
    rig.server.faults.append(api_error(429, 971, retry_after="300"))
    result = rig.run(**BODY)
    assert "The next try would be in 300 s" in result["msg"]
    assert result["msg"].endswith("Run it again later, or raise max_wait.")
    assert rig.clock.pauses == []
    assert rig.sent == [REQUEST]


def test_patience_ends_at_max_wait(rig: Purging) -> None:
    rig.server.faults.extend([{"status": 503}] * 99)
    result = rig.run(**BODY, max_wait=60)
    assert result["failed"]
    assert result["msg"].endswith("of the 60 s of max_wait are left. " + LATER)
    assert sum(rig.clock.pauses) <= 60
    assert rig.clock.pauses == [0.5, 1, 2, 4, 8, 15, 15]


@pytest.mark.parametrize("at", range(3))
def test_a_failure_in_the_middle_says_what_is_done_and_what_remains(rig: Purging, at: int) -> None:
    rig.server.faults.extend([{"delay": 0.0}] * at + [api_error(403, 9109)])
    result = rig.run(tags=["a", "b", "c"], batch_size=1)
    assert (result["failed"], result["changed"]) == (True, at > 0)
    assert result["done"].get("tags", []) == ["a", "b", "c"][:at]
    assert result["remaining"] == {"tags": ["a", "b", "c"][at:]}
    assert [body for _method, _path, body in rig.sent] == [{"tags": [tag]} for tag in "abc"[: at + 1]]
    assert rig.run(**result["remaining"], batch_size=1)["remaining"] == {}
    assert rig.bodies == [{"tags": [tag]} for tag in "abc"]


def test_everything_that_failed_remains_everything(rig: Purging) -> None:
    rig.server.faults.append(api_error(403, 9109))
    assert rig.run(everything=True)["remaining"] == {"everything": True}


def test_a_zone_that_cannot_be_looked_up_purges_nothing(rig: Purging) -> None:
    rig.server.faults.append(api_error(403, 9109, "Unauthorized"))
    result = rig.run(zone_id=None, zone=NAME, everything=True)
    assert result["msg"] == "Cannot look up the Cloudflare zone %s: HTTP 403: Unauthorized (code 9109). %s" % (NAME, PERMISSION)
    assert rig.sent == [("GET", "/client/v4/zones", None)]


def test_the_tables_hold_what_was_promised() -> None:
    assert len(PASSING) + len(LASTING) + len(BLOCKED) >= 40
