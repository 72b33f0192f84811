# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What visitors get: a real cache stands before the website, and forgets what the API's stand-in was asked to purge."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

import pytest

from tests.rig.containers import ZONE_NAME
from tests.rig.rig import Rig
from tests.support.playbooks import Run
from tests.system.conftest import Playbook

PAGES = ("/", "/api/state")
#: Past any proxy of this machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def version(address: str, path: str) -> str:
    """The version of the website that a page at ``address`` tells."""
    with OPENER.open(urllib.request.Request(address + path, headers={"Host": ZONE_NAME}), timeout=10) as answer:
        text = answer.read().decode()
    found: str = json.loads(text)["version"] if path == "/api/state" else re.findall(r"<th>version</th><td>(.*?)</td>", text)[0]
    return found


def served(rig: Rig) -> dict[str, str]:
    """What visitors are told, page for page. Whatever the edge had forgotten it keeps from here on."""
    return {path: version(rig.layout.edge_url, path) for path in PAGES}


def running(rig: Rig) -> str:
    """The version that the service itself tells."""
    return version(f"http://{rig.layout.address('sandbox')}:3000", "/api/state")


@pytest.fixture
def through_the_edge(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the website leads nowhere: the controller finds it through the edge, as its proxy, and everything else directly."""
    monkeypatch.setenv("http_proxy", rig.layout.edge_url)
    monkeypatch.setenv("no_proxy", ",".join(rig.layout.address(host) for host in rig.layout.hosts))


@pytest.fixture
def kept(rig: Rig, deployed: Run, playbook: Playbook) -> str:
    """The version that runs now, and of which the edge keeps every page."""
    playbook("purge", extra={"cloudflare_purge_selector": "everything"}).succeeded()
    version = running(rig)
    assert served(rig) == dict.fromkeys(PAGES, version)
    rig.clear_fake_log("cloudflare")
    return version


def purged(rig: Rig) -> list[Any]:
    return [entry["body"] for entry in rig.fake_log("cloudflare") if entry["path"].endswith("/purge_cache") and entry["status"] == 200]


def test_without_a_purge_visitors_get_the_old_page_and_after_one_the_new_where_it_was_purged(
    rig: Rig, kept: str, playbook: Playbook, through_the_edge: None
) -> None:
    new = kept + "a"
    rig.push("website", {"VERSION": new + "\n"}, "Release " + new)
    playbook("deploy", extra={"cloudflare_purge_when": "never"}).succeeded()
    assert running(rig) == new
    assert served(rig) == {"/": kept, "/api/state": kept}

    def purge(selector: str, address: str, verify: str) -> None:
        extra = {"cloudflare_purge_selector": selector, "cloudflare_purge_targets": {selector: [address]}, "cloudflare_purge_verify": verify}
        playbook("purge", extra=extra).succeeded()

    purge("files", f"http://{ZONE_NAME}/", verify="fail")
    assert served(rig) == {"/": new, "/api/state": kept}
    purge("prefixes", f"{ZONE_NAME}/api", verify="never")  # there is no page of this address, only below it
    assert served(rig) == {"/": new, "/api/state": new}
    assert purged(rig) == [{"files": [f"http://{ZONE_NAME}/"]}, {"prefixes": [f"{ZONE_NAME}/api"]}]


@pytest.mark.parametrize(("selector", "body"), [("everything", {"purge_everything": True}), ("hosts", {"hosts": [ZONE_NAME]})])
def test_a_deploy_with_its_purge_gives_visitors_the_new_page(
    rig: Rig, kept: str, playbook: Playbook, through_the_edge: None, selector: str, body: dict[str, Any]
) -> None:
    new = kept + "b"
    rig.push("website", {"VERSION": new + "\n"}, "Release " + new)
    assert served(rig) == dict.fromkeys(PAGES, kept)
    playbook("deploy", extra={"cloudflare_purge_selector": selector, "cloudflare_purge_verify": "fail"}).succeeded()
    assert served(rig) == dict.fromkeys(PAGES, new)
    assert purged(rig) == [body]


def test_a_purge_that_never_reached_the_edge_is_found_out(rig: Rig, kept: str, playbook: Playbook, through_the_edge: None) -> None:
    accepted = {"status": 200, "body": {"success": True, "errors": [], "messages": [], "result": {"id": rig.record.zone}}}
    faults = urllib.request.Request(f"{rig.layout.cloudflare_url}/__faults", json.dumps([accepted]).encode(), method="POST")
    OPENER.open(faults, timeout=10).close()
    done = playbook("purge", extra={"cloudflare_purge_verify": "fail", "cloudflare_purge_verify_max_wait": 2}).refused()
    assert f"http://{ZONE_NAME}/ is served stale: the copy is" in " ".join(done.output.split())
