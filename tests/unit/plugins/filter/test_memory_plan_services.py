# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memory_plan: what a service is told, where it lives, and which ones may be stopped first."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.filter.racks import G, Json, M, plan, stack

API: Json = {"memory": "1G", "address": {"env": "API_URL", "port": 8000}}
SITE: Json = {"memory": "1G", "needs": ["api"]}


def told(stacks: Json, stack_name: str = "web", service: str = "site", **more: t.Any) -> t.Any:
    """The addresses that a service is told, wherever it runs."""
    for host in plan(stacks, **more)["hosts"].values():
        if service in host["stacks"].get(stack_name, {"services": {}})["services"]:
            return host["stacks"][stack_name]["services"][service]["addresses"]
    raise AssertionError(service)


def test_the_address_of_a_neighbour_of_the_same_stack_is_its_name() -> None:
    assert told({"web": stack(services={"api": API, "site": SITE})}) == {"API_URL": "http://api:8000"}


def test_the_address_follows_the_service_to_another_host() -> None:
    services = {"api": {**API, "host": "overflow1"}, "site": SITE}
    assert told({"web": stack(services=services)}) == {"API_URL": "http://overflow1:8000"}
    assert told({"web": stack(services=services)}, addresses={"overflow1": "192.0.2.10", "sandbox": None}) == {"API_URL": "http://192.0.2.10:8000"}
    assert told({"web": stack(services=services)}, addresses={"overflow1": "2001:db8::1"}) == {"API_URL": "http://[2001:db8::1]:8000"}


def test_another_stack_is_reached_where_it_is_published_even_on_the_same_host() -> None:
    address = {"env": "API_URL", "port": 8000, "published": 18000, "scheme": "https", "path": "/v1"}
    stacks = {"back": stack(services={"api": {"memory": "1G", "address": address}}), "web": stack(services={"site": {"memory": "1G", "needs": ["back/api"]}})}
    assert told(stacks, addresses={"sandbox": "rack.example.org"}) == {"API_URL": "https://rack.example.org:18000/v1"}


def test_only_who_needs_a_service_is_told_its_address() -> None:
    assert told({"web": stack(services={"api": API, "site": {"memory": "1G"}})}) == {}


def test_the_service_has_the_last_word_on_addresses_too() -> None:
    other = {"memory": "1G", "address": {"env": "API_URL", "port": 9000}}
    services = {"api": API, "other": other, "site": {**SITE, "needs": ["api", "other"], "env": {"API_URL": "http://127.0.0.1"}}}
    assert told({"web": stack(services=services)}) == {}


def test_a_need_that_is_written_twice_is_told_once() -> None:
    assert told({"web": stack(services={"api": API, "site": {**SITE, "needs": ["api", "web/api"]}})}) == {"API_URL": "http://api:8000"}


@pytest.mark.parametrize(
    ("written", "heap"),
    [
        ({}, None),
        ({"heap": "node"}, {"runtime": "node", "percent": 75, "bytes": 3 * G}),
        ({"heap": "java", "heap_percent": 50}, {"runtime": "java", "percent": 50, "bytes": 2 * G}),
        ({"heap": "node", "heap_percent": 33}, {"runtime": "node", "percent": 33, "bytes": 1351 * M}),
    ],
    ids=["none", "node", "java", "whole mebibytes"],
)
def test_the_heap_is_a_share_of_the_limit(written: Json, heap: Json | None) -> None:
    planned = plan({"a": stack(services={"x": {"memory": "4G", **written}})})["hosts"]["sandbox"]["stacks"]["a"]["services"]["x"]
    assert planned["heap"] == heap


def test_the_heap_follows_a_scaled_limit() -> None:
    planned = plan({"a": stack(services={"x": {"memory": "4G", "heap": "node"}})}, scale="50%")["hosts"]["sandbox"]["stacks"]["a"]["services"]["x"]
    assert planned["heap"]["bytes"] == G + G // 2


@pytest.mark.parametrize("adjust", [None, -1000, 0, 1000])
def test_the_adjustment_for_the_kernel_is_planned_as_it_is_written(adjust: int | None) -> None:
    services = plan({"a": stack(services={"x": {"memory": "4G", "oom_score_adj": adjust}})})["hosts"]["sandbox"]["stacks"]["a"]["services"]
    assert services["x"]["oom_score_adj"] == adjust


