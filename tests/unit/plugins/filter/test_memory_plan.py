# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memory_plan: what runs where, with which limits, in which order."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible.template import trust_as_template
from ansible_collections.mycosoft.rack.plugins.filter.memory_plan import FilterModule, memory_plan
from ansible_collections.mycosoft.rack.plugins.filter.service_environment import service_environment
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import exact
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.filter.racks import G, Json, plan, stack


def starts(result: dict[str, t.Any], host: str) -> list[tuple[int, str, list[str]]]:
    return [(start["stage"], start["stack"], start["services"]) for start in result["hosts"][host]["starts"]]


def test_the_filter_is_found_under_its_name() -> None:
    assert FilterModule().filters() == {"memory_plan": memory_plan}


def test_the_memory_table_of_the_rack_fits_exactly() -> None:
    services = {"website": {"memory": "32G", "reservation": "8G"}, "api": {"memory": "16G"}, "orchestrator": {"memory": "8G", "swap": "1G"}}
    memory = plan({"a": stack(services=services)}, memory={"sandbox": 62 * G})["hosts"]["sandbox"]
    assert memory["memory"] == {"total": 62 * G, "reserve": 6 * G, "build": 0, "limits": 56 * G, "others": 0, "unlimited": 0, "headroom": 0}
    limits = [(limit["service"], limit["memory"], limit["reservation"], limit["memory_swap"]) for limit in memory["limits"]]
    assert limits == [("website", 32 * G, 8 * G, 32 * G), ("api", 16 * G, None, 16 * G), ("orchestrator", 8 * G, None, 9 * G)]


def test_a_host_that_nobody_measured_is_planned_and_not_checked() -> None:
    result = plan({"a": stack(services={"x": {"memory": "900G"}})}, memory={"overflow1": 8 * G, "sandbox": None})
    memory = result["hosts"]["sandbox"]["memory"]
    assert (memory["total"], memory["limits"], memory["headroom"]) == (None, 900 * G, None)
    assert result["hosts"]["overflow1"] == {
        "memory": {"total": 8 * G, "reserve": 6 * G, "build": 0, "limits": 0, "others": 0, "unlimited": 0, "headroom": 2 * G},
        "stacks": {},
        "releases": {},
        "starts": [],
        "limits": [],
        "externals": [],
        "optional": [],
        "recovery": [],
    }


def test_what_an_essential_service_needs_is_essential_and_who_can_go_comes_first() -> None:
    services: dict[str, t.Any] = {
        "website": {"memory": "1G", "essential": True, "needs": ["api"]},
        "api": {"memory": "2G", "needs": ["db"]},
        "db": {"memory": "1G"},
        "small": {"memory": "1G"},
        "big": {"memory": "3G"},
        "spare": {"memory": "1G", "optional": True},
        "elsewhere": {"memory": "1G", "host": "overflow1", "essential": True, "needs": ["small"]},
    }
    hosts = plan({"a": stack(services=services)})["hosts"]
    found = [(one["service"], one["essential"], one["needed_by"]) for one in hosts["sandbox"]["recovery"]]
    assert found == [
        ("spare", False, None),
        ("big", False, None),
        ("small", True, "a/elsewhere"),
        ("website", True, None),
        ("api", True, "a/website"),
        ("db", True, "a/website"),
    ]
    assert [one["service"] for one in hosts["overflow1"]["recovery"]] == ["elsewhere"]


def test_each_host_may_have_its_own_reserve() -> None:
    hosts = plan({}, reserve={"sandbox": "6G", "overflow1": "2G"})["hosts"]
    assert {name: host["memory"]["reserve"] for name, host in hosts.items()} == {"sandbox": 6 * G, "overflow1": 2 * G}


def test_a_stack_is_told_to_every_host_that_runs_a_part_of_it() -> None:
    services = {"website": {"memory": "1G"}, "api": {"memory": "2G", "host": "overflow1"}}
    hosts = plan({"always-on": stack(services=services, project="p", env_file=".env", networks=["edge"])})["hosts"]
    home, away = (hosts[host]["stacks"]["always-on"] for host in ("sandbox", "overflow1"))
    assert (home["home"], list(home["services"]), home["elsewhere"]) == (True, ["website"], {"api": "overflow1"})
    assert (away["home"], list(away["services"]), away["elsewhere"]) == (False, ["api"], {"website": "sandbox"})
    assert (away["project"], away["directory"], away["files"], away["env_file"], away["networks"]) == ("p", "/srv/x", ["compose.yml"], ".env", ["edge"])


