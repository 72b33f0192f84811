# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of docker_prune ask for, and what they must not."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.guards import (
    CacheBudget,
    KeepAnonymousVolumes,
    KeepBelowThreshold,
    KeepIrreplaceable,
    KeepNamedVolumes,
    KeepWithinBudget,
)
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep import KeepNewerThan, KeepProject, KeepRollback
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.request import PRUNE_OPTIONS, PruneRequest, prune_request
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.snapshot import SnapshotRequest

DISK = Disk("/d", total=100, used=50, free=50)
RECORD = "/var/lib/mycosoft-rack/unused_since.json"
BUDGET = {"build_cache_policy": "budget"}
UNKNOWN = "Cannot see how full the engine's disk is, which %s asks for: it is on another machine, or not to be read."


def request(**options: t.Any) -> PruneRequest:
    """As Ansible hands the options over: with the defaults of the others."""
    defaults = {name: spec.get("default") for name, spec in PRUNE_OPTIONS.items()}
    return prune_request({**defaults, "docker_host": "unix:///var/run/docker.sock", **options})


def test_without_options_all_but_volumes_is_in_scope_and_volumes_are_guarded_all_the_same() -> None:
    asked = request()
    assert asked.scope == ("containers", "images", "networks", "build_cache")
    assert asked.rules(None, 9) == [KeepNamedVolumes(), KeepAnonymousVolumes("7d", wanted=False, now=9), KeepRollback("pinned"), KeepIrreplaceable("7d", 9)]
    assert asked.warnings(None) == []
    assert asked.max_delete == {}


@pytest.mark.parametrize(
    ("options", "scope", "rules"),
    [
        pytest.param({"volumes": True}, True, [KeepNamedVolumes(), KeepAnonymousVolumes("7d", now=9)], id="anonymous ones"),
        pytest.param(
            {"named_volumes": ["a", "b"], "remove_named_volumes": True},
            True,
            [KeepNamedVolumes(given=("a", "b")), KeepAnonymousVolumes("7d", 9, ("a", "b"), wanted=False)],
            id="named ones",
        ),
        pytest.param({"remove_named_volumes": True}, False, [KeepNamedVolumes(), KeepAnonymousVolumes("7d", wanted=False, now=9)], id="a switch alone"),
    ],
)
def test_volumes_go_only_as_far_as_asked(options: dict[str, t.Any], scope: bool, rules: list[object]) -> None:
    asked = request(**options)
    assert ("volumes" in asked.scope) is scope
    assert asked.rules(None, 9)[:2] == rules


def test_the_disk_comes_first_and_the_budget_last_and_wishes_know_the_time() -> None:
    asked = request(only_if_disk_used="80%", keep_projects=["mas"], keep_newer_than="1h", keep_rollback=False, build_cache_max_used="1k", **BUDGET)
    assert asked.rules(DISK, 9) == [
        KeepBelowThreshold("80%", DISK),
        KeepNamedVolumes(),
        KeepAnonymousVolumes("7d", wanted=False, now=9),
        KeepProject("mas"),
        KeepNewerThan("1h", 9),
        KeepIrreplaceable("7d", 9),
        KeepWithinBudget(budget=CacheBudget(max_used=1024), disk=DISK),
    ]


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        pytest.param({}, "containers images", id="volumes not asked for"),
        pytest.param({"volumes": True}, "containers images volumes", id="anonymous volumes"),
        pytest.param({"volumes": True, "volumes_grace": "0"}, "containers images", id="no grace of volumes to remember"),
        pytest.param({"volumes": True, "irreplaceable_grace": "0"}, "volumes", id="no grace of others to remember"),
        pytest.param({"named_volumes": ["a"], "remove_named_volumes": True}, "containers images", id="named ones have no grace"),
        pytest.param({"containers": False, "images": False}, "", id="nothing that has one"),
    ],
)
def test_a_record_is_kept_where_a_grace_needs_it(options: dict[str, t.Any], kinds: str) -> None:
    asked = request(**options)
    assert (asked.graces, asked.record) == (tuple(kinds.split()), RECORD)