def rollouts(services: Json) -> list[Json]:
    """What the plan says of the rollouts on the sandbox (62G, of which the system has 6G)."""
    return [
        rollout for start in plan({"a": stack(services=services)}, memory={"sandbox": "62G"})["hosts"]["sandbox"]["starts"] for rollout in start["rollouts"]
    ]


def test_a_service_is_recreated_unless_it_says_otherwise() -> None:
    assert rollouts({"x": {"memory": "4G"}, "y": {"memory": "4G", "rollout": "recreate"}}) == []


def test_a_rollout_says_what_a_second_copy_takes_and_how_the_first_is_drained() -> None:
    drain = {"command": ["touch", "/run/drain"], "seconds": 3}
    assert rollouts({"x": {"memory": "4G", "rollout": "start-first", "drain": drain}, "y": {"memory": "2G", "rollout": "auto"}}) == [
        {"service": "x", "mode": "start-first", "memory": 4 * G, "blocker": None, "drain": drain},
        {"service": "y", "mode": "auto", "memory": 2 * G, "blocker": None, "drain": None},
    ]


@pytest.mark.parametrize(("memory", "blocker"), [("28G", None), ("29G", "a second copy needs 29G, and the plan leaves 27G")])
def test_a_second_copy_has_to_fit_into_what_the_plan_leaves(memory: str, blocker: str | None) -> None:
    assert [one["blocker"] for one in rollouts({"x": {"memory": memory, "rollout": "start-first"}})] == [blocker]


def stops(services: Json, host: str = "sandbox") -> list[str]:
    """The optional services of a host, in the order to stop them."""
    return [entry["service"] for entry in plan({"a": stack(services=services, project="p")})["hosts"][host]["optional"]]


def optional(memory: str, *needs: str, host: str = "sandbox") -> Json:
    return {"memory": memory, "optional": True, "needs": list(needs), "host": host}


def test_an_optional_service_is_listed_with_what_stopping_it_gives() -> None:
    result = plan({"a": stack(project="p", services={"x": optional("4G"), "y": {"memory": "8G"}})})
    assert result["hosts"]["sandbox"]["optional"] == [{"project": "p", "service": "x", "memory": 4 * G}]
    assert result["hosts"]["overflow1"]["optional"] == []


ORDERS: dict[str, tuple[Json, list[str]]] = {
    "the largest first": ({"a": optional("1G"), "b": optional("3G"), "c": optional("2G")}, ["b", "c", "a"]),
    "by name where all is equal": ({"b": optional("1G"), "a": optional("1G")}, ["a", "b"]),
    "who needs it before it, however large": ({"store": optional("8G"), "api": optional("1G", "store")}, ["api", "store"]),
    "what frees more before a user of something else": (
        {"store": optional("1G"), "api": optional("1G", "store"), "lone": optional("4G")},
        ["lone", "api", "store"],
    ),
    "also through another host": (
        {"store": optional("8G"), "api": optional("1G", "store", host="overflow1"), "site": optional("1G", "api"), "lone": optional("2G")},
        ["lone", "site", "store"],
    ),
    "a need that is written twice": ({"store": optional("8G"), "api": optional("1G", "store", "a/store")}, ["api", "store"]),
}


@pytest.mark.parametrize(("services", "order"), ORDERS.values(), ids=ORDERS)
def test_optional_services_are_stopped_in_the_order_of_least_harm(services: Json, order: list[str]) -> None:
    assert stops(services) == order
    assert stops(dict(reversed(services.items()))) == order


@given(st.dictionaries(st.integers(0, 9), st.tuples(st.integers(6, 9), st.sets(st.integers(0, 9))), min_size=1))
def test_whoever_may_be_stopped_next_is_never_smaller_than_it_could_be(drawn: dict[int, tuple[int, set[int]]]) -> None:
    needs = {name: {other for other in others if other in drawn and other < name} for name, (_size, others) in drawn.items()}
    order = [int(name[1:]) for name in stops({"s%d" % name: optional("%dM" % drawn[name][0], *("s%d" % other for other in needs[name])) for name in drawn})]
    left = set(drawn)
    for name in order:
        free = {other for other in left if not any(other in needs[user] for user in left)}
        assert name == min(free, key=lambda other: (-drawn[other][0], other))
        left.remove(name)
    assert not left
