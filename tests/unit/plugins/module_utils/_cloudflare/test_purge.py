# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a purge consists of: selections, batches, requests, and what is refused before anything is sent."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.purge import Purge, Selection, as_options, checked_token, only_zone
from hypothesis import given
from hypothesis import strategies as st

ZONE = "0123456789abcdef0123456789abcdef"


def purge(**options: t.Any) -> Purge:
    usual: dict[str, t.Any] = dict.fromkeys(("everything", "files", "tags", "hosts", "prefixes", "zone", "zone_id"))
    usual.update(mode="purge", batch_size=100, api_url="https://api.cloudflare.com/client/v4")
    if "zone" not in options:
        usual["zone_id"] = ZONE
    return Purge.of({**usual, **options})


@given(st.lists(st.integers(0, 50)), st.integers(1, 100))
def test_batches_hold_every_item_once_in_the_order_given(numbers: list[int], size: int) -> None:
    made = purge(tags=["t%d" % number for number in numbers], batch_size=size)
    sent = [item for batch in made.batches() for item in batch.items]
    assert sent == list(dict.fromkeys("t%d" % number for number in numbers))
    assert all(1 <= len(batch.items) <= size for batch in made.batches())
    assert as_options(made.batches()) == ({"tags": sent} if sent else {})


@pytest.mark.parametrize(
    ("options", "items"),
    [
        pytest.param({"hosts": ["WWW.Example.org", "www.example.org"]}, ("www.example.org",), id="a host in two spellings"),
        pytest.param({"files": [{"url": "https://example.org/"}, "https://example.org/"]}, ("https://example.org/",), id="a url with and without an entry"),
        pytest.param({"files": [{"url": "https://example.org/", "headers": {}}]}, ("https://example.org/",), id="an entry without headers"),
        pytest.param(
            {"files": ["https://example.org/", {"url": "https://example.org/", "headers": {"CF-IPCountry": "US"}}]},
            ("https://example.org/", {"url": "https://example.org/", "headers": {"CF-IPCountry": "US"}}),
            id="headers make another item",
        ),
        pytest.param({"files": ["http://example.org:8080/a?b=c*"]}, ("http://example.org:8080/a?b=c*",), id="port and query"),
        pytest.param({"prefixes": ["example.org", "example.org/a/b"]}, ("example.org", "example.org/a/b"), id="prefixes with and without a path"),
    ],
)
def test_items_are_taken_as_meant(options: dict[str, t.Any], items: tuple[t.Any, ...]) -> None:
    assert purge(**options).selection.items == items


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        pytest.param({"files": ["/logo.png"]}, "Give URLs as visitors use them", id="relative url"),
        pytest.param({"files": ["ftp://example.org/a"]}, "Give URLs as visitors use them", id="not http"),
        pytest.param({"files": ["https:///a"]}, "Give URLs as visitors use them", id="no host"),
        pytest.param({"files": ["https://[::1/a"]}, "Give URLs as visitors use them", id="broken address"),
        pytest.param({"files": ["https://example.org:x/"]}, "Give URLs as visitors use them", id="broken port"),
        pytest.param({"files": ["https://example.org/a b"]}, "Give URLs as visitors use them", id="space in a url"),
        pytest.param({"files": ["https://example.org/#top"]}, "Write https://example.org/.", id="fragment"),
        pytest.param({"files": ["https://example.org/img/*"]}, "purge by prefix", id="wildcard"),
        pytest.param({"files": [7]}, "Give URLs as visitors use them", id="a number as url"),
        pytest.param({"files": [{"headers": {"a": "b"}}]}, "Give URLs as visitors use them", id="entry without url"),
        pytest.param({"files": [{"url": "https://example.org/", "header": {}}]}, "Correct the entry", id="unknown key"),
        pytest.param({"files": [{"url": "https://example.org/", "headers": {"a": 1}}]}, "Correct the entry", id="header that is no string"),
        pytest.param({"files": [{"url": "https://example.org/", "headers": ["a"]}]}, "Correct the entry", id="headers as a list"),
        pytest.param({"tags": [""]}, "Correct the tag", id="empty tag"),
        pytest.param({"tags": ["a,b"]}, "Correct the tag", id="tag with a comma"),
        pytest.param({"tags": ["a" * 1025]}, "Correct the tag", id="long tag"),
        pytest.param({"hosts": ["example.org:443"]}, "Give it such as www.example.org", id="host with a port"),
        pytest.param({"hosts": ["https://example.org"]}, "Give it such as www.example.org", id="url as host"),
        pytest.param({"hosts": ["localhost"]}, "Give it such as www.example.org", id="host without a domain"),
        pytest.param({"prefixes": ["https://example.org/a"]}, "Give it such as example.org/blog", id="prefix with a scheme"),
        pytest.param({"prefixes": ["example.org/a?b"]}, "Give it such as example.org/blog", id="prefix with a query"),
        pytest.param({"prefixes": ["example.org/" + "a/" * 31]}, "Give it such as example.org/blog", id="deep prefix"),
        pytest.param({"everything": False}, "Set everything to true", id="everything false"),
        pytest.param({}, "Give one", id="no selector"),
        pytest.param({"tags": ["a"], "hosts": ["example.org"]}, "got tags, hosts", id="two selectors"),
        pytest.param({"tags": ["a"], "batch_size": 0}, "Correct batch_size", id="no batch"),
        pytest.param({"hosts": ["example.org"], "batch_size": 101}, "Correct batch_size", id="batch of hosts too large"),
        pytest.param({"files": [], "batch_size": 501}, "Correct batch_size", id="batch of files too large"),
        pytest.param({"everything": True, "zone_id": "example.org"}, "give it as zone instead", id="name as id"),
        pytest.param({"everything": True, "zone_id": "0123"}, "It is on the zone's overview page", id="short id"),
        pytest.param({"everything": True, "zone": ZONE}, "give it as zone_id instead", id="id as name"),
        pytest.param({"everything": True, "zone": "https://example.org"}, "Give it such as example.org", id="url as name"),
        pytest.param({"everything": True, "api_url": "api.cloudflare.com"}, "Leave it out", id="address without scheme"),
        pytest.param({"everything": True, "api_url": "https://someone@example.org/"}, "Leave it out", id="address with a user"),
        pytest.param({"everything": True, "api_url": "http://api.cloudflare.com/client/v4"}, "Use https", id="token in clear text"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(options: dict[str, t.Any], remedy: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        purge(**options)
    assert refusal.value.message.startswith("Cannot ")
    assert remedy in refusal.value.message


def test_an_upper_case_id_is_the_same_zone() -> None:
    assert purge(everything=True, zone_id=ZONE.upper()).zone_id == ZONE


def test_five_hundred_urls_fit_into_one_request_where_the_plan_allows() -> None:
    made = purge(files=["https://example.org/%d" % number for number in range(501)], batch_size=500)
    assert [len(batch.items) for batch in made.batches()] == [500, 1]


def test_a_call_says_what_it_is_for() -> None:
    made = purge(zone="example.org", hosts=["example.org"], mode="invalidate", api_url="https://api.example/v4/")
    assert made.lookup().url == "https://api.example/v4/zones?name=example.org"
    call = made.call(ZONE, made.batches()[0])
    assert call.purpose == "invalidate 1 host of the Cloudflare zone example.org"
    assert call.shown() == {"method": "POST", "url": "https://api.example/v4/zones/%s/invalidate_cache" % ZONE, "body": {"hosts": ["example.org"]}}


def test_the_diff_shows_headers_too() -> None:
    item = {"url": "https://example.org/", "headers": {"CF-IPCountry": "US"}}
    assert Selection("files", (item,)).lines() == ['files {"headers": {"CF-IPCountry": "US"}, "url": "https://example.org/"}']
    assert purge(everything=True).diff(ZONE)["after"] == "everything: gone\n"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        pytest.param([], "sees no zone of this name", id="none"),
        pytest.param(None, "sees no zone of this name", id="nothing"),
        pytest.param(["x", {"id": ZONE, "name": "other.org"}], "sees no zone of this name", id="others"),
        pytest.param([{"id": ZONE, "name": "example.org"}] * 2, "sees 2 of this name", id="two"),
        pytest.param([{"id": "../..", "name": "example.org"}], "32 hexadecimal digits", id="an id that is none"),
    ],
)
def test_a_name_must_lead_to_exactly_one_zone(result: t.Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        only_zone(result, "example.org")


@pytest.mark.parametrize("token", ["", " ", "Bearer abc", "a\nb", "t\u00f6ken", "a\x00b"])
def test_a_token_that_cannot_be_one_is_refused_without_quoting_it(token: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        checked_token(token)
    assert not token.strip() or token not in refusal.value.message
