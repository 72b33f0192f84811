# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""placement: the fewest moves that the plan accepts, and the reason."""

from __future__ import annotations

import itertools
import json
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.filter.placement import FilterModule, placement
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack import propose as search
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.filter.racks import G, Json, container, plan, stack

ADDRESS = {"env": "API_URL", "port": 8000}
RACK = {
    "always-on": stack(
        services={"website": {"memory": "32G", "public": True, "needs": ["api", "mas/orchestrator"]}, "api": {"memory": "16G", "address": ADDRESS}}
    ),
    "mas": stack(services={"orchestrator": {"memory": "8G", "address": {"env": "MAS_URL", "port": 8001}}}),
}


def proposed(memory: Json, stacks: Json | None = None, **more: t.Any) -> Json:
    result = placement(RACK if stacks is None else stacks, list(memory), "6G", memory=memory, **more)
    assert json.loads(json.dumps(result)) == result
    return result


def moves(result: Json) -> list[str]:
    return ["%(stack)s/%(service)s %(from)s > %(to)s" % move for move in result["moves"]]


def test_the_filter_is_found_under_its_name() -> None:
    assert FilterModule().filters() == {"placement": placement}


def test_what_fits_stays() -> None:
    result = proposed({"sandbox": "62G", "overflow1": "62G"})
    assert (result["fits"], result["moves"], result["peak"]) == (True, [], {"before": "100 %", "after": "100 %"})
    assert result["message"] == "Everything fits where it is: at most 100 % of a host's memory is spoken for."


def test_one_move_is_better_than_two_and_of_two_ways_the_one_with_the_smaller_peak() -> None:
    result = proposed({"sandbox": "56G", "overflow1": "32G"})
    assert (result["fits"], moves(result)) == (True, ["always-on/api sandbox > overflow1"])  # the orchestrator alone would leave the sandbox at 96 %
    assert result["peak"] == {"before": "111 %", "after": "82 %"}
    assert result["moves"][0]["memory"] == 16 * G
    assert result["message"].startswith(
        "Move always-on/api (16G) from sandbox to overflow1: then at most 82 % of a host's memory is spoken for, instead of 111 %. memory of sandbox: "
    )


def test_two_moves_go_where_each_has_room() -> None:
    result = proposed({"sandbox": "40G", "overflow1": "24G", "overflow2": "16G"})
    assert moves(result) == ["always-on/api sandbox > overflow1", "mas/orchestrator sandbox > overflow2"]


def test_what_is_pinned_public_or_could_not_be_found_again_stays() -> None:
    unknown = {"x": stack(services={"user": {"memory": "1G", "needs": ["used"]}, "used": {"memory": "1G"}, "shown": {"memory": "40G", "public": True}})}
    result = proposed({"sandbox": "20G", "overflow1": "62G"}, unknown, pins=["x/user"])
    assert (result["fits"], result["moves"]) == (False, [])
    assert result["stay"] == {
        "x/used": "x/user needs it and nothing tells it where it is (address)",
        "x/shown": "it is public",
        "x/user": "it is pinned",
    }
    assert "No move helps." in result["message"]
    assert "x/shown (it is public)" in result["message"]


def test_a_host_of_unknown_memory_takes_nothing() -> None:
    assert proposed({"sandbox": "56G", "overflow1": None})["fits"] is False


def test_what_runs_there_and_nobody_planned_takes_room() -> None:
    there = {"overflow1": [container("other", 1 * G, 12 * G)]}
    assert moves(proposed({"sandbox": "56G", "overflow1": "32G"}, containers=there)) == ["mas/orchestrator sandbox > overflow1"]


def test_two_stacks_of_one_project_are_not_brought_together() -> None:
    two = {
        "a": stack(project="p", services={"one": {"memory": "20G"}}),
        "b": stack(project="p", host="overflow1", services={"two": {"memory": "1G"}}),
    }
    assert moves(proposed({"sandbox": "16G", "overflow1": "62G", "overflow2": "30G"}, two)) == ["a/one sandbox > overflow2"]


@pytest.mark.parametrize(
    ("stacks", "more", "said"),
    [
        pytest.param(RACK, {"pins": ["mas/orchestrater"]}, "pins: 'mas/orchestrater' is no service of the rack.", id="pin"),
        pytest.param(
            {"x": stack(services={"user": {"memory": "1G", "needs": ["a", "b"]}, **{name: {"memory": "1G", "address": ADDRESS} for name in "ab"}})},
            {},
            "x/a and x/b both give their address in API_URL",
            id="address",
        ),
        pytest.param({"x": stack(host="nowhere")}, {}, "'nowhere' is not a host of the rack", id="host"),
    ],
)
def test_a_wrong_inventory_is_refused(stacks: Json, more: Json, said: str) -> None:
    with pytest.raises(AnsibleFilterError, match="Cannot place services: ") as refused:
        proposed({"sandbox": "62G"}, stacks, **more)
    assert said in str(refused.value)


def test_a_search_that_would_not_end_says_what_would_shorten_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_TRIED", 2)
    with pytest.raises(AnsibleFilterError, match="Pin more services"):
        proposed({"sandbox": "30G", "overflow1": "24G", "overflow2": "16G"})


@given(st.lists(st.integers(1, 12), max_size=4), st.integers(4, 30), st.integers(4, 30))
def test_a_proposal_is_a_rack_that_the_plan_accepts(sizes: list[int], sandbox: int, overflow: int) -> None:
    services: Json = {"s%d" % number: {"memory": "%dG" % size} for number, size in enumerate(sizes)}
    memory = {"sandbox": sandbox * G, "overflow1": overflow * G}
    result = placement({"a": stack(services=services)}, list(memory), "1G", memory=memory)
    if result["fits"]:
        for move in result["moves"]:
            services[move["service"]]["host"] = move["to"]
        assert plan({"a": stack(services=services)}, reserve="1G", memory=memory)
    room = {"sandbox": sandbox - 1, "overflow1": overflow - 1}
    every_way = itertools.product(room, repeat=len(sizes))
    possible = any(all(sum(size for size, host in zip(sizes, way, strict=True) if host == name) <= room[name] for name in room) for way in every_way)
    assert result["fits"] == possible
