# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memory_plan: what sizes mean on a host, as shares of its memory, scaled, and what the reserve holds."""

from __future__ import annotations

import itertools
import typing as t
from fractions import Fraction

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import exact
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.filter.racks import G, Json, M, container, plan, stack


def memory(services: Json, **more: t.Any) -> Json:
    """The memory of a host that these services are alone on."""
    found: Json = plan({"a": stack(services=services)}, ["sandbox"], **more)["hosts"]["sandbox"]["memory"]
    return found


def granted(services: Json, **more: t.Any) -> dict[str, tuple[int, int | None, int]]:
    """Limit, reservation and swap limit of each service."""
    limits = plan({"a": stack(services=services)}, ["sandbox"], **more)["hosts"]["sandbox"]["limits"]
    return {limit["service"]: (limit["memory"], limit["reservation"], limit["memory_swap"]) for limit in limits}


def test_a_percentage_is_a_share_of_the_memory_that_the_host_declares() -> None:
    services = {"web": {"memory": "50%", "reservation": "12.5%", "swap": "10%"}, "api": {"memory": "8G"}}
    assert granted(services, memory={"sandbox": "64G"}) == {"web": (32 * G, 8 * G, 32 * G + 6553 * M), "api": (8 * G, None, 8 * G)}
    assert memory(services, memory={"sandbox": "64G"}, reserve="12.5%", build="5%")["reserve"] == 8 * G
    assert memory(services, memory={"sandbox": "64G"}, reserve="12.5%", build="5%")["build"] == 3276 * M


def test_each_host_has_its_own_shares() -> None:
    services = {"web": {"memory": "50%"}, "api": {"memory": "50%", "host": "overflow1"}}
    hosts = plan({"a": stack(services=services)}, memory={"sandbox": "62G", "overflow1": "16G"})["hosts"]
    assert {name: host["memory"]["limits"] for name, host in hosts.items()} == {"sandbox": 31 * G, "overflow1": 8 * G}


def test_what_was_measured_is_checked_and_shares_stay_what_the_inventory_says() -> None:
    found = memory({"web": {"memory": "50%"}}, memory={"sandbox": "62G"}, measured={"sandbox": 61 * G})
    assert (found["total"], found["limits"], found["headroom"]) == (61 * G, 31 * G, 24 * G)


def test_a_measured_host_that_declares_nothing_is_checked_too() -> None:
    assert memory({"web": {"memory": "8G"}}, measured={"sandbox": 16 * G, "moon": 1})["headroom"] == 2 * G


