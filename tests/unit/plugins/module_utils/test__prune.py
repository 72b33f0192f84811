# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a prune, decided without an engine."""

from __future__ import annotations

import dataclasses
import random
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker_objects import KINDS, DockerObject, Need
from ansible_collections.mycosoft.rack.plugins.module_utils._keep import KeepImage, KeepLabel, KeepNetwork, KeepProject, Rule
from ansible_collections.mycosoft.rack.plugins.module_utils._prune import Plan, make_plan

MAS = {"com.docker.compose.project": "mas"}
ALL = tuple(KINDS)


def container(name: str, state: str = "exited", image: str = "", networks: t.Sequence[str] = (), **more: t.Any) -> DockerObject:
    needs = (Need("images", image), *(Need("networks", network) for network in networks))
    held = "" if state == "exited" else "it is %s" % state
    return DockerObject("containers", "c-" + name, (name,), state=state, needs=needs, held=held, **more)


def image(name: str, parent: str = "", **more: t.Any) -> DockerObject:
    needs = (Need("images", parent),) if parent else ()
    return DockerObject("images", "i-" + name, more.pop("names", (name + ":1",)), needs=needs, **more)


def network(name: str, template: str = "", **more: t.Any) -> DockerObject:
    needs = (Need("networks", template),) if template else ()
    return DockerObject("networks", more.pop("id", "n-" + name), (name,), needs=needs, **more)


def record(name: str, parents: t.Sequence[str] = (), **more: t.Any) -> DockerObject:
    return DockerObject("build_cache", name, ("step",), needs=tuple(Need("build_cache", parent) for parent in parents), **more)


def going(plan: Plan) -> list[str]:
    return [decision.target.id for decision in plan.decisions if decision.remove]


def staying(plan: Plan) -> dict[str, str]:
    return {decision.target.id: decision.reason for decision in plan.decisions if not decision.remove}


@pytest.mark.parametrize(
    ("objects", "rules", "gone"),
    [
        pytest.param([container("a")], [], ["c-a"], id="stopped container"),
        pytest.param([container("a", "running")], [], [], id="running container"),
        pytest.param([container("a", labels=MAS)], [KeepProject("mas")], [], id="stopped container of a kept project"),
        pytest.param([container("a", labels=MAS), container("b")], [KeepProject("mas")], ["c-b"], id="only the project's own"),
        pytest.param([container("a", labels={"k": "v"}), container("b", labels=MAS)], [KeepLabel("k"), KeepProject("mas")], [], id="rules are OR-ed"),
        pytest.param([container("a", image="i-x"), image("x")], [], ["c-a", "i-x"], id="image of a container that goes"),
        pytest.param([container("a", "running", "i-x"), image("x")], [], [], id="image of a running container"),
        pytest.param([container("a", image="i-x", labels=MAS), image("x")], [KeepProject("mas")], [], id="image of a stopped container that is kept"),
        pytest.param([container("a", "running", "i-x"), container("b", image="i-x"), image("x")], [], ["c-b"], id="image of one that goes and one that stays"),
        pytest.param([image("x"), image("y")], [KeepImage("x:1")], ["i-y"], id="image kept by reference"),
        pytest.param([image("x", names=(), labels=MAS)], [KeepProject("mas")], ["i-x"], id="replaced build of a kept project"),
        pytest.param([container("a", "running", "i-x", labels=MAS), image("x", names=(), labels=MAS)], [], [], id="replaced build that still runs"),
        pytest.param([network("x"), container("a", "running", networks=["n-x"])], [], [], id="network by id"),
        pytest.param([network("x"), container("a", networks=["x"], labels=MAS)], [KeepProject("mas")], [], id="network of a stopped container by name"),
        pytest.param([network("x"), network("x", id="n-2"), container("a", "running", networks=["x"])], [], [], id="two networks of one name"),
        pytest.param([network("x"), network("y")], [KeepNetwork("x")], ["n-y"], id="network kept by name"),
        pytest.param([network("x", "y"), network("y"), container("a", "running", networks=["x"])], [], [], id="template of a network in use"),
        pytest.param([network("a"), network("b", "a")], [], ["n-b", "n-a"], id="a network before its template"),
        pytest.param([record("a"), record("b", held="a build uses it")], [], ["a"], id="build cache"),
        pytest.param([record("a"), record("b", ["a"], held="a build uses it")], [], [], id="parent of build cache in use"),
    ],
)
def test_what_goes(objects: list[DockerObject], rules: list[Rule], gone: list[str]) -> None:
    assert going(make_plan(objects, ALL, rules)) == gone


def test_images_go_newest_first_and_children_before_parents_whatever_their_age() -> None:
    objects = [image("old", created=1), image("new", created=9), image("base", created=8), image("mid", "i-base", created=8), image("top", "i-mid", created=2)]
    assert going(make_plan(objects, ALL, [])) == ["i-top", "i-mid", "i-new", "i-base", "i-old"]