def test_a_stack_without_listed_services_runs_at_home_as_a_whole() -> None:
    result = plan({"tools": stack()})
    assert starts(result, "sandbox") == [(0, "tools", [])]
    assert (result["stages"], result["projects"], starts(result, "overflow1")) == (1, ["tools"], [])


def test_what_is_needed_starts_before_over_stacks_and_hosts() -> None:
    stacks = {
        "web": stack(services={"site": {"memory": "1G", "needs": ["cache", "back/api"]}, "cache": {"memory": "1G"}}),
        "back": stack("overflow1", services={"api": {"memory": "1G", "needs": ["store"]}, "store": {"memory": "1G"}}),
    }
    result = plan(stacks)
    assert starts(result, "overflow1") == [(0, "back", ["store"]), (1, "back", [])]
    assert starts(result, "sandbox") == [(0, "web", ["cache"]), (2, "web", [])]
    assert result["stages"] == 3


def test_away_from_home_services_are_always_named() -> None:
    result = plan({"web": stack(services={"a": {"memory": "1G", "host": "overflow1"}, "b": {"memory": "1G", "host": "overflow1", "needs": ["a"]}})})
    assert starts(result, "overflow1") == [(0, "web", ["a"]), (1, "web", ["b"])]
    assert starts(result, "sandbox") == [(0, "web", [])]


def test_the_order_of_the_inventory_does_not_decide_what_starts_first() -> None:
    services = {"api": {"memory": "1G"}, "site": {"memory": "1G", "needs": ["api"]}}
    orders = [services, dict(reversed(services.items()))]
    assert starts(plan({"web": stack(services=orders[0])}), "sandbox") == starts(plan({"web": stack(services=orders[1])}), "sandbox")


def test_a_needed_external_gives_its_address_and_the_service_has_the_last_word() -> None:
    services: Json = {
        "a": {"memory": "1G", "needs": ["brain"], "env": {"PORT": 8000, "DEBUG": False}},
        "b": {"memory": "1G", "needs": ["brain"], "env": {"BRAIN_URL": "http://127.0.0.1"}},
        "c": {"memory": "1G"},
    }
    stacks = {"s": stack(services=services)}
    here = plan(stacks, externals={"brain": {"url": "http://192.0.2.7", "env": "BRAIN_URL"}})["hosts"]["sandbox"]["stacks"]
    told = {name: service["addresses"] for name, service in here["s"]["services"].items()}
    assert told == {"a": {"BRAIN_URL": "http://192.0.2.7"}, "b": {}, "c": {}}
    assert service_environment(stacks, here) == {"s": {"a": {"PORT": "8000", "DEBUG": "false"}, "b": {"BRAIN_URL": "http://127.0.0.1"}, "c": {}}}


def test_a_service_takes_precedence_over_an_external_of_its_name() -> None:
    services = {"brain": {"memory": "1G"}, "a": {"memory": "1G", "needs": ["brain"]}}
    result = plan({"s": stack(services=services)}, externals={"brain": {"url": "http://192.0.2.7", "env": "BRAIN_URL"}})
    assert result["stages"] == 2
    assert result["hosts"]["sandbox"]["stacks"]["s"]["services"]["a"]["addresses"] == {}


def test_public_services_are_listed_with_their_host() -> None:
    services = {"site": {"memory": "1G", "public": True, "host": "overflow1"}, "api": {"memory": "1G"}}
    assert plan({"s": stack(services=services)})["public"] == [{"stack": "s", "project": "s", "service": "site", "host": "overflow1"}]


def test_what_a_purge_names_comes_from_the_addresses_of_public_services_each_once() -> None:
    services = {
        "site": {"memory": "1G", "public": True, "urls": ["https://example.org/", "https://www.example.org:8443/blog/?page=1"]},
        "shop": {"memory": "1G", "public": True, "urls": ["http://EXAMPLE.org/shop", "https://example.org/"]},
        "admin": {"memory": "1G", "urls": ["https://admin.example.org/"]},
    }
    assert plan({"s": stack(services=services)})["purge"] == {
        "files": ["https://example.org/", "https://www.example.org:8443/blog/?page=1", "http://EXAMPLE.org/shop"],
        "hosts": ["example.org", "www.example.org"],
        "prefixes": ["example.org/", "www.example.org/blog/", "example.org/shop"],
    }


