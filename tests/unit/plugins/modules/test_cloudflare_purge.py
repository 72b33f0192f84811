# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudflare_purge, run for real against the stand-in of the API over HTTP."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import cloudflare_purge
from ansible_collections.mycosoft.rack.tests.fakes.clock import SimulatedClock
from ansible_collections.mycosoft.rack.tests.fakes.cloudflare import Api, CloudflareServer

ZONE, NAME, TOKEN = "0123456789abcdef0123456789abcdef", "example.org", "only-for-these-tests"
Result = dict[str, t.Any]


class Rig:
    """One stand-in, one simulated clock, and a way to run the module against them."""

    def __init__(self, server: CloudflareServer, clock: SimulatedClock, capsys: pytest.CaptureFixture[str]) -> None:
        self.server, self.clock, self._capsys = server, clock, capsys

    def run(self, **options: t.Any) -> Result:
        """Run the module; options override the usual ones, None removes one. The token must not be in what it says."""
        usual = {"token": TOKEN, "zone_id": ZONE, "api_url": self.server.url}
        given = {name: value for name, value in {**usual, **options}.items() if value is not None}
        with patch_module_args(given), pytest.raises(SystemExit):
            cloudflare_purge.main(self.clock)
        said = self._capsys.readouterr()
        assert TOKEN not in said.out + said.err
        result: Result = json.loads(said.out)
        result.pop("invocation", None)
        return result

    @property
    def log(self) -> list[Result]:
        return self.server.journal.read()

    @property
    def bodies(self) -> list[t.Any]:
        return [entry["body"] for entry in self.log if entry["method"] == "POST" and entry["status"] == 200]


@pytest.fixture
def rig(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Rig]:
    monkeypatch.setenv("no_proxy", "*")
    clock = SimulatedClock()
    zones = [(ZONE, NAME), ("a" * 32, "twice.example"), ("b" * 32, "twice.example")]
    with CloudflareServer(Api(TOKEN, zones, now=clock.now)) as server:
        yield Rig(server, clock, capsys)


SELECTIONS = {
    "everything": {"everything": True},
    "files": {"files": ["https://example.org/a.css", {"url": "https://example.org/", "headers": {"CF-Device-Type": "mobile"}}]},
    "tags": {"tags": ["news", "front-page"]},
    "hosts": {"hosts": ["www.example.org"]},
    "prefixes": {"prefixes": ["www.example.org/blog"]},
}
selections = pytest.mark.parametrize("selection", SELECTIONS.values(), ids=SELECTIONS)
modes = pytest.mark.parametrize(("mode", "action"), [("purge", "purge_cache"), ("invalidate", "invalidate_cache")])


@selections
@modes
def test_what_is_sent_is_what_check_mode_said(rig: Rig, selection: Result, mode: str, action: str) -> None:
    predicted = rig.run(**selection, mode=mode, _ansible_check_mode=True)
    assert rig.log == []
    result = rig.run(**selection, mode=mode)
    assert result["requests"] == predicted["requests"]
    assert result["changed"]
    assert predicted["changed"]
    body = {"purge_everything": True} if "everything" in selection else selection
    assert result["requests"] == [{"method": "POST", "url": "%s/zones/%s/%s" % (rig.server.url, ZONE, action), "body": body}]
    assert rig.bodies == [body]
    assert (result["done"], result["remaining"]) == (selection, {})


@pytest.mark.parametrize("selector", ["files", "tags", "hosts", "prefixes"])
def test_an_empty_list_purges_nothing(rig: Rig, selector: str) -> None:
    result = rig.run(**{selector: []}, zone_id=None, zone=NAME)
    assert not result["changed"]
    assert result["requests"] == []
    assert rig.log == []


def test_a_zone_is_found_by_its_exact_name_also_in_check_mode(rig: Rig) -> None:
    for check in (True, False):
        result = rig.run(zone_id=None, zone=NAME, hosts=["example.org"], _ansible_check_mode=check)
        assert result["zone_id"] == ZONE
    assert [(entry["method"], entry["query"]) for entry in rig.log] == [("GET", {"name": [NAME]}), ("GET", {"name": [NAME]}), ("POST", {})]


def test_batches_keep_the_order_and_drop_duplicates(rig: Rig) -> None:
    tags = ["t%d" % number for number in (3, 1, 3, 2, 1, 5, 4)]
    assert rig.run(tags=tags, batch_size=2)["done"] == {"tags": ["t3", "t1", "t2", "t5", "t4"]}
    assert rig.bodies == [{"tags": ["t3", "t1"]}, {"tags": ["t2", "t5"]}, {"tags": ["t4"]}]


def test_the_diff_names_every_item(rig: Rig) -> None:
    diff = rig.run(hosts=["example.org"], mode="invalidate", _ansible_diff=True, _ansible_check_mode=True)["diff"]
    assert (diff["before"], diff["after"]) == ("hosts example.org: as cached\n", "hosts example.org: stale\n")