def test_a_kept_image_keeps_the_whole_chain_below_it() -> None:
    objects = [image("base"), image("mid", "i-base", names=()), image("top", "i-mid")]
    assert staying(make_plan(objects, ALL, [KeepImage("top:1")])) == {
        "i-top": "keep_images: top:1",
        "i-mid": "image top:1 needs it",
        "i-base": "image i-mid needs it",
    }


def test_kinds_out_of_scope_are_not_decided_on_but_keep_what_they_need() -> None:
    plan = make_plan([container("a", image="i-x"), image("x"), image("y")], ["images"], [])
    assert going(plan) == ["i-y"]
    assert staying(plan) == {"i-x": "container a (exited) needs it"}


def test_the_first_reason_is_what_the_engine_says_then_the_rule() -> None:
    plan = make_plan([container("a", "running", labels=MAS), container("b", labels=MAS)], ALL, [KeepProject("mas"), KeepLabel("com.docker.compose.project")])
    assert staying(plan) == {"c-a": "it is running", "c-b": "keep_projects: mas"}


def test_a_rule_counts_as_matched_when_what_it_keeps_is_in_use_anyway() -> None:
    objects = [container("a", "running", labels=MAS)]
    rules = [KeepProject("mas"), KeepProject("msa"), KeepNetwork("x")]
    assert make_plan(objects, ALL, rules).unmatched == (("keep_projects", "msa"), ("keep_networks", "x"))


def test_a_rule_about_a_kind_out_of_scope_is_not_called_unmatched() -> None:
    assert make_plan([], ["images"], [KeepNetwork("x"), KeepImage("y")]).unmatched == (("keep_images", "y"),)


def test_a_circle_of_needs_does_not_hang_the_plan() -> None:
    assert sorted(going(make_plan([image("x", "i-y"), image("y", "i-x")], ALL, []))) == ["i-x", "i-y"]


def any_state(chance: random.Random) -> tuple[list[DockerObject], list[Rule]]:
    """A random engine of up to 40 objects, with every relation that there is, and some rules."""

    def some(kind: str, make: t.Callable[[str], DockerObject]) -> list[DockerObject]:
        return [dataclasses.replace(make("%s%d" % (kind, n)), labels=chance.choice([{}, {}, MAS, {"tier": "db"}])) for n in range(chance.randrange(11))]

    images = some(
        "i", lambda name: image(name, chance.choice(["", "", "i-i0", "i-i1"]), names=chance.choice([(), (name + ":1",)]), created=chance.randrange(3))
    )
    networks = some("n", lambda name: network(name, chance.choice(["", "", "", "n0"]), held=chance.choice(["", "", "it is the engine's own"])))
    used = [candidate.id for candidate in images] or [""]
    joined = [candidate.name for candidate in networks] or [""]
    states = ["exited", "exited", "running"]
    containers = some("c", lambda name: container(name, chance.choice(states), chance.choice(used), chance.sample(joined, 1)))
    cache = some("r", lambda name: record(name, ["r0"] if name != "r0" else [], held=chance.choice(["", "", "a build uses it"])))
    rules: list[Rule] = [KeepProject("mas"), KeepLabel("tier=db"), KeepImage("i1:1"), KeepNetwork("n[2-4]"), KeepProject("none")]
    objects = [*containers, *images, *networks, *cache]
    chance.shuffle(objects)
    return objects, chance.sample(rules, chance.randrange(len(rules)))


@pytest.mark.parametrize("seed", range(300))
def test_in_any_state_nothing_that_is_needed_goes_and_nothing_else_stays(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (a repeatable test, no secret)
    objects, rules = any_state(chance)
    scope = chance.sample(ALL, chance.randrange(1, len(ALL) + 1))
    plan = make_plan(objects, scope, rules)
    gone = set(going(plan))
    assert {decision.target.id for decision in plan.decisions} == {candidate.id for candidate in objects if candidate.kind in scope}
    left = [candidate for candidate in objects if candidate.id not in gone]
    needed = {(need.kind, need.name) for candidate in left for need in candidate.needs}
    for candidate in objects:
        wanted = bool(candidate.held) or any(rule.keeps(candidate) for rule in rules) or any((candidate.kind, name) in needed for name in candidate.handles)
        if candidate.id in gone:
            assert not wanted, candidate
        elif candidate.kind in scope and not candidate.needs:  # what needs others may stand in a circle
            assert wanted, candidate
    order = going(plan)
    for candidate in objects:
        for need in candidate.needs:
            if candidate.kind == need.kind == "images" and {candidate.id, need.name} <= gone and candidate.id != need.name:
                back = next((other for other in objects if other.id == need.name), candidate)
                if not any(step.name == candidate.id for step in back.needs):
                    assert order.index(candidate.id) < order.index(need.name)


@pytest.mark.parametrize("seed", range(20))
def test_the_order_in_which_the_engine_lists_things_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (a repeatable test, no secret)
    objects, rules = any_state(chance)
    plan = make_plan(objects, ALL, rules)
    chance.shuffle(objects)
    assert make_plan(objects, ALL, rules) == plan
