# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a prune, over hundreds of random engines."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.plan import PrunePlan, make_plan

from tests.fakes.engine_state import ALL, AnyState

#: 300 states, some at a time: a test of its own for each would take longer than the states.
SEEDS = [range(first, first + 30) for first in range(0, 300, 30)]


def going(plan: PrunePlan) -> set[tuple[str, str]]:
    return {decision.target.key for decision in plan.decisions if decision.remove}


def users(target: DockerObject, among: list[DockerObject]) -> list[DockerObject]:
    """The objects that need ``target``, by whatever they call it."""
    return [user for user in among if any(need.kind == target.kind and need.name in target.handles for need in user.needs)]


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_in_any_state_nothing_that_is_wanted_goes_and_nothing_else_stays(seeds: range) -> None:
    for seed in seeds:
        state = AnyState(seed)
        plan = make_plan(state.objects, state.scope, state.rules)
        gone = going(plan)
        left = [target for target in state.objects if target.key not in gone]
        kept = {key for rule in state.rules for key in rule.kept(state.objects)}
        assert sorted(decision.target.key for decision in plan.decisions) == sorted(target.key for target in state.objects if target.kind in state.scope)
        for target in state.objects:
            wanted = bool(target.held) or target.key in kept or target.kind not in state.scope
            if target.key in gone:
                assert not wanted, (seed, target)
                assert not users(target, left), (seed, target)
            elif not target.needs:  # what needs others may stand in a circle
                assert wanted or users(target, left), (seed, target)


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_in_any_state_what_is_built_on_others_goes_in_a_wave_before_these(seeds: range) -> None:
    for seed in seeds:
        state = AnyState(seed)
        plan = make_plan(state.objects, state.scope, state.rules)
        for kind in ALL:
            waves = plan.waves(kind)
            assert [decision for wave in waves for decision in wave] == plan.removals(kind)
            place = {decision.target.key: number for number, wave in enumerate(waves) for decision in wave}
            going_ones = [decision.target for decision in plan.removals(kind)]
            for target in going_ones:
                for user in users(target, going_ones):
                    assert place[user.key] < place[target.key] or in_a_circle(target, user, going_ones), (seed, target, user)


def in_a_circle(target: DockerObject, user: DockerObject, objects: list[DockerObject]) -> bool:
    """Whether ``target`` needs its ``user`` in turn, if over others."""
    reached, waiting = {user.key}, [user]
    while waiting:
        found = [above for above in users(waiting.pop(), objects) if above.key not in reached]
        reached |= {above.key for above in found}
        waiting += found
    return target.key in reached


@pytest.mark.parametrize("seed", range(20))
def test_the_order_in_which_the_engine_lists_things_changes_nothing(seed: int) -> None:
    state = AnyState(seed)
    plan = make_plan(state.objects, ALL, state.rules)
    state.chance.shuffle(state.objects)
    assert make_plan(state.objects, ALL, state.rules) == plan
