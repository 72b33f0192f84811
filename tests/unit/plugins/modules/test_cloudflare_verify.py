# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudflare_verify, run for real against an edge whose every answer is written down here."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import cloudflare_verify
from ansible_collections.mycosoft.rack.tests.fakes.clock import SimulatedClock
from ansible_collections.mycosoft.rack.tests.fakes.cloudflare import Answer, Api, CloudflareServer, Request
from ansible_collections.mycosoft.rack.tests.fakes.drip import dripping

Result = dict[str, t.Any]


def copy(status: str, age: t.Optional[int] = None) -> Result:
    """An answer of the edge."""
    return {"status": 200, "body": "page", "headers": {"CF-Cache-Status": status, **({} if age is None else {"Age": str(age)})}}


class Edge:
    """What the edge answers, one after the other, and a clock on which waiting takes no time."""

    def __init__(self, server: CloudflareServer, capsys: pytest.CaptureFixture[str]) -> None:
        self.server, self.clock, self._capsys = server, SimulatedClock(), capsys

    def verify(self, *answers: Result, paths: t.Sequence[t.Any] = ("/",), ago: t.Optional[float] = 10, **options: t.Any) -> Result:
        """Verify ``paths`` (or entries with a path as url) ``ago`` seconds after the purge."""
        self.server.faults[:] = answers
        urls = [{**path, "url": self.server.origin + path["url"]} if isinstance(path, dict) else self.server.origin + path for path in paths]
        since = {} if ago is None else {"since": self.clock.unix() - ago}
        with patch_module_args({"urls": urls, **since, **options}), pytest.raises(SystemExit):
            cloudflare_verify.main(self.clock)
        said = self._capsys.readouterr()
        result: Result = json.loads(said.out)
        # where the controller's own code is loaded as well, Ansible shows a warning at once
        return {**result, "warned": " ".join([json.dumps(result.pop("warnings", "")), *said.err.split()])}

    @property
    def asked(self) -> list[str]:
        return [entry["target"] for entry in self.server.journal.read()]


@pytest.fixture
def edge(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Edge]:
    monkeypatch.setenv("no_proxy", "*")
    with CloudflareServer(Api("unused", [])) as server:
        yield Edge(server, capsys)


@pytest.mark.parametrize("check", [False, True])
def test_a_fresh_page_is_asked_for_once(edge: Edge, check: bool) -> None:
    result = edge.verify(copy("MISS"), strict=True, _ansible_check_mode=check)
    assert (result["proven"], result["changed"], result["waited"], result["warned"]) == (True, False, 0, '""')
    page = {"url": edge.server.origin + "/", "headers": {}, "freshness": "fresh", "http_status": 200}
    assert result["pages"] == [{**page, "cache_status": "MISS", "age": None, "requests": 1, "message": ""}]
    assert [(entry["method"], entry["body"], entry["token"]) for entry in edge.server.journal.read()] == [("GET", None, False)]


def test_a_stale_page_is_asked_for_until_it_is_fresh(edge: Edge) -> None:
    result = edge.verify(copy("HIT", 500), copy("UPDATING", 501), copy("HIT", 0), strict=True)
    assert [(page["freshness"], page["requests"], page["age"]) for page in result["pages"]] == [("fresh", 3, 0)]
    assert edge.clock.pauses == [0.7, 0.7]
    assert result["waited"] == 1.4


def test_only_what_is_not_proven_yet_is_asked_for_again(edge: Edge) -> None:
    result = edge.verify(copy("MISS"), copy("HIT", 500), copy("HIT", 1), paths=["/a", "/b", "/a"])
    assert result["proven"]
    assert edge.asked == ["/a", "/b", "/b"]


def test_a_variant_is_asked_for_with_its_headers(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[t.Mapping[str, str]] = []
    reply = edge.server.reply

    def note(request: Request) -> Answer:
        sent.append(request.headers)
        return reply(request)

    monkeypatch.setattr(edge.server, "reply", note)
    entry = {"url": "/", "headers": {"CF-Device-Type": "mobile", "Accept": "text/html"}}
    result = edge.verify(copy("MISS"), copy("MISS"), paths=["/", entry])
    assert [page["headers"] for page in result["pages"]] == [{}, entry["headers"]]
    lower = [{name.lower(): value for name, value in headers.items()} for headers in sent]
    assert [(headers.get("cf-device-type"), headers["accept"]) for headers in lower] == [(None, "*/*"), ("mobile", "text/html")]
    assert not any("authorization" in headers for headers in lower)


def test_what_stays_stale_is_a_warning(edge: Edge) -> None:
    result = edge.verify(*[copy("HIT", 500)] * 99, max_wait=3)
    assert not result["proven"]
    assert not result.get("failed")
    message = result["pages"][0]["message"]
    assert message.startswith("%s/ is served stale: the copy is 500 s old" % edge.server.origin)
    assert message in result["warned"]
    assert sum(edge.clock.pauses) <= 3


def test_what_cannot_be_proven_fails_where_proof_is_demanded(edge: Edge) -> None:
    result = edge.verify(copy("MISS"), {"status": 200, "body": "page"}, paths=["/a", "/b"], strict=True)
    assert result["failed"]
    origin = edge.server.origin
    assert result["msg"].startswith("Cannot verify what Cloudflare serves: %s/b is not proven to be fresh: the answer does not come from Cloudflare." % origin)
    assert [page["freshness"] for page in result["pages"]] == ["fresh", "unproven"]
    assert edge.asked == ["/a", "/b"]


def test_a_redirect_is_not_followed(edge: Edge) -> None:
    answer = {**copy("HIT", 2), "status": 302}
    answer["headers"]["Location"] = edge.server.origin + "/elsewhere"
    assert edge.verify(answer)["pages"][0]["http_status"] == 302
    assert edge.asked == ["/"]


def test_without_a_moment_only_what_is_fetched_from_now_on_is_fresh(edge: Edge) -> None:
    result = edge.verify(copy("HIT", 0), copy("HIT", 0), copy("HIT", 0), ago=None)
    assert result["proven"]
    assert 2 <= result["pages"][0]["requests"] <= 3  # the clock also runs while the machine is slow


def test_the_time_is_that_of_all_pages_together(edge: Edge) -> None:
    with dripping() as url:
        began = time.monotonic()
        result = edge.verify(urls=["%s/%d" % (url, number) for number in range(40)], max_wait=0.2, timeout=0.3)
        took = time.monotonic() - began
    assert ({page["freshness"] for page in result["pages"]}, took < 5) == ({"unproven"}, True)
    assert "it was not asked for" in result["pages"][-1]["message"]


def test_nobody_listening_is_said(edge: Edge) -> None:
    edge.server.server_close()
    result = edge.verify(max_wait=0)
    assert (result["pages"][0]["freshness"], result["pages"][0]["http_status"], result["pages"][0]["cache_status"]) == ("unproven", None, None)
    assert "refused" in result["pages"][0]["message"]


def test_an_empty_list_asks_for_nothing(edge: Edge) -> None:
    assert edge.verify(paths=[], strict=True)["pages"] == []
    assert edge.asked == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"ago": -60}, "in the future. Check since and the clocks", id="since tomorrow"),
        pytest.param({"urls": ["example.org/"]}, "Give URLs as visitors use them", id="no scheme"),
        pytest.param({"urls": [{"link": "https://example.org/"}]}, "Correct the entry", id="no url"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_asked_for(edge: Edge, options: Result, said: str) -> None:
    result = edge.verify(**options)
    assert result["failed"]
    assert said in result["msg"]
    assert edge.asked == []
