# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a killed mutant."""

from __future__ import annotations

import pytest

from tests.studies.mutants.score import Mutant, by_module, mutants, percent, table

RESULTS = """
    rack.plugins.module_utils._prune.keep.x_rules__mutmut_1: killed
    rack.plugins.module_utils._prune.keep.xǁRuleǁkeeps__mutmut_2: survived
    rack.plugins.module_utils._prune.plan.x_plan__mutmut_1: timeout
"""


def test_every_mutant_of_the_list_is_read_with_its_module() -> None:
    assert [(mutant.module, mutant.status) for mutant in mutants(RESULTS)] == [
        ("_prune.keep", "killed"),
        ("_prune.keep", "survived"),
        ("_prune.plan", "timeout"),
    ]


@pytest.mark.parametrize(
    ("status", "killed"),
    [("killed", True), ("timeout", True), ("survived", False), ("no tests", False), ("not checked", False), ("suspicious", False), ("segfault", False)],
)
def test_only_a_failing_or_endless_test_kills(status: str, killed: bool) -> None:
    assert Mutant("a.b.x_c__mutmut_1", status).killed is killed


def test_a_module_without_mutants_has_not_passed() -> None:
    assert percent(by_module(mutants(RESULTS), ["_prune.keep", "_other"])["_other"]) == 0


def test_the_table_counts_each_module_and_all() -> None:
    lines = [line.split() for line in table(by_module(mutants(RESULTS), ["_prune.keep", "_prune.plan"])).splitlines()]
    assert lines[1:] == [["_prune.keep", "2", "1", "1", "50.0"], ["_prune.plan", "1", "1", "0", "100.0"], ["all", "3", "2", "1", "66.7"]]
