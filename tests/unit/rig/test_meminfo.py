# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server of the rig says about its memory."""

from __future__ import annotations

import pytest

from tests.rig.meminfo import GIB, PROFILES, Memory, profile, render


def fields(memory: Memory) -> dict[str, int]:
    """/proc/meminfo as numbers, in bytes."""
    lines = (line.replace(":", "").split() for line in render(memory).splitlines())
    return {name: int(size) * 1024 for name, size, unit in lines if unit == "kB"}


def test_the_sandbox_has_exactly_62_gib() -> None:
    assert "MemTotal:           65011712 kB\n" in render(profile("calm", "sandbox"))


def test_the_incident_uses_56_gib_and_more_than_half_of_the_swap() -> None:
    memory = profile("incident", "sandbox")
    assert (memory.total - memory.available, memory.swap_total) == (56 * GIB, 8 * GIB)
    assert (memory.swap_total - memory.swap_free) / GIB == pytest.approx(4.7)


@pytest.mark.parametrize("situation", PROFILES)
@pytest.mark.parametrize("server", ["sandbox", "overflow1"])
def test_both_ways_to_compute_used_memory_agree(situation: str, server: str) -> None:
    seen = fields(profile(situation, server))
    newer = seen["MemTotal"] - seen["MemAvailable"]
    older = seen["MemTotal"] - seen["MemFree"] - seen["Buffers"] - seen["Cached"] - seen["SReclaimable"]
    assert abs(newer - older) < 8 * 1024


@pytest.mark.parametrize(
    "memory",
    [profile("incident", "overflow1"), Memory(GIB, 0, 0, 0), Memory(1024 * GIB, 1024 * GIB, 0, 0)],
    ids=["incident", "nothing left", "one tebibyte"],
)
def test_its_length_never_changes(memory: Memory) -> None:
    assert len(render(memory)) == len(render(profile("calm", "sandbox")))
