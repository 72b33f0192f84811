# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stays without anybody's wish: volumes with data, cache within its budget, everything on a disk with room."""

from __future__ import annotations

import dataclasses
import random
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DockerObject, Need
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.guards import (
    CacheBudget,
    KeepAnonymousVolumes,
    KeepBelowThreshold,
    KeepIrreplaceable,
    KeepNamedVolumes,
    KeepWithinBudget,
)
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep import KeepRegex, Rule
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.plan import make_plan

NOW = 1_000_000
DAY = 86400
ROOMY = Disk("/d", total=100, used=10, free=90)
FULL = Disk("/d", total=100, used=90, free=10)


def volume(name: str, anonymous: bool = True, since: int | None = None) -> DockerObject:
    return DockerObject("volumes", name, (name,), anonymous=anonymous, unused_since=since)


def record(name: str, size: int = 10, used: int = 0, parents: t.Sequence[str] = (), **more: t.Any) -> DockerObject:
    return DockerObject("build_cache", name, ("step",), size=size, used=used, needs=tuple(Need("build_cache", parent) for parent in parents), **more)


@pytest.mark.parametrize(
    ("found", "given", "kept"),
    [
        pytest.param(volume("data", anonymous=False), (), True, id="named"),
        pytest.param(volume("data", anonymous=False), ("data",), False, id="named, and given"),
        pytest.param(volume("data2", anonymous=False), ("data",), True, id="named like the given one"),
        pytest.param(volume("f00d"), (), False, id="anonymous"),
    ],
)
def test_a_volume_with_a_name_stays_unless_it_is_given(found: DockerObject, given: tuple[str, ...], kept: bool) -> None:
    assert KeepNamedVolumes(given=given).keeps(found) is kept


def test_a_given_volume_that_is_not_there_is_told() -> None:
    assert KeepNamedVolumes(given=("data", "dtaa")).unmatched([volume("data", anonymous=False)]) == ["dtaa"]


@pytest.mark.parametrize(
    ("found", "more", "kept"),
    [
        pytest.param(volume("v", since=NOW - DAY), {}, False, id="alone for the whole grace"),
        pytest.param(volume("v", since=NOW - DAY + 1), {}, True, id="a second too early"),
        pytest.param(volume("v", since=None), {}, True, id="alone since now"),
        pytest.param(volume("v", since=NOW), {"given": ("v",)}, False, id="given by name"),
        pytest.param(volume("v", since=0), {"wanted": False}, True, id="not asked for"),
        pytest.param(volume("v", anonymous=False, since=0), {}, False, id="a named one is another rule's"),
    ],
)
def test_an_anonymous_volume_stays_for_its_grace(found: DockerObject, more: dict[str, t.Any], kept: bool) -> None:
    assert KeepAnonymousVolumes("1d", now=NOW, **more).keeps(found) is kept


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (KeepNamedVolumes(), "it has a name"),
        (KeepAnonymousVolumes("1d"), "it has not been without a container for 1d yet"),
        (KeepAnonymousVolumes("1d", wanted=False), "anonymous volumes were not asked for"),
    ],
    ids=str,
)
def test_why_a_volume_stays(rule: Rule, reason: str) -> None:
    assert str(rule) == reason


def lasting(since: int | None, why: str = "its own layer holds 3M") -> DockerObject:
    return DockerObject("containers", "c", ("c",), irreplaceable=why, unused_since=since)


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        pytest.param(lasting(NOW - DAY), False, id="unused for the whole grace"),
        pytest.param(lasting(NOW - DAY + 1), True, id="a second too early"),
        pytest.param(lasting(None), True, id="not seen before"),
        pytest.param(lasting(None, why=""), False, id="can be had again"),
    ],
)
def test_what_nothing_could_bring_back_stays_for_its_grace(found: DockerObject, kept: bool) -> None:
    (decision,) = make_plan([found], ["containers"], [KeepIrreplaceable("1d", NOW)]).decisions
    assert decision.remove is not kept
    since = NOW if found.unused_since is None else int(found.unused_since)
    assert (decision.reason, decision.until) == (("its own layer holds 3M, and it has not been unused for 1d yet", since + DAY) if kept else ("it is ", None))


def test_what_stays_for_another_reason_does_not_wait_for_a_grace() -> None:
    rules: list[Rule] = [KeepRegex("c"), KeepIrreplaceable("1d", NOW), KeepAnonymousVolumes("1d", NOW, wanted=False)]
    plan = make_plan([lasting(NOW), volume("v", since=NOW)], ["containers", "volumes"], rules)
    assert (len(plan.keeps("containers")), len(plan.keeps("volumes")), plan.waiting) == (1, 1, [])


def test_no_grace_is_none() -> None:
    assert not KeepAnonymousVolumes("0", now=NOW).keeps(volume("v", since=None))


@pytest.mark.parametrize(
    ("disk", "kept"), [pytest.param(ROOMY, True, id="below"), pytest.param(FULL, False, id="reached"), pytest.param(None, True, id="not known")]
)
def test_below_the_threshold_everything_stays(disk: Disk | None, kept: bool) -> None:
    found = [volume("v"), record("r")]
    assert bool(KeepBelowThreshold("80%", disk).kept(found)) is kept


def test_the_reason_tells_the_state_of_the_disk() -> None:
    assert KeepBelowThreshold("80%", ROOMY).kept([volume("v")]) == {("volumes", "v"): str(KeepBelowThreshold("80%", ROOMY))}
    assert str(KeepBelowThreshold("80%", ROOMY)) == "the disk of /d is 10% full (10B of 100B), and only_if_disk_used is 80%"
    assert str(KeepBelowThreshold("80%", None)) == "the disk cannot be measured from here, and only_if_disk_used is 80%"


