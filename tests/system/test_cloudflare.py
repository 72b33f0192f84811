# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What visitors get: a real cache stands before the website, and forgets what the API's stand-in was asked to purge."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from tests.rig.containers import ZONE_NAME
from tests.rig.rig import Rig
from tests.support.playbooks import run_playbook
from tests.system.conftest import Playbook
from tests.system.deploys import Released, purges, through_the_edge
from tests.system.edge import OPENER, PAGES, served, website


@pytest.fixture(scope="module")
def unpurged(rig: Rig, released: Released) -> Iterator[tuple[str, str]]:
    """The version that visitors got, of which the edge keeps every page, and the one that came after it without a purge."""
    old = website(rig)["version"]
    with through_the_edge(rig):
        run_playbook("playbooks/purge.yml", rig.inventory, extra={"cloudflare_purge_selector": "everything"}).succeeded()
        assert purges(rig)[-1]["body"] == {"purge_everything": True}
        assert served(rig) == dict.fromkeys(PAGES, old)
        new = old + "a"
        rig.push("website", {"VERSION": new + "\n"}, "Release " + new)
        run_playbook("tests/system/plays/compose_deploy.yml", rig.inventory, "--limit", "sandbox").succeeded()
        yield old, new


def test_without_a_purge_visitors_get_the_old_page_and_after_one_the_new_where_it_was_purged(rig: Rig, unpurged: tuple[str, str], playbook: Playbook) -> None:
    old, new = unpurged
    rig.clear_fake_log("cloudflare")
    assert website(rig)["version"] == new
    assert served(rig) == {"/": old, "/api/state": old}

    def purge(selector: str, address: str, verify: str) -> None:
        extra = {"cloudflare_purge_selector": selector, "cloudflare_purge_targets": {selector: [address]}, "cloudflare_purge_verify": verify}
        playbook("purge", extra=extra).succeeded()

    purge("files", f"http://{ZONE_NAME}/", verify="fail")
    assert served(rig) == {"/": new, "/api/state": old}
    purge("prefixes", f"{ZONE_NAME}/api", verify="never")  # there is no page of this address, only below it
    assert served(rig) == {"/": new, "/api/state": new}
    assert [purge["body"] for purge in purges(rig)] == [{"files": [f"http://{ZONE_NAME}/"]}, {"prefixes": [f"{ZONE_NAME}/api"]}]


def test_a_purge_that_never_reached_the_edge_is_found_out(rig: Rig, unpurged: tuple[str, str], playbook: Playbook) -> None:
    served(rig)
    accepted = {"status": 200, "body": {"success": True, "errors": [], "messages": [], "result": {"id": rig.record.zone}}}
    faults = urllib.request.Request(f"{rig.layout.cloudflare_url}/__faults", json.dumps([accepted]).encode(), method="POST")
    OPENER.open(faults, timeout=10).close()
    done = playbook("purge", extra={"cloudflare_purge_verify": "fail", "cloudflare_purge_verify_max_wait": 2}).refused()
    assert f"http://{ZONE_NAME}/ is served stale: the copy is" in " ".join(done.output.split())