def test_what_is_read_follows_from_what_is_asked() -> None:
    assert request().to_read == SnapshotRequest(("containers", "images", "networks", "build_cache"), graces=("containers", "images"), record=RECORD)
    asked = request(
        containers=False, images=False, networks=False, volumes=True, keep_projects=["mas"], keep_used_within="1h", wait_for_builds=5, busy_timeout=7
    )
    assert asked.to_read == SnapshotRequest(("volumes", "build_cache"), last_use=True, graces=("volumes",), record=RECORD, projects=("mas",), wait_for_builds=5)
    assert asked.busy_timeout == 7


@pytest.mark.parametrize(("address", "local"), [("unix:///run/docker.sock", True), ("tcp://host:2376", False), ("ssh://me@host", False)])
def test_only_an_engine_behind_a_socket_file_is_on_this_machine(address: str, local: bool) -> None:
    assert request(docker_host=address).local is local


def test_all_bounds_of_a_budget_are_read() -> None:
    asked = request(build_cache_reserved="1k", build_cache_max_used="2k", build_cache_min_free="3k", **BUDGET)
    assert asked.budget == CacheBudget(reserved=1024, max_used=2048, min_free=3072)


def test_limits_on_what_goes_are_handed_on() -> None:
    assert request(max_delete={"images": 3}).max_delete == {"images": 3}


NEEDS_DISK: list[t.Any] = [
    pytest.param({"only_if_disk_used": "80%"}, "only_if_disk_used", id="threshold"),
    pytest.param({"build_cache_min_free": "0", **BUDGET}, "build_cache_min_free", id="free bytes"),
    pytest.param({"only_if_disk_used": "1G", "build_cache_min_free": "1k", **BUDGET}, "only_if_disk_used and build_cache_min_free", id="both"),
]


@pytest.mark.parametrize(("options", "named"), NEEDS_DISK)
def test_a_disk_that_is_needed_and_not_known_is_refused(options: dict[str, t.Any], named: str) -> None:
    asked = request(**options)
    message = UNKNOWN % named + " Run the module on the engine's own machine, leave these options out, or set disk_unknown to warn."
    with pytest.raises(InvalidInput, match="^%s$" % re.escape(message)):
        asked.rules(None, 0)
    assert asked.rules(DISK, 0)
    assert asked.warnings(DISK) == []


@pytest.mark.parametrize(("options", "named"), NEEDS_DISK)
def test_or_warned_about(options: dict[str, t.Any], named: str) -> None:
    asked = request(disk_unknown="warn", **options)
    assert asked.rules(None, 0)
    assert asked.warnings(None) == [UNKNOWN % named + " So nothing is removed for their sake."]
    assert asked.warnings(DISK) == []


def test_a_disk_that_nobody_needs_may_be_unknown() -> None:
    assert request(build_cache_reserved="1k", **BUDGET).warnings(None) == []


BOUNDS = "build_cache_reserved, build_cache_max_used, build_cache_min_free"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"named_volumes": ["a", "b"]},
            "Cannot remove the volumes a, b: named_volumes names them, but remove_named_volumes does not confirm it, and their data "
            "would be gone for good. Set remove_named_volumes to true if that is what you want.",
            id="named volumes without the switch",
        ),
        pytest.param({"volumes_grace": "x"}, "Cannot use volumes_grace: 'x' is no span of time. Write for example 7d, 36h or 1d12h.", id="no span of time"),
        pytest.param(
            {"irreplaceable_grace": "x"}, "Cannot use irreplaceable_grace: 'x' is no span of time. Write for example 7d, 36h or 1d12h.", id="no span either"
        ),
        pytest.param({"only_if_disk_used": "x%"}, "Cannot use only_if_disk_used: 'x%' is no share of a disk. Write for example 80% or 40G.", id="no share"),
        pytest.param({"build_cache_max_used": "x", **BUDGET}, "Cannot use build_cache_max_used: 'x' is not a size. Write for example 16G.", id="no size"),
        pytest.param(BUDGET, "Cannot keep build cache within a budget: no bound is given. Give one of %s." % BOUNDS, id="a budget without bounds"),
        pytest.param(
            {"build_cache_reserved": "1k", "build_cache_max_used": "1k"},
            "Cannot keep build cache within build_cache_reserved, build_cache_max_used: build_cache_policy is full, which removes all of it. "
            "Set build_cache_policy to budget.",
            id="bounds without a budget",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InvalidInput, match="^%s$" % re.escape(message)):
        request(**options)