def going(records: list[DockerObject], disk: Disk | None = None, **bounds: int) -> list[str]:
    plan = make_plan(records, ["build_cache"], [KeepWithinBudget(budget=CacheBudget(**bounds), disk=disk)])
    return sorted(decision.target.id for decision in plan.removals("build_cache"))


OLD_TO_NEW = [record("a", used=1), record("b", used=2), record("c", used=3)]


@pytest.mark.parametrize(
    ("bounds", "disk", "gone"),
    [
        pytest.param({"max_used": 30}, None, [], id="within the most"),
        pytest.param({"max_used": 29}, None, ["a"], id="one byte too many takes the oldest"),
        pytest.param({"max_used": 10}, None, ["a", "b"], id="until it fits"),
        pytest.param({"max_used": 0}, None, ["a", "b", "c"], id="nothing may stay"),
        pytest.param({"reserved": 15}, None, ["a"], id="a reserve alone: the rest goes, never below it"),
        pytest.param({"reserved": 30}, None, [], id="all of it is reserved"),
        pytest.param({"reserved": 20, "max_used": 5}, None, ["a"], id="the reserve is stronger than the most"),
        pytest.param({"min_free": 10}, FULL, [], id="enough is free"),
        pytest.param({"min_free": 11}, FULL, ["a"], id="a byte is missing"),
        pytest.param({"min_free": 25}, FULL, ["a", "b"], id="until so much is free"),
        pytest.param({"min_free": 99}, None, [], id="a disk that is not known has room"),
        pytest.param({"min_free": 11, "max_used": 10}, FULL, ["a", "b"], id="both bounds hold"),
    ],
)
def test_what_was_longest_without_use_goes_until_the_bounds_hold(bounds: dict[str, int], disk: Disk | None, gone: list[str]) -> None:
    assert going(OLD_TO_NEW, disk, **bounds) == gone


def test_a_record_is_as_fresh_as_what_is_built_on_it() -> None:
    records = [record("base", used=1), record("top", used=9, parents=["base"]), record("other", used=5)]
    assert going(records, max_used=20) == ["other"]
    assert going(records, max_used=10) == ["other", "top"]


def test_of_a_chain_that_was_used_at_once_the_top_goes_first() -> None:
    chain = [record("a"), record("b", parents=["a"]), record("c", parents=["b"])]
    assert going(chain, max_used=20) == ["c"]
    assert going(chain, max_used=10) == ["b", "c"]


def test_a_parent_that_is_gone_does_not_hide_the_next() -> None:
    records = [record("base", used=1), record("top", used=9, parents=["gone", "base"]), record("other", used=5)]
    assert going(records, max_used=20) == ["other"]


def test_what_was_never_used_goes_before_all_else() -> None:
    assert going([record("a", used=1), dataclasses.replace(record("b"), used=None)], max_used=10) == ["b"]


def test_a_record_of_no_size_takes_no_room() -> None:
    assert going([record("a", used=1), record("b", size=0, used=2)], max_used=10) == []


def test_what_images_hold_as_well_neither_counts_nor_goes() -> None:
    assert going([record("a", used=1, shared=10), record("b", used=2), record("c", used=3)], max_used=10) == ["b"]


def test_what_a_build_uses_counts_but_stays() -> None:
    assert going([record("a", used=1, held="a build uses it"), record("b", used=2), record("c", used=3)], max_used=10) == ["b", "c"]


def test_a_record_of_no_size_does_not_hold_on_to_what_it_is_built_on() -> None:
    assert going([record("base", size=50, used=1), record("note", size=0, used=1, parents=["base"]), record("c", used=3)], max_used=10) == ["base", "note"]


def test_a_circle_of_parents_does_not_hang_it() -> None:
    assert going([record("a", parents=["b"]), record("b", parents=["a"]), record("c", parents=["c"])], max_used=0) == ["a", "b", "c"]


def test_the_reason_names_the_bounds() -> None:
    assert str(KeepWithinBudget(budget=CacheBudget(min_free=1024))) == "build cache budget (min_free 1K)"
    rule = KeepWithinBudget(budget=CacheBudget(reserved=1024, max_used=2048))
    assert rule.kept([record("a")]) == {("build_cache", "a"): "build cache budget (reserved 1K, max_used 2K): it is within the bounds"}
    assert rule.kept([record("a", shared=10)]) == {
        ("build_cache", "a"): "build cache budget (reserved 1K, max_used 2K): images hold it, removing it frees nothing"
    }


@pytest.mark.parametrize("seed", range(100))
def test_no_budget_is_ever_undercut_and_no_record_goes_too_many(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (a repeatable test, no secret)
    records: list[DockerObject] = []
    for number in range(chance.randrange(12)):
        parents = chance.sample([below.id for below in records], min(len(records), chance.randrange(3)))
        records.append(record("r%d" % number, size=chance.randrange(1, 30), used=chance.randrange(6), parents=parents))
    reserved, most = chance.randrange(60), chance.randrange(120)
    gone = set(going(records, reserved=reserved, max_used=most))
    left = sum(found.size or 0 for found in records if found.id not in gone)
    total = sum(found.size or 0 for found in records)
    assert left >= min(total, reserved)
    if gone:
        assert total > most, "nothing goes that fits"
        assert left + max(found.size or 0 for found in records if found.id in gone) > most, "nothing goes too many"
    for found in records:
        if found.id not in gone:
            assert not any(need.name in gone for need in found.needs)