REFUSED_INPUT: dict[str, tuple[Result, str]] = {
    "no selector": ({}, "one of the following is required"),
    "two selectors": ({"tags": ["a"], "hosts": ["example.org"]}, "mutually exclusive"),
    "everything false": ({"everything": False}, "Set everything to true"),
    "zone name as id": ({"zone_id": NAME, "everything": True}, "give it as zone instead"),
    "zone id as name": ({"zone_id": None, "zone": ZONE, "everything": True}, "give it as zone_id instead"),
    "unknown zone": ({"zone_id": None, "zone": "example.com", "everything": True}, "the token sees no zone of this name"),
    "ambiguous zone": ({"zone_id": None, "zone": "twice.example", "everything": True}, "a" * 32 + ", " + "b" * 32),
    "url as host": ({"hosts": ["https://example.org/"]}, "a name alone"),
    "wildcard file": ({"files": ["https://example.org/*"]}, "Use prefixes"),
    "too large batches": ({"tags": ["a"], "batch_size": 101}, "1 to 100"),
    "token with a word": ({"token": "Bearer " + TOKEN, "everything": True}, "without a word such as Bearer"),
    "empty token": ({"token": "", "everything": True}, "it is empty"),
}


@pytest.mark.parametrize(("options", "said"), REFUSED_INPUT.values(), ids=REFUSED_INPUT)
def test_wrong_input_is_refused_before_anything_is_purged(rig: Rig, options: Result, said: str) -> None:
    result = rig.run(**options)
    assert result["failed"]
    assert said in result["msg"]
    assert [entry for entry in rig.log if entry["method"] != "GET"] == []


def api_error(status: int, code: int, message: str = "No", **headers: str) -> Result:
    body = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return {"status": status, "body": body, "headers": {name.replace("_", "-"): value for name, value in headers.items()}}


HTML = "<html><head><style>p {}</style><title>Oh</title></head><body><h1>Bad  gateway</h1></body></html>"

#: Faults, and the pauses after which the purge succeeds all the same.
RECOVERED: dict[str, tuple[list[Result], list[float]]] = {
    "429 with retry-after": ([api_error(429, 971, retry_after="7")], [7]),
    "429 without retry-after": ([api_error(429, 971)], [0.5]),
    "429 with a date": ([api_error(429, 971, retry_after="Sun, 22 Nov 2026 08:00:00 GMT")], [0.5]),
    "429 with retry-after 0": ([api_error(429, 971, retry_after="0")], [0.5]),
    "500": ([api_error(500, 10001)], [0.5]),
    "502 as a web page": ([{"status": 502, "body": HTML}], [0.5]),
    "503 with retry-after": ([api_error(503, 10001, retry_after="3")], [3]),
    "504 empty": ([{"status": 504}], [0.5]),
    "520": ([{"status": 520, "body": "error code: 520"}], [0.5]),
    "522": ([{"status": 522, "body": "error code: 522"}], [0.5]),
    "three in a row": ([{"status": 503}] * 3, [0.5, 1, 2]),
    "408": ([{"status": 408}], [0.5]),
    "closed before the answer": ([{"close": "before"}], [0.5]),
    "closed within the answer": ([{"close": "after"}], [0.5]),
    "closed within an error": ([{**api_error(500, 10001), "close": "after"}], [0.5]),
    "truncated JSON": ([{"status": 200, "body": '{"success": tr'}], [0.5]),
    "a web page with 200": ([{"status": 200, "body": HTML}], [0.5]),
    "nothing with 200": ([{"status": 200}], [0.5]),
    "a list with 200": ([{"status": 200, "body": "[]"}], [0.5]),
    "one lone 401": ([api_error(401, 10000)], [0.5]),
    "no answer in time": ([{"delay": 30}], [0.5]),
    "a slow drip": ([{"drip": 0.02}], [0.5]),
}


@pytest.mark.parametrize(("faults", "pauses"), RECOVERED.values(), ids=RECOVERED)
def test_what_passes_is_waited_for(rig: Rig, faults: list[Result], pauses: list[float]) -> None:
    rig.server.faults.extend(faults)
    result = rig.run(hosts=["example.org"], timeout=0.3)
    assert result["changed"], result
    assert rig.clock.pauses == pauses
    assert result["waited"] == sum(pauses)
    assert result["sent"] == len(rig.log) == len(faults) + 1
    assert rig.log[-1]["status"] == 200


