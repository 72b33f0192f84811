# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""relocated: the inventory after a move, or why it cannot be made."""

from __future__ import annotations

import copy

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.filter.relocated import FilterModule, relocated

from tests.unit.plugins.filter.racks import Json, stack

HOSTS = ["sandbox", "overflow1", "overflow2"]
DB = {"memory": "1G", "env": {"WORD": "hunter2"}}
RACK = {
    "always-on": stack(services={"website": {"memory": "32G", "public": True}, "api": {"memory": "16G"}, "db": DB}, project="on"),
    "mas": stack(services={"orchestrator": {"memory": "8G", "host": "overflow1"}, "api": {"memory": "1G"}}),
}


def moved(services: str | list[str], to: str = "overflow1") -> Json:
    return relocated(RACK, services, to, HOSTS)


def refused(services: str | list[str], to: str = "overflow1") -> str:
    with pytest.raises(AnsibleFilterError) as error:
        moved(services, to)
    return str(error.value)


def test_the_filter_is_found_under_its_name() -> None:
    assert FilterModule().filters() == {"relocated": relocated}


@pytest.mark.parametrize("services", [["always-on/api", "db"], "always-on/api, db"])
def test_only_the_hosts_change_and_the_inventory_that_was_given_does_not(services: str | list[str]) -> None:
    before = copy.deepcopy(RACK)
    result = moved(services)
    assert before == RACK
    assert (result["from"], result["to"], result["stack"], result["project"], result["services"]) == ("sandbox", "overflow1", "always-on", "on", ["api", "db"])
    assert result["inventory"] == ["rack_stacks.always-on.services.api.host: overflow1", "rack_stacks.always-on.services.db.host: overflow1"]
    assert result["stacks"]["always-on"]["services"]["db"].pop("env") == {"WORD": "********"}
    del before["always-on"]["services"]["db"]["env"]
    for name in ("api", "db"):
        assert result["stacks"]["always-on"]["services"][name].pop("host") == "overflow1"
    assert result["stacks"] == before


@pytest.mark.parametrize(
    ("services", "to", "said"),
    [
        ("always-on/apy", "overflow1", "'always-on/apy' is no service of the rack. Did you mean always-on/api?"),
        ("api", "overflow1", "'api' is in several stacks. Write one of always-on/api, mas/api."),
        ("db", "", "no server is named to move to. Name one of "),
        ("db", "overflow9", "'overflow9' is no server of the rack."),
        ("website", "overflow1", "always-on/website is public: the edge asks for it where it is."),
        ("db", "sandbox", "always-on/db is on sandbox already."),
        (["db", "orchestrator"], "overflow2", "always-on/db, mas/orchestrator are on overflow1 and sandbox. Move those of one server at a time."),
        (["db", "mas/api"], "overflow2", "always-on/db, mas/api are of several stacks. Move those of one stack at a time."),
        ([], "overflow1", "no service is named. Name one of always-on/website, always-on/api,"),
    ],
)
def test_what_cannot_be_moved_is_refused_with_the_reason(services: str | list[str], to: str, said: str) -> None:
    assert said in refused(services, to)


def test_all_problems_are_told_at_once() -> None:
    assert refused(["nobody", "website"], "nowhere").count(". ") >= 3