def test_a_table_is_scaled_to_a_smaller_host_as_a_whole() -> None:
    services = {"web": {"memory": "32G", "reservation": "8G", "swap": "1G"}, "api": {"memory": "25%"}}
    given_hosts: Json = {"memory": {"sandbox": "62G"}, "scale": "50%", "build": "2G"}
    assert granted(services, **given_hosts) == {"web": (16 * G, 4 * G, 16 * G + G // 2), "api": (7936 * M, None, 7936 * M)}
    assert memory(services, **given_hosts) == {
        "total": 62 * G,
        "reserve": 3 * G,
        "build": G,
        "limits": 16 * G + 7936 * M,
        "others": 0,
        "unlimited": 0,
        "headroom": 62 * G - 19 * G - 7936 * M,
    }


def test_a_table_may_be_scaled_to_a_larger_host() -> None:
    assert granted({"web": {"memory": "8G"}}, scale="150%", reserve=0) == {"web": (12 * G, None, 12 * G)}


def test_each_host_may_have_its_own_scale_and_a_build_allowance() -> None:
    hosts = plan({}, scale={"overflow1": "25%"}, build={"sandbox": "4G", "overflow1": None})["hosts"]
    assert {name: (host["memory"]["reserve"], host["memory"]["build"]) for name, host in hosts.items()} == {
        "sandbox": (6 * G, 4 * G),
        "overflow1": (1536 * M, 0),
    }


UNLIMITED = [
    container("grafana", 2 * G),
    container("loki", G),
    container("stopped", None),
    container("limited", 20 * M, limit=G),
    container("limited and stopped", None, limit=64 * G),
    container("a-web-1", 40 * G, project="a", service="web"),
    container("a-cron-1", G, project="a", service="cron"),
]


def test_what_runs_without_a_plan_counts_at_its_limit_and_without_one_within_the_reserve_at_what_it_uses() -> None:
    found = memory({"web": {"memory": "8G"}}, memory={"sandbox": "16G"}, containers={"sandbox": UNLIMITED, "moon": UNLIMITED}, build="2G")
    assert (found["others"], found["unlimited"], found["reserve"], found["headroom"]) == (G, 4 * G, 6 * G, G)


def test_a_planned_service_that_runs_on_another_host_too_is_charged_there() -> None:
    hosts = plan({"a": stack(services={"web": {"memory": "8G"}})}, containers={"overflow1": [container("a-web-1", G, project="a", service="web")]})["hosts"]
    assert hosts["overflow1"]["memory"]["unlimited"] == G


mib = st.integers(min_value=6, max_value=64 * 1024)
percents = st.integers(min_value=1, max_value=100)
limits = st.one_of(st.builds(lambda size: "%dM" % size, mib), st.builds(lambda percent: "%d%%" % percent, percents))


def meant(written: str, total: int, scale: int) -> int:
    """What a size means, worked out another way: in whole numbers only."""
    number = int(written[:-1])
    size = total * number // 100 // M * M if written.endswith("%") else number * M
    return size if scale == 100 else size * scale // 100 // M * M


@given(st.lists(limits, max_size=6), limits, limits, st.integers(1024, 128 * 1024), percents)
def test_limits_and_reserve_never_exceed_the_memory_however_they_are_written(sizes: list[str], reserve: str, build: str, total_mib: int, scale: int) -> None:
    total = total_mib * M
    services = {"s%d" % number: {"memory": size} for number, size in enumerate(sizes)}
    wanted = [meant(size, total, scale) for size in sizes]
    kept, built = meant(reserve, total, scale), meant(build, total, scale)
    fits = sum(wanted) + kept <= total and built <= kept and all(size >= 6 * M for size in wanted)
    try:
        found = memory(services, memory={"sandbox": total}, reserve=reserve, build=build, scale="%d%%" % scale)
    except AnsibleFilterError:
        assert not fits
    else:
        assert fits
        assert (found["limits"], found["reserve"], found["build"]) == (sum(wanted), kept, built)
        assert found["limits"] + found["reserve"] + found["headroom"] == total


@given(st.lists(st.integers(6 * M, 64 * G), min_size=1, max_size=6), st.integers(1, 10000))
def test_scaling_keeps_the_ratios_within_a_mebibyte_and_never_exceeds_them(sizes: list[int], hundredths: int) -> None:
    scale = Fraction(hundredths, 10000)
    services = {"s%d" % number: {"memory": exact(size), "reservation": exact(size)} for number, size in enumerate(sizes)}
    more = {"scale": "%s%%" % (hundredths / 100)}
    if min(sizes) * scale < 6 * M:
        with pytest.raises(AnsibleFilterError, match="below the smallest limit a container can have"):
            granted(services, **more)
        return
    found = granted(services, **more)
    for size, (limit, reservation, _swap) in zip(sizes, found.values(), strict=True):
        assert limit == reservation
        assert 0 <= size * scale - limit < M if hundredths != 10000 else limit == size
    assert sum(limit for limit, _reservation, _swap in found.values()) <= sum(sizes) * scale


@given(st.lists(percents, max_size=8).filter(lambda shares: sum(shares) <= 100), st.integers(1, 1 << 50))
def test_shares_of_no_more_than_the_whole_always_fit(shares: list[int], total: int) -> None:
    total += 600 * M  # a hundredth is enough for an engine
    found = memory({"s%d" % number: {"memory": "%d%%" % share} for number, share in enumerate(shares)}, memory={"sandbox": total}, reserve=0)
    assert found["headroom"] >= 0


@given(st.permutations(UNLIMITED))
def test_the_order_of_the_containers_does_not_matter(containers: list[Json]) -> None:
    services = {"web": {"memory": "8G"}}
    assert memory(services, containers={"sandbox": containers}) == memory(services, containers={"sandbox": UNLIMITED})


def test_the_order_of_the_containers_does_not_matter_to_the_refusal() -> None:
    told = set()
    for containers in itertools.permutations(UNLIMITED[:3]):
        with pytest.raises(AnsibleFilterError) as caught:
            memory({}, reserve="1G", containers={"sandbox": list(containers)})
        told.add(str(caught.value))
    assert len(told) == 1
    assert "grafana 2G + loki 1G together take 3G of the reserve of 1G" in told.pop()


def test_two_hundred_hosts_with_a_thousand_services_are_planned() -> None:
    hosts = ["host%d" % number for number in range(200)]
    stacks: Json = {
        "stack%d" % number: stack(
            hosts[number],
            {
                "s%d" % place: {
                    "memory": "5%",
                    "host": hosts[(number + place) % 200],
                    "optional": True,
                    "needs": ["s%d" % (place - 1)] if place else ["stack%d/s4" % (number - 1)] if number else [],
                }
                for place in range(5)
            },
        )
        for number in range(200)
    }
    result = plan(stacks, hosts, memory=dict.fromkeys(hosts, "64G"), containers=dict.fromkeys(hosts, UNLIMITED[:4]))
    assert result["stages"] == 1000
    assert sum(len(host["limits"]) for host in result["hosts"].values()) == 1000
    assert {host["memory"]["limits"] for host in result["hosts"].values()} == {5 * 3276 * M}