#: Faults that end the purge at once, and what is said about them.
FATAL: dict[str, tuple[list[Result], str]] = {
    "success false with 200": ([api_error(200, 1012, "Bad request")], "HTTP 200: Bad request (code 1012)"),
    "400 with a chain": (
        [{"status": 400, "body": {"success": False, "errors": [{"code": 6003, "message": "a", "error_chain": [{"code": 6111, "message": "b"}]}]}}],
        "HTTP 400: a (code 6003), b (code 6111)",
    ),
    "400 as a web page": ([{"status": 400, "body": HTML}], "HTTP 400: Oh Bad gateway. Correct"),
    "400 with odd errors": ([{"status": 400, "body": {"success": False, "errors": "many"}}], "HTTP 400"),
    "400 with empty errors": ([{"status": 400, "body": {"success": False, "errors": [None]}}], "HTTP 400"),
    "401 of another code": ([api_error(401, 9103)], "permission Zone / Cache Purge"),
    "401 beside another error": (
        [{"status": 401, "body": {"success": False, "errors": [{"code": 10000}, {"code": 9103}]}}],
        "permission Zone / Cache Purge",
    ),
    "401 twice": ([api_error(401, 10000)] * 2, "permission Zone / Cache Purge"),
    "403": ([api_error(403, 9109, "Unauthorized")], "HTTP 403: Unauthorized (code 9109). Check that the token"),
    "404": ([api_error(404, 7003, "Could not route.")], "HTTP 404: Could not route (code 7003). Check zone_id"),
    "405": ([api_error(405, 7001)], "HTTP 405"),
    "407": ([{"status": 407, "body": HTML}], "Check the proxy"),
    "413": ([{"status": 413}], "HTTP 413: an empty answer"),
    "redirect to nowhere": ([{"status": 302}], "redirects to elsewhere"),
    "a page that repeats the token": ([{"status": 400, "body": "you sent Bearer " + TOKEN}], "you sent Bearer ***"),
}


@pytest.mark.parametrize(("faults", "said"), FATAL.values(), ids=FATAL)
def test_what_stays_wrong_is_not_tried_again(rig: Rig, faults: list[Result], said: str) -> None:
    rig.server.faults.extend(faults)
    result = rig.run(hosts=["example.org"])
    assert result["failed"]
    assert not result["changed"]
    assert result["msg"].startswith("Cannot purge 1 hosts of the Cloudflare zone %s: " % ZONE)
    assert said in result["msg"]
    assert len(rig.log) == len(faults)
    assert (result["done"], result["remaining"]) == ({}, {"hosts": ["example.org"]})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_does_not_follow_a_redirect(rig: Rig, status: int) -> None:
    with CloudflareServer(Api(TOKEN, [(ZONE, NAME)])) as other:
        rig.server.faults.append({"status": status, "body": "", "headers": {"Location": other.url + "/zones"}})
        result = rig.run(hosts=["example.org"])
        assert other.journal.read() == []
    assert "redirects to %s, where the token is not sent" % other.origin.split("//")[1] in result["msg"]


def test_a_longer_wait_than_allowed_is_refused_at_once(rig: Rig) -> None:
    rig.server.faults.append(api_error(429, 971, retry_after="300"))
    result = rig.run(hosts=["example.org"])
    assert "The next try would be in 300 s" in result["msg"]
    assert rig.clock.pauses == []


def test_patience_ends_at_max_wait(rig: Rig) -> None:
    rig.server.faults.extend([{"status": 503}] * 99)
    result = rig.run(hosts=["example.org"], max_wait=60)
    assert result["failed"]
    assert "max_wait" in result["msg"]
    assert sum(rig.clock.pauses) <= 60
    assert rig.clock.pauses == [0.5, 1, 2, 4, 8, 15, 15]


def test_ten_thousand_urls_get_through_the_allowance_of_a_free_plan(rig: Rig) -> None:
    urls = ["https://example.org/%d" % number for number in range(10_000)]
    result = rig.run(files=urls, timeout=5)
    assert [url for body in rig.bodies for url in body["files"]] == urls
    refused = [entry for entry in rig.log if entry["status"] == 429]
    assert len(refused) == len(rig.clock.pauses) > 0
    assert result["waited"] <= 10_000 / 800


def test_a_run_with_what_remained_of_a_failed_one_completes_it(rig: Rig) -> None:
    tags = ["t%d" % number for number in range(40)]
    failed = rig.run(tags=tags, batch_size=1)
    assert failed["failed"]
    assert failed["changed"]
    assert failed["done"]["tags"] + failed["remaining"]["tags"] == tags
    assert 25 < len(failed["done"]["tags"]) < 40
    resumed = rig.run(**failed["remaining"], batch_size=1)
    assert resumed["remaining"] == {}
    assert rig.bodies == [{"tags": [tag]} for tag in tags]


def test_netrc_does_not_replace_the_token(rig: Rig, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert rig.run(hosts=["example.org"])["changed"]


def test_white_space_around_the_token_does_no_harm(rig: Rig) -> None:
    assert rig.run(token=TOKEN + "\n", hosts=["example.org"])["changed"]
