# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a prune, decided without an engine."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep import KeepImage, KeepLabel, KeepNetwork, KeepProject, Rule
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.plan import PrunePlan, make_plan

from tests.fakes.engine_state import ALL, MAS, container, image, network, record, volume


def going(plan: PrunePlan) -> list[str]:
    return [decision.target.id for decision in plan.decisions if decision.remove]


def staying(plan: PrunePlan) -> dict[str, str]:
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
        pytest.param([container("a", image="i-x"), image("x"), network("y"), volume("z")], [], ["c-a", "i-x", "n-y", "z"], id="one kind after the other"),
        pytest.param([volume("x"), volume("y"), container("a", "running", volumes=["x"])], [], ["y"], id="volume of a running container"),
        pytest.param([volume("x"), container("a", volumes=["x"], labels=MAS)], [KeepProject("mas")], [], id="volume of a stopped container that is kept"),
        pytest.param([volume("x"), container("a", volumes=["x"])], [], ["c-a", "x"], id="volume of a container that goes"),
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
    assert going(make_plan([image("x", "i-y"), image("y", "i-x"), image("top", "i-x")], ALL, [])) == ["i-top", "i-x", "i-y"]


def test_what_is_built_on_something_that_is_gone_by_now_has_nothing_below_it() -> None:
    assert waves(make_plan([image("x", "i-gone"), image("y")], ALL, []), "images") == [["i-x", "i-y"]]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        pytest.param(container("a"), "it is exited", id="container"),
        pytest.param(image("x"), "no container that stays uses it", id="image"),
        pytest.param(image("x", names=()), "it has no tag, and no container that stays uses it", id="image without a tag"),
        pytest.param(network("x"), "no container that stays refers to it", id="network"),
        pytest.param(volume("x"), "no container that stays refers to it", id="volume"),
        pytest.param(record("x"), "no build uses it", id="build cache"),
        pytest.param(DockerObject("networks", "n"), "no container that stays refers to it", id="only images have tags"),
    ],
)
def test_why_it_goes(target: DockerObject, reason: str) -> None:
    assert [decision.reason for decision in make_plan([target], ALL, []).removals(target.kind)] == [reason]


def test_what_needs_it_is_named_with_its_state_where_it_has_one() -> None:
    plan = make_plan([network("x", "y"), network("y"), container("a", "running", networks=["x"])], ALL, [])
    assert staying(plan) == {"c-a": "it is running", "n-x": "container a (running) needs it", "n-y": "network x needs it"}


def test_only_images_go_by_age() -> None:
    assert going(make_plan([container("a", created=1), container("b", created=9)], ALL, [])) == ["c-a", "c-b"]


def test_an_image_that_does_not_say_when_it_was_built_goes_last() -> None:
    assert going(make_plan([image("a"), image("b", created=1)], ALL, [])) == ["i-b", "i-a"]


def test_things_of_one_name_go_in_the_order_of_their_ids() -> None:
    assert going(make_plan([network("x", id="n-2"), network("x", id="n-1")], ALL, [])) == ["n-1", "n-2"]


def test_the_plan_is_asked_by_kind() -> None:
    plan = make_plan([container("a"), container("b", "running"), image("x"), image("y")], ALL, [KeepImage("y:1")])
    assert [decision.target.id for decision in plan.removals("containers")] == ["c-a"]
    assert [decision.target.id for decision in plan.keeps("containers")] == ["c-b"]
    assert [decision.target.id for decision in plan.removals("images")] == ["i-x"]
    assert [decision.target.id for decision in plan.keeps("images")] == ["i-y"]


def waves(plan: PrunePlan, kind: str) -> list[list[str]]:
    return [[decision.target.id for decision in wave] for wave in plan.waves(kind)]


def test_a_wave_holds_what_does_not_need_each_other() -> None:
    objects = [image("base"), image("left", "i-base"), image("right", "i-base"), image("top", "i-left"), image("single")]
    assert waves(make_plan(objects, ALL, []), "images") == [["i-top"], ["i-left", "i-right"], ["i-base", "i-single"]]


def test_what_can_be_reached_in_two_ways_goes_after_both() -> None:
    records = [record("top", ["left", "base"]), record("left", ["base"]), record("base")]
    assert waves(make_plan(records, ALL, []), "build_cache") == [["top"], ["left"], ["base"]]


def test_needs_of_other_kinds_make_no_wave() -> None:
    plan = make_plan([container("b", image="i-x", networks=["n-y"]), container("a"), image("x"), network("y")], ALL, [])
    assert waves(plan, "containers") == [["c-a", "c-b"]]


def test_what_stays_is_in_no_wave() -> None:
    assert make_plan([image("x")], ALL, [KeepImage("x:1")]).waves("images") == []


def test_sizes_that_are_measured_later_change_nothing_else() -> None:
    plan = make_plan([volume("x"), volume("y", size=5), volume("z")], ALL, [KeepProject("none")])
    measured = plan.measured({("volumes", "x"): 7, ("volumes", "z"): 0})
    assert [(decision.target.id, decision.target.size) for decision in measured.decisions] == [("x", 7), ("y", 5), ("z", 0)]
    assert measured.unmatched == (("keep_projects", "none"),)
    assert [decision.reason for decision in measured.decisions] == [decision.reason for decision in plan.decisions]