def test_of_a_release_the_plan_tells_the_project_and_the_checkouts() -> None:
    sources = [{"repo": "git@example.org:site.git", "dest": "/srv/site"}, {"repo": "git@example.org:mas.git", "dest": "/srv/mas"}]
    result = plan({"s": stack(project="shop", sources=sources, services={"x": {"memory": "1G", "env": {"PASSWORD": "secret"}}})})
    arguments = ["--project-name", "shop", "--project-directory", "/srv/x", "--file", "/srv/x/compose.yml"]
    assert result["hosts"]["sandbox"]["releases"] == {"s": {"project": "shop", "sources": ["/srv/site", "/srv/mas"], "arguments": arguments}}
    assert result["hosts"]["overflow1"]["releases"] == {}


def test_a_plan_may_be_shown_and_the_environment_comes_from_elsewhere() -> None:
    services = {name: {"memory": "1G", "host": host, "env": {"WORD": "hunter2-%s" % name}} for name, host in (("x", "sandbox"), ("y", "overflow1"))}
    stacks = {"s": stack(services=services), "t": stack(services={})}
    result = plan(stacks)
    assert "hunter2" not in json.dumps(result)
    assert service_environment(stacks, result["hosts"]["sandbox"]["stacks"]) == {"s": {"x": {"WORD": "hunter2-x"}}, "t": {}}
    assert service_environment({}, result["hosts"]["sandbox"]["stacks"]) == {}
    with pytest.raises(AnsibleFilterError, match="rack_stacks.s.services.x.memory: .* is not a size") as refused:
        service_environment({"s": stack(services={"x": {"memory": "much", "env": {"WORD": "hunter2"}}})}, {})
    assert "hunter2" not in str(refused.value)


def test_tagged_values_of_ansible_become_plain_ones() -> None:
    tagged = stack(services={"x": {"memory": trust_as_template("1G"), "env": {"K": trust_as_template("v")}}}, host=trust_as_template("sandbox"))
    result = plan({trust_as_template("s"): tagged}, reserve=trust_as_template("6G"))
    (name, _here), *_others = result["hosts"]["sandbox"]["stacks"].items()
    value = service_environment({"s": tagged}, result["hosts"]["sandbox"]["stacks"])["s"]["x"]["K"]
    assert (name, type(name), value, type(value)) == ("s", str, "v", str)
    assert trust_as_template("v").__class__ is not str


bytes_of_a_limit = st.integers(min_value=6 * 1024**2, max_value=64 * G)


@given(st.lists(bytes_of_a_limit, max_size=8), st.integers(0, 16 * G), st.integers(0, 128 * G))
def test_what_may_be_used_never_exceeds_what_there_is(limits: list[int], reserve: int, total: int) -> None:
    stacks = {"a": stack(services={"s%d" % number: {"memory": exact(limit)} for number, limit in enumerate(limits)})}
    given_memory = {"sandbox": total}
    if sum(limits) + reserve > total:
        with pytest.raises(AnsibleFilterError, match="is missing"):
            plan(stacks, ["sandbox"], exact(reserve), memory=given_memory)
    else:
        memory = plan(stacks, ["sandbox"], exact(reserve), memory=given_memory)["hosts"]["sandbox"]["memory"]
        assert (memory["limits"], memory["headroom"]) == (sum(limits), total - reserve - sum(limits))


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9)), min_size=1))
def test_nothing_starts_before_what_it_needs(needs: dict[int, set[int]]) -> None:
    acyclic = {name: [other for other in others if other in needs and other < name] for name, others in needs.items()}
    services = {"s%d" % name: {"memory": "6M", "host": "overflow1", "needs": ["s%d" % other for other in others]} for name, others in acyclic.items()}
    result = plan({"a": stack(services=services)})
    stage = {service: number for number, _stack, names in starts(result, "overflow1") for service in names}
    assert set(stage) == set(services)
    assert all(stage["s%d" % name] == max((stage["s%d" % other] + 1 for other in others), default=0) for name, others in acyclic.items())
    assert result["stages"] == max(stage.values()) + 1
