# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloudflare's own SDK as a third party: it understands whatever the stand-in says, and sends what the module sends."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
import typing as t

import cloudflare as sdk
import pytest
from ansible_collections.mycosoft.rack.tests.fakes import cloudflare as stand_in
from ansible_collections.mycosoft.rack.tests.fakes.cloudflare import ACTIONS, PLANS, Api, CloudflareServer
from ansible_collections.mycosoft.rack.tests.fakes.purging import NAME, OTHERS, SELECTIONS, TOKEN, ZONE, Purging, purging

from tests.support.repository import ROOT

#: The module's selector -> the SDK's arguments.
ARGUMENTS: dict[str, dict[str, t.Any]] = {**SELECTIONS, "everything": {"purge_everything": True}}


class Client:
    """The SDK as its users have it, but impatient: what it is answered must come out as it is."""

    def __init__(self, url: str, **options: t.Any) -> None:
        self.sdk = sdk.Cloudflare(**{"api_token": TOKEN, "base_url": url, "max_retries": 0, **options})

    def ask(self, action: str = "purge_cache", zone: str = ZONE, **arguments: t.Any) -> t.Any:
        return getattr(self.sdk.cache, action.partition("_")[0])(zone_id=zone, **arguments)


@pytest.fixture
def rig(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Purging]:
    with purging(capsys, monkeypatch) as running:
        yield running


def recorded(rig: Purging) -> list[dict[str, t.Any]]:
    """All of the requests that the other side could tell apart, and forget them."""
    seen = [{name: entry[name] for name in ("method", "path", "query", "body", "content_type", "token", "status")} for entry in rig.log]
    rig.server.journal.clear()
    return seen


def test_the_sdk_is_the_locked_one() -> None:
    assert "cloudflare==%s" % importlib.metadata.version("cloudflare") in (ROOT / "requirements.lock").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("selector", SELECTIONS)
def test_a_selector_is_the_same_request(rig: Purging, selector: str, action: str) -> None:
    result = rig.run(**SELECTIONS[selector], mode=action.partition("_")[0])
    ours = recorded(rig)
    answer = Client(rig.server.url).ask(action, **ARGUMENTS[selector])
    assert recorded(rig) == ours
    assert len(ours) == 1
    assert ours[0]["status"] == 200
    assert answer.id == ZONE == result["zone_id"]


def test_a_list_in_batches_is_the_same_requests(rig: Purging) -> None:
    urls = ["https://example.org/%d" % number for number in range(250)]
    rig.run(files=urls)
    ours = recorded(rig)
    client = Client(rig.server.url)
    for start in range(0, 250, 100):
        client.ask(files=urls[start : start + 100])
    assert recorded(rig) == ours
    assert [len(entry["body"]["files"]) for entry in ours] == [100, 100, 50]


@pytest.mark.parametrize(("name", "ids"), [(NAME, [ZONE]), ("twice.example", [zone for zone, _name in OTHERS]), ("example.com", [])])
def test_a_zone_is_looked_up_by_the_same_request(rig: Purging, name: str, ids: list[str]) -> None:
    rig.run(zone_id=None, zone=name, everything=True, _ansible_check_mode=True)
    ours = recorded(rig)
    page = Client(rig.server.url).sdk.zones.list(name=name)
    assert [(zone.id, zone.name, zone.status) for zone in page.result] == [(zone, name, "active") for zone in ids]
    assert page.result_info is not None
    assert (page.result_info.page, page.result_info.per_page) == (1.0, 20.0)
    assert recorded(rig) == ours
    assert len(ours) == 1


def test_the_sdk_finds_every_page_of_a_long_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    zones = [("%032x" % number, NAME) for number in range(50)]
    with CloudflareServer(Api(TOKEN, zones)) as server:
        assert [zone.id for zone in Client(server.url).sdk.zones.list(name=NAME)] == [zone for zone, _name in zones]


