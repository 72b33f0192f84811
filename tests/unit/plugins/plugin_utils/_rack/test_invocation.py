# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that would leave out steps, or reach no server, is refused: Ansible would end it with 0."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.invocation import Invocation, checked_group

GROUPS = {"rack": ["sandbox", "overflow1"], "all": ["sandbox", "overflow1", "edge"]}


@pytest.mark.parametrize(
    ("options", "reached"),
    [
        pytest.param({}, GROUPS["all"], id="as it is meant"),
        pytest.param({"only": ["all"]}, ["sandbox"], id="one server"),
        pytest.param({"only": ["untagged"], "skip": ["always", "slow"]}, GROUPS["rack"], id="tags that leave nothing out"),
    ],
)
def test_a_run_that_does_all_steps_has_the_group(options: dict[str, Any], reached: list[str]) -> None:
    assert checked_group(GROUPS, reached, Invocation(**options)) == "rack"


@pytest.mark.parametrize(
    ("groups", "reached", "options", "why"),
    [
        pytest.param(GROUPS, GROUPS["rack"], {"only": ["deploy"]}, "--tags deploy leaves out every step", id="tags"),
        pytest.param(GROUPS, GROUPS["rack"], {"only": ["always", "tagged"]}, "--tags always,tagged leaves out every step", id="tags of Ansible"),
        pytest.param(GROUPS, GROUPS["rack"], {"skip": ["untagged"]}, "--skip-tags untagged leaves out every step", id="skip untagged"),
        pytest.param(GROUPS, GROUPS["rack"], {"skip": ["all"]}, "--skip-tags all leaves out every step", id="skip all"),
        pytest.param(GROUPS, GROUPS["rack"], {"start_at": "Clear*"}, "--start-at-task Clear* leaves out the checks", id="start at"),
        pytest.param(GROUPS, GROUPS["rack"], {"step": True}, "--step leaves out each task that is not confirmed", id="step"),
        pytest.param({"all": ["edge"]}, ["edge"], {}, "no server in the group rack", id="no group"),
        pytest.param({"rack": []}, [], {}, "no server in the group rack", id="an empty group"),
        pytest.param(GROUPS, ["edge"], {"limit": "edge"}, "--limit edge names none of its servers (sandbox, overflow1)", id="a limit beside the rack"),
    ],
)
def test_a_run_that_would_do_nothing_or_a_part_is_refused(groups: dict[str, list[str]], reached: list[str], options: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_group(groups, reached, Invocation(**options))
    assert why in str(refused.value)


def test_all_reasons_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_group({}, [], Invocation(only=("deploy",), step=True))
    assert [word for word in ("--tags deploy", "--step", "the group rack") if word not in str(refused.value)] == []
