# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in of the Cloudflare API refuses what the real one refuses, and tells the tests what it saw."""

from __future__ import annotations

import json
import pathlib
import secrets
import subprocess
import sys
import typing as t
import urllib.error
import urllib.request

import pytest
from ansible_collections.mycosoft.rack.tests.fakes import cloudflare
from ansible_collections.mycosoft.rack.tests.fakes.cloudflare import Answer, Api, CloudflareServer, Journal, Request

ZONE, TOKEN = "0123456789abcdef0123456789abcdef", secrets.token_hex(20)
PURGE = "/client/v4/zones/%s/purge_cache" % ZONE
HEADERS = {"authorization": "Bearer " + TOKEN, "content-type": "application/json; charset=utf-8"}


class Time:
    """Seconds that pass when a test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def ask(api: Api, body: t.Any = None, method: str = "POST", target: str = PURGE, **headers: t.Optional[str]) -> Answer:
    merged = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    text = body if isinstance(body, str) else json.dumps(body)
    return api.answer(Request(method, target, {name: value for name, value in merged.items() if value is not None}, text))


def code(answer: Answer) -> tuple[int, t.Optional[int]]:
    errors = answer.body["errors"]
    assert answer.body["success"] is not bool(errors)
    return answer.status, errors[0]["code"] if errors else None


@pytest.fixture
def api() -> Api:
    return Api(TOKEN, [(ZONE, "example.org")], now=Time())


@pytest.mark.parametrize("action", cloudflare.ACTIONS)
@pytest.mark.parametrize(
    "body",
    [
        {"purge_everything": True},
        {"files": ["https://example.org/", {"url": "http://example.org/a?b", "headers": {"CF-IPCountry": "US"}}]},
        {"tags": ["a" * 1024, "~!"]},
        {"hosts": ["www.example.org"]},
        {"prefixes": ["www.example.org", "www.example.org/a/b"]},
    ],
    ids=lambda body: next(iter(body)),
)
def test_a_right_request_is_accepted(api: Api, body: t.Any, action: str) -> None:
    answer = ask(api, body, target=PURGE.replace("purge_cache", action))
    assert (answer.status, answer.body["result"]) == (200, {"id": ZONE})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"authorization": None}, (400, 9106), id="no token"),
        pytest.param({"authorization": TOKEN}, (400, 6003), id="token without Bearer"),
        pytest.param({"authorization": "Bearer wrong"}, (401, 10000), id="wrong token"),
        pytest.param({"target": "/client/v4/zones/example.org/purge_cache"}, (404, 7003), id="name as id"),
        pytest.param({"target": "/client/v4/zones/%s/purge_cache" % ZONE.upper()}, (404, 7003), id="upper-case id"),
        pytest.param({"target": "/client/v4/zones/%s/purge_cache" % ("a" * 32)}, (403, 9109), id="foreign zone"),
        pytest.param({"target": "/client/v4/zones/%s/purge" % ZONE}, (404, 7000), id="unknown action"),
        pytest.param({"target": "/zones/%s/purge_cache" % ZONE}, (404, 7000), id="without the base"),
        pytest.param({"target": "/client/v4/user/tokens/verify"}, (404, 7000), id="token check"),
        pytest.param({"method": "DELETE"}, (405, 7001), id="delete"),
        pytest.param({"method": "POST", "target": "/client/v4/zones?name=example.org"}, (405, 7001), id="post to the list"),
        pytest.param({"content_type": "text/plain"}, (400, 6003), id="content type"),
        pytest.param({"content_type": None}, (400, 6003), id="no content type"),
        pytest.param({"body": "{"}, (400, 6007), id="broken JSON"),
        pytest.param({"body": []}, (400, 1012), id="a list"),
        pytest.param({"body": {}}, (400, 1012), id="no selector"),
        pytest.param({"body": {"tags": ["a"], "hosts": ["example.org"]}}, (400, 1012), id="two selectors"),
        pytest.param({"body": {"urls": ["https://example.org/"]}}, (400, 1012), id="unknown key"),
        pytest.param({"body": {"purge_everything": False}}, (400, 1013), id="everything false"),
        pytest.param({"body": {"purge_everything": 1}}, (400, 1013), id="everything one"),
        pytest.param({"body": {"files": "https://example.org/"}}, (400, 1014), id="no list"),
        pytest.param({"body": {"tags": []}}, (400, 1012), id="empty list"),
        pytest.param({"body": {"tags": ["a"] * 101}}, (400, 1012), id="too many tags"),
        pytest.param({"body": {"files": ["https://example.org/"] * 101}}, (400, 1012), id="too many files"),
        pytest.param({"body": {"files": ["example.org/"]}}, (400, 1015), id="file without scheme"),
        pytest.param({"body": {"files": ["https://[/"]}}, (400, 1015), id="file with a broken host"),
        pytest.param({"body": {"files": [{"url": "https://example.org/", "header": {}}]}}, (400, 1015), id="file with an unknown key"),
        pytest.param({"body": {"files": [{"url": "https://example.org/", "headers": {"a": 1}}]}}, (400, 1015), id="file with an odd header"),
        pytest.param({"body": {"tags": ["a b"]}}, (400, 1015), id="tag with a space"),
        pytest.param({"body": {"hosts": ["https://example.org"]}}, (400, 1015), id="url as host"),
        pytest.param({"body": {"prefixes": ["https://example.org"]}}, (400, 1015), id="url as prefix"),
        pytest.param({"body": {"prefixes": ["example.org/" + "a/" * 31]}}, (400, 1015), id="deep prefix"),
    ],
)
def test_a_wrong_request_is_refused_with_the_known_code(api: Api, options: dict[str, t.Any], expected: tuple[int, int]) -> None:
    assert code(ask(api, **{"body": {"purge_everything": True}, **options})) == expected


@pytest.mark.parametrize(("name", "count"), [("example.org", 1), ("EXAMPLE.ORG", 0), ("other.org", 0)])
def test_zones_are_found_by_their_exact_name(api: Api, name: str, count: int) -> None:
    answer = ask(api, method="GET", target="/client/v4/zones?name=" + name)
    assert [zone["id"] for zone in answer.body["result"]] == [ZONE] * count
    assert answer.body["result_info"]["total_count"] == count


def test_zones_come_in_pages() -> None:
    api = Api(TOKEN, [("%032x" % number, "example.org") for number in range(3)])
    pages = [ask(api, method="GET", target="/client/v4/zones?name=example.org&per_page=2&page=%d" % page).body for page in (1, 2, 3)]
    assert [len(page["result"]) for page in pages] == [2, 1, 0]
    assert pages[0]["result_info"]["total_pages"] == 2


def test_a_free_plan_gets_twenty_five_requests_and_then_five_a_minute() -> None:
    now = Time()
    api = Api(TOKEN, [(ZONE, "example.org")], now=now)
    for _time in range(25):
        assert code(ask(api, {"tags": ["a"]})) == (200, None)
    refused = ask(api, {"tags": ["a"]})
    assert code(refused) == (429, 971)
    now.seconds += int(refused.headers["retry-after"])
    assert code(ask(api, {"tags": ["a"]})) == (200, None)
    assert code(ask(api, {"purge_everything": True})) == (429, 971)
    assert code(ask(api, {"files": ["https://example.org/"]})) == (200, None)


def test_only_enterprise_takes_five_hundred_urls_at_once() -> None:
    body = {"files": ["https://example.org/%d" % number for number in range(500)]}
    codes = {name: code(ask(Api(TOKEN, [(ZONE, "example.org")], plan), body)) for name, plan in cloudflare.PLANS.items()}
    assert codes == {"free": (400, 1012), "pro": (400, 1012), "business": (400, 1012), "enterprise": (200, None)}


def forgotten(body: t.Any) -> list[str]:
    """What the edge is told after a purge that was accepted."""
    told: list[str] = []
    assert code(ask(Api(TOKEN, [(ZONE, "example.org")], forget=told.append), body)) == (200, None)
    return told


@pytest.mark.parametrize(
    ("body", "conditions"),
    [
        ({"purge_everything": True}, ["obj.http.X-Path ~ ^/"]),
        (
            {"files": ["https://example.org", {"url": "https://example.org:8080/a?b=c", "headers": {"CF-IPCountry": "US"}}]},
            ["obj.http.X-Host == example.org && obj.http.X-Path == /", "obj.http.X-Host == example.org:8080 && obj.http.X-Path == /a?b=c"],
        ),
        ({"tags": ["a.b"]}, [r"obj.http.Cache-Tag ~ (^|,)\s*a\.b\s*(,|$)"]),
        ({"hosts": ["www.example.org"]}, ["obj.http.X-Host == www.example.org"]),
        (
            {"prefixes": ["example.org", "example.org/a.b"]},
            ["obj.http.X-Host == example.org && obj.http.X-Path ~ ^/", r"obj.http.X-Host == example.org && obj.http.X-Path ~ ^/a\.b"],
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_edge_forgets_what_was_purged(body: t.Any, conditions: list[str]) -> None:
    assert forgotten(body) == conditions


def test_what_was_refused_is_not_forgotten() -> None:
    told: list[str] = []
    assert code(ask(Api(TOKEN, [(ZONE, "example.org")], forget=told.append), {"hosts": []})) == (400, 1012)
    assert told == []


def test_an_edge_that_does_not_answer_is_no_accepted_purge() -> None:
    with CloudflareServer(Api(TOKEN, [])) as gone:
        pass
    with pytest.raises(OSError, match="refused"):
        ask(Api(TOKEN, [(ZONE, "example.org")], forget=cloudflare.Edge(gone.origin).forget), {"hosts": ["example.org"]})


#: Straight to the stand-in, past any proxy of this machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http(url: str, method: str = "GET", body: t.Any = None, **headers: str) -> tuple[int, t.Any]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with OPENER.open(urllib.request.Request(url, data, headers, method=method), timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_faults_and_the_log_are_steered_over_http(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "log.jsonl"
    with CloudflareServer(Api(TOKEN, [(ZONE, "example.org")]), journal=Journal(file)) as server:
        assert http(server.origin + "/__health") == (200, {"ok": True})
        assert http(server.origin + "/__nothing")[0] == 404
        assert http(server.origin + "/__faults", "POST", [{"status": 503, "body": {"a": 1}}, {"delay": 0.0}, {"status": 500}])[0] == 200
        assert http(server.origin + PURGE, "POST", {"tags": ["a"]}, **HEADERS) == (503, {"a": 1})
        assert http(server.origin + PURGE, "POST", {"tags": ["a"]}, **{**HEADERS, "authorization": "Bearer wrong"})[0] == 401
        assert http(server.origin + "/__faults", "DELETE")[0] == 200
        assert http(server.origin + PURGE, "POST", {"tags": ["a"]}, **HEADERS)[0] == 200
        log = http(server.origin + "/__log")[1]
        assert [(entry["path"], entry["body"], entry["token"], entry["status"], entry["fault"]) for entry in log] == [
            (PURGE, {"tags": ["a"]}, True, 503, True),
            (PURGE, {"tags": ["a"]}, False, 401, True),
            (PURGE, {"tags": ["a"]}, True, 200, False),
        ]
        assert [json.loads(line) for line in file.read_text().splitlines()] == log
        assert TOKEN not in file.read_text()
        assert http(server.origin + "/__log", "DELETE")[0] == 200
        assert (server.journal.read(), file.read_text()) == ([], "")


def test_it_runs_alone_as_a_script_with_the_standard_library_only(tmp_path: pathlib.Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    options = ["--port", "0", "--token-file", str(secret), "--zone", ZONE + ":example.org", "--plan", "pro"]
    with subprocess.Popen([sys.executable, "-I", cloudflare.__file__, *options], stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout is not None
        url = script.stdout.readline().split()[-1]
        try:
            assert http(url + "/zones?name=example.org", **HEADERS)[0] == 200
        finally:
            script.terminate()
        assert script.wait(timeout=10) == 0