JSON: t.Any = {"headers": {"Content-Type": "application/json"}}
PURGE = "/zones/%s/purge_cache" % ZONE
#: What the stand-in refuses: who asks, what, the SDK's error, its code.
REFUSED: dict[str, tuple[dict[str, t.Any], t.Callable[[Client], t.Any], type[sdk.APIStatusError], int]] = {
    "no token": ({}, lambda client: client.ask(tags=["a"], extra_headers={"Authorization": sdk.Omit()}), sdk.BadRequestError, 9106),
    "wrong token": ({"api_token": "wrong"}, lambda client: client.ask(tags=["a"]), sdk.AuthenticationError, 10000),
    "odd token": ({"api_token": "a b"}, lambda client: client.ask(tags=["a"]), sdk.BadRequestError, 6003),
    "name as id": ({}, lambda client: client.ask(zone=NAME, tags=["a"]), sdk.NotFoundError, 7003),
    "foreign zone": ({}, lambda client: client.ask(zone="c" * 32, tags=["a"]), sdk.PermissionDeniedError, 9109),
    "no route": ({}, lambda client: client.sdk.user.tokens.verify(), sdk.NotFoundError, 7000),
    "odd method": ({}, lambda client: client.sdk.delete(PURGE, cast_to=object), sdk.APIStatusError, 7001),
    "odd content type": ({}, lambda client: client.ask(tags=["a"], extra_headers={"Content-Type": "text/plain"}), sdk.BadRequestError, 6003),
    "broken JSON": ({}, lambda client: client.sdk.post(PURGE, cast_to=object, content=b"{", options=JSON), sdk.BadRequestError, 6007),
    "no selector": ({}, lambda client: client.ask(), sdk.BadRequestError, 1012),
    "two selectors": ({}, lambda client: client.ask(tags=["a"], hosts=[NAME]), sdk.BadRequestError, 1012),
    "everything false": ({}, lambda client: client.ask(purge_everything=False), sdk.BadRequestError, 1013),
    "no list": ({}, lambda client: client.ask(extra_body={"tags": "a"}), sdk.BadRequestError, 1014),
    "empty list": ({}, lambda client: client.ask(tags=[]), sdk.BadRequestError, 1012),
    "too many": ({}, lambda client: client.ask(tags=["a"] * 101), sdk.BadRequestError, 1012),
    "odd item": ({}, lambda client: client.ask(hosts=["https://example.org"]), sdk.BadRequestError, 1015),
    "too often": ({}, lambda client: [client.ask(tags=["a"]) for _time in range(PLANS["free"].bucket + 1)], sdk.RateLimitError, 971),
}


@pytest.mark.parametrize(("options", "asked", "error", "code"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_understood(
    rig: Purging, options: dict[str, t.Any], asked: t.Callable[[Client], t.Any], error: type[sdk.APIStatusError], code: int
) -> None:
    with pytest.raises(sdk.APIStatusError) as refusal:
        asked(Client(rig.server.url, **options))
    assert refusal.value.__class__ is error  # not one of its subclasses
    assert [found.code for found in refusal.value.errors] == [code]
    assert rig.log[-1]["status"] == refusal.value.status_code
    assert ("retry-after" in refusal.value.response.headers) is (code == 971)


def test_no_refusal_of_the_stand_in_is_left_out() -> None:
    codes = re.findall(r"raise Refused\(\d+, (\d+),", inspect.getsource(stand_in))
    assert set(map(int, codes)) == {code for _options, _asked, _error, code in REFUSED.values()}


def test_what_the_sdk_is_told_to_wait_is_what_it_waits_before_it_succeeds(rig: Purging, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own patience understands the stand-in's retry-after: the allowance is there when it comes back, one pause later."""
    monkeypatch.setattr("time.sleep", rig.clock.sleep)
    client = Client(rig.server.url).sdk.with_options(max_retries=1)
    for _time in range(PLANS["free"].bucket + 1):
        client.cache.purge(zone_id=ZONE, tags=["a"])
    assert [entry["status"] for entry in rig.log] == [200] * PLANS["free"].bucket + [429, 200]
    assert len(rig.clock.pauses) == 1
