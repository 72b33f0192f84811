# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a host swaps."""

from __future__ import annotations

import mmap
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._host.swap import SwapCounters, SwapRate, rate, read_counters, recorded
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import Machine, StandingKernel

BEFORE = SwapCounters("boot", 1000.0, 5000, 300)

COMPARED: dict[str, tuple[SwapCounters | None, SwapRate | None]] = {
    "ten seconds later": (SwapCounters("boot", 1010.0, 25000, 300), SwapRate(2000, 0, 10.0)),
    "nothing happened": (SwapCounters("boot", 1000.5, 5000, 300), SwapRate(0, 0, 0.5)),
    "the same moment": (SwapCounters("boot", 1000.0, 5000, 300), None),
    "another start of the host": (SwapCounters("other", 1010.0, 25000, 300), None),
    "an earlier moment": (SwapCounters("boot", 900.0, 25000, 300), None),
    "counters that went back": (SwapCounters("boot", 1010.0, 4000, 300), None),
    "unknown": (None, None),
}


@pytest.mark.parametrize(("after", "expected"), COMPARED.values(), ids=COMPARED)
def test_a_rate_needs_two_moments_of_one_start_of_the_host(after: SwapCounters | None, expected: SwapRate | None) -> None:
    assert rate(BEFORE, after) == expected


def test_without_a_first_moment_there_is_no_rate() -> None:
    assert rate(None, BEFORE) is None


def test_counters_are_read_in_bytes(tmp_path: Path) -> None:
    Machine(tmp_path).set_swapped(3, 4, 1000.25, "boot")
    assert read_counters(StandingKernel(tmp_path)) == SwapCounters("boot", 1000.25, 3 * mmap.PAGESIZE, 4 * mmap.PAGESIZE)


@pytest.mark.parametrize("file", ["proc/vmstat", "proc/uptime"])
def test_a_kernel_that_does_not_count_has_no_counters(tmp_path: Path, file: str) -> None:
    Machine(tmp_path)
    (tmp_path / file).unlink()
    assert read_counters(StandingKernel(tmp_path)) is None


@pytest.mark.parametrize("line", [{}, {**BEFORE.facts(), "uptime": None}, {**BEFORE.facts(), "swapped_in": "many"}], ids=["empty", "null", "no number"])
def test_a_line_of_something_else_holds_no_counters(line: dict[str, t.Any]) -> None:
    assert recorded(line) is None
    assert recorded(BEFORE.facts()) == BEFORE
