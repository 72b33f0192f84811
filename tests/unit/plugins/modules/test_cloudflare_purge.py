# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudflare_purge, run for real against the stand-in of the API over HTTP."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.purging import NAME, SELECTIONS, TOKEN, ZONE, Purging, Result, purging


@pytest.fixture
def rig(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Purging]:
    with purging(capsys, monkeypatch) as running:
        yield running


selections = pytest.mark.parametrize("selection", SELECTIONS.values(), ids=SELECTIONS)
modes = pytest.mark.parametrize(("mode", "action"), [("purge", "purge_cache"), ("invalidate", "invalidate_cache")])


@selections
@modes
def test_what_is_sent_is_what_check_mode_said(rig: Purging, selection: Result, mode: str, action: str) -> None:
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
def test_an_empty_list_purges_nothing(rig: Purging, selector: str) -> None:
    result = rig.run(**{selector: []}, zone_id=None, zone=NAME)
    assert not result["changed"]
    assert result["requests"] == []
    assert rig.log == []


def test_a_zone_is_found_by_its_exact_name_also_in_check_mode(rig: Purging) -> None:
    for check in (True, False):
        result = rig.run(zone_id=None, zone=NAME, hosts=["example.org"], _ansible_check_mode=check)
        assert result["zone_id"] == ZONE
    assert [(entry["method"], entry["query"]) for entry in rig.log] == [("GET", {"name": [NAME]}), ("GET", {"name": [NAME]}), ("POST", {})]


def test_batches_keep_the_order_and_drop_duplicates(rig: Purging) -> None:
    tags = ["t%d" % number for number in (3, 1, 3, 2, 1, 5, 4)]
    assert rig.run(tags=tags, batch_size=2)["done"] == {"tags": ["t3", "t1", "t2", "t5", "t4"]}
    assert rig.bodies == [{"tags": ["t3", "t1"]}, {"tags": ["t2", "t5"]}, {"tags": ["t4"]}]


def test_the_moment_from_which_all_is_fresh_lies_before_the_first_purge(rig: Purging) -> None:
    rig.server.faults.extend([{}, {"status": 503}])  # the lookup goes through, the first purge is put off
    earliest = rig.clock.unix()
    result = rig.run(zone_id=None, zone=NAME, hosts=["example.org"])
    assert earliest - 0.001 <= result["began"] <= rig.log[1]["time"] + 0.001
    assert rig.clock.unix() - result["began"] >= sum(rig.clock.pauses) == 0.5
    failed = rig.run(token=TOKEN[::-1], hosts=["example.org"])
    assert failed["began"] >= result["began"]


def test_the_diff_names_every_item(rig: Purging) -> None:
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
    "url as host": ({"hosts": ["https://example.org/"]}, "no domain name alone"),
    "wildcard file": ({"files": ["https://example.org/*"]}, "purge by prefix"),
    "too large batches": ({"tags": ["a"], "batch_size": 101}, "1 to 100"),
    "token with a word": ({"token": "Bearer " + TOKEN, "everything": True}, "without a word such as Bearer"),
    "empty token": ({"token": "", "everything": True}, "it is empty"),
}


@pytest.mark.parametrize(("options", "said"), REFUSED_INPUT.values(), ids=REFUSED_INPUT)
def test_wrong_input_is_refused_before_anything_is_purged(rig: Purging, options: Result, said: str) -> None:
    result = rig.run(**options)
    assert result["failed"]
    assert said in result["msg"]
    assert [entry for entry in rig.log if entry["method"] != "GET"] == []


def test_ten_thousand_urls_get_through_the_allowance_of_a_free_plan(rig: Purging) -> None:
    urls = ["https://example.org/%d" % number for number in range(10_000)]
    result = rig.run(files=urls, timeout=5)
    assert [url for body in rig.bodies for url in body["files"]] == urls
    refused = [entry for entry in rig.log if entry["status"] == 429]
    assert len(refused) == len(rig.clock.pauses) > 0
    assert result["waited"] <= 10_000 / 800


def test_a_run_with_what_remained_of_a_failed_one_completes_it(rig: Purging) -> None:
    tags = ["t%d" % number for number in range(40)]
    failed = rig.run(tags=tags, batch_size=1)
    assert failed["failed"]
    assert failed["changed"]
    assert failed["done"]["tags"] + failed["remaining"]["tags"] == tags
    assert 25 < len(failed["done"]["tags"]) < 40
    resumed = rig.run(**failed["remaining"], batch_size=1)
    assert resumed["remaining"] == {}
    assert rig.bodies == [{"tags": [tag]} for tag in tags]


def test_netrc_does_not_replace_the_token(rig: Purging, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert rig.run(hosts=["example.org"])["changed"]


def test_white_space_around_the_token_does_no_harm(rig: Purging) -> None:
    assert rig.run(token=TOKEN + "\n", hosts=["example.org"])["changed"]
