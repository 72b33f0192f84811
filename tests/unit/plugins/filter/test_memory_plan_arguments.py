# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memory_plan: every wrong thing that may be said about hosts and externals, and the sentence it gets."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.plugins.filter.racks import API, STACKS, WEB, G, changed, container, problems

MEMORY = {"sandbox": "62G", "overflow1": "8G"}

BAD_ARGUMENTS: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "hosts": (
        {"hosts": "sandbox", "stacks": {}},
        ["hosts: is not a list of host names. Hand over for example groups['rack']."],
    ),
    "no reserve": (
        {"reserve": None, "hosts": ["sandbox"]},
        ["rack_system_reserve.sandbox: is missing. Say what is kept for the system and Docker there, for example 6G."],
    ),
    "reserve": ({"reserve": "lots"}, ["rack_system_reserve: 'lots' is not a size. Write for example 16G."]),
    "reserve of a host missing": (
        {"reserve": {"sandbox": "6G"}},
        ["rack_system_reserve.overflow1: is missing. Say what is kept for the system and Docker there, for example 6G."],
    ),
    "reserve of a host": (
        {"reserve": {"sandbox": "6G", "overflow1": ""}},
        ["rack_system_reserve.overflow1: '' is not a size. Write for example 16G."],
    ),
    "reserve as a share of nothing": (
        {"reserve": "10%", "memory": {"sandbox": "64G"}},
        [
            "rack_system_reserve.overflow1: '10%' is a share of the memory of overflow1, which nobody declared. Set rack_memory there, for example 62G.",
        ],
    ),
    "memory of a host": ({"memory": {"sandbox": "much"}}, ["memory.sandbox: 'much' is not a size. Write for example 16G."]),
    "memory as a share of itself": ({"memory": {"sandbox": "50%"}}, ["memory.sandbox: '50%' is not a size. Write for example 16G."]),
    "memory of all": ({"memory": 62}, ["memory: is not a mapping of host names to bytes."]),
    "what was measured": ({"measured": ["62G"]}, ["measured: is not a mapping of host names to bytes."]),
    "too many limits for what was measured": (
        {"memory": MEMORY, "measured": {"sandbox": 61 * G}},
        [
            (
                "memory of sandbox: always-on/api 16G + always-on/website 32G + mas/orchestrator 8G + reserve 6G together need 62G, the host has 61G: "
                "1G is missing. Lower a limit or place a service on another host."
            )
        ],
    ),
    "a share of what was only measured": (
        {"stacks": changed((*API, "memory"), "25%"), "measured": {"sandbox": 62 * G}},
        [
            (
                "rack_stacks.always-on.services.api.memory: '25%' is a share of the memory of sandbox, which nobody declared. "
                "Set rack_memory there, for example 62G."
            )
        ],
    ),
    "a build allowance": ({"build": {"overflow1": "2 bags"}}, ["rack_build_allowance.overflow1: '2 bags' is not a size. Write for example 16G."]),
    "a build allowance above the reserve": (
        {"build": {"overflow1": "7G"}},
        [
            (
                "memory of overflow1: the build allowance of 7G is more than the reserve of 6G, of which it is a part. "
                "Lower rack_build_allowance or raise rack_system_reserve."
            )
        ],
    ),
    "a scale without percent": ({"scale": 50}, ["rack_memory_scale: 50 is not a percentage. Write for example 50%."]),
    "a negative scale": ({"scale": "-50%"}, ["rack_memory_scale: '-50%' is not a percentage. Write for example 50%."]),
    "a scale of nothing": ({"scale": {"overflow1": "0%"}}, ["rack_memory_scale.overflow1: '0%' leaves nothing. Write for example 50%."]),
    "a limit too small at its scale": (
        {"stacks": {"mas": STACKS["mas"]}, "scale": {"sandbox": "0.05%"}},
        [
            (
                "rack_stacks.mas.services.orchestrator.memory: '8G' is 4M on sandbox at the scale of 0.05%, "
                "below the smallest limit a container can have (6M). Raise it or rack_memory_scale."
            )
        ],
    ),
    "a share too small for a limit": (
        {"stacks": changed((*API, "reservation"), "0.005%"), "memory": MEMORY},
        [("rack_stacks.always-on.services.api.reservation: '0.005%' is 3M on sandbox, below the smallest limit a container can have (6M). Raise it.")],
    ),
    "a share above the limit": (
        {"stacks": changed((*WEB, "reservation"), "60%"), "memory": MEMORY},
        ["rack_stacks.always-on.services.website.reservation: 37.2G is more than the limit of 32G. Lower it or raise memory."],
    ),
    "shares above the whole": (
        {"stacks": changed((*API, "memory"), "100%"), "memory": MEMORY},
        [
            (
                "memory of sandbox: always-on/api 62G + always-on/website 32G + mas/orchestrator 8G + reserve 6G together need 108G, the host has 62G: "
                "46G is missing. Lower a limit or place a service on another host."
            )
        ],
    ),
    "an address with its scheme": (
        {"addresses": {"overflow1": "http://192.0.2.10"}},
        [("addresses.overflow1: 'http://192.0.2.10' is not the name or the IP address of a host. Write for example 192.0.2.10, without scheme and port.")],
    ),
    "an address with its port": (
        {"addresses": {"overflow1": "192.0.2.10:80"}},
        ["addresses.overflow1: '192.0.2.10:80' is not the name or the IP address of a host. Write for example 192.0.2.10, without scheme and port."],
    ),
    "one address for all": ({"addresses": "192.0.2.10"}, ["addresses: is not a mapping of host names to addresses."]),
    "containers of nobody": ({"containers": [container("x", 1)]}, ["containers: is not a mapping of host names to lists of containers."]),
    "containers that are no list": ({"containers": {"sandbox": {}}}, ["containers.sandbox: is not a list. Write [a, b]."]),
    "a container that is none": ({"containers": {"sandbox": ["x"]}}, ["containers.sandbox[0]: is not a mapping. Write keys and values."]),
    "containers without a limit above the reserve": (
        {"containers": {"overflow1": [container("grafana", 3 * G), container("loki", 4 * G)]}},
        [
            (
                "memory of overflow1: loki 4G + grafana 3G together take 7G of the reserve of 6G: 1G is missing. "
                "Limit these containers, list them as services, or raise rack_system_reserve."
            )
        ],
    ),
    "containers with limits of their own": (
        {"memory": {"overflow1": "62G"}, "containers": {"overflow1": [container("loki", 3 * G, limit=40 * G), container("grafana", 3 * G, limit=50 * G)]}},
        [
            (
                "memory of overflow1: grafana (not in the inventory) 50G + loki (not in the inventory) 40G + reserve 6G together need 96G, the host has 62G: "
                "34G is missing. Lower a limit, remove what is not in the inventory or place a service on another host."
            )
        ],
    ),
    "containers without a limit where a build has its part": (
        {"containers": {"overflow1": [container("loki", 3 * G)]}, "build": "4G"},
        [
            (
                "memory of overflow1: loki 3G + build allowance 4G together take 7G of the reserve of 6G: 1G is missing. "
                "Limit these containers, list them as services, or raise rack_system_reserve."
            )
        ],
    ),
    "external": (
        {"externals": {"brain": {"url": "brain:8765"}}},
        ["rack_externals.brain.url: 'brain:8765' is not a web address. Write for example https://example.org/."],
    ),
    "health of an external": (
        {"externals": {"brain": {"url": "http://192.0.2.7", "health": "ok"}}},
        ["rack_externals.brain.health: 'ok' is not the path of a URL. Write for example /health."],
    ),
}


@pytest.mark.parametrize(("given", "sentences"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS)
def test_bad_arguments_are_refused_too(given: dict[str, t.Any], sentences: list[str]) -> None:
    more = {**given}
    assert problems(more.pop("stacks", STACKS), **more) == sentences


def test_a_host_too_small_by_bytes_is_refused_too() -> None:
    assert problems(memory={"sandbox": "62"})[0].endswith("the host has 62B: 62G is missing. Lower a limit or place a service on another host.")
