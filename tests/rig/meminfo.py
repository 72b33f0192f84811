# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server of the rig says about its memory: a generated /proc/meminfo.

A container's memory limit does not show in /proc/meminfo. A file mounted over
it does, and everything follows: free, Ansible's facts, the server's Docker.
"""

from __future__ import annotations

import dataclasses

KIB = 1024
GIB = 1024**3

_TOTALS = {"sandbox": (62 * GIB, 8 * GIB)}
_OVERFLOW_TOTALS = (32 * GIB, 4 * GIB)

#: Shares of memory and swap in use. ``incident``: 56 of 62 GiB and 4.7 of 8 GiB, the day this collection was asked for.
_PROFILES = {"calm": (30 / 62, 0.0), "incident": (56 / 62, 4.7 / 8)}
PROFILES = tuple(_PROFILES)


@dataclasses.dataclass(frozen=True)
class Memory:
    """A server's memory, in bytes."""

    total: int
    available: int
    swap_total: int
    swap_free: int


def profile(name: str, server: str) -> Memory:
    """The memory of ``server`` in the named situation."""
    used, swapped = _PROFILES[name]
    total, swap = _TOTALS.get(server, _OVERFLOW_TOTALS)
    return Memory(total, total - round(total * used), swap, swap - round(swap * swapped))


def render(memory: Memory) -> str:
    """The text of /proc/meminfo. Its length never changes, so that it can be overwritten in one write.

    What is available is split so that both ways to compute "used" agree:
    total - available, and total - free - buffers - cached - reclaimable.
    """
    used, free = memory.total - memory.available, memory.available // 4
    buffers, reclaimable = memory.available // 16, memory.available // 16
    cached = memory.available - free - buffers - reclaimable
    values = {
        "MemTotal": memory.total,
        "MemFree": free,
        "MemAvailable": memory.available,
        "Buffers": buffers,
        "Cached": cached,
        "SwapCached": 0,
        "Active": used // 2 + cached // 2,
        "Inactive": used // 4 + cached // 2,
        "SwapTotal": memory.swap_total,
        "SwapFree": memory.swap_free,
        "Dirty": 0,
        "Writeback": 0,
        "AnonPages": used * 3 // 4,
        "Mapped": used // 16,
        "Shmem": 0,
        "KReclaimable": reclaimable,
        "Slab": reclaimable * 2,
        "SReclaimable": reclaimable,
        "SUnreclaim": reclaimable,
        "CommitLimit": memory.total // 2 + memory.swap_total,
        "Committed_AS": used,
    }
    return "".join(f"{name + ':':<16}{size // KIB:>12} kB\n" for name, size in values.items())
