# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host swaps with, and how fast: the kernel's counters at two moments.

Used swap says what once was short; what comes back from it now, page by page, is what somebody waits for.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel

Json = t.Dict[str, t.Any]


@dataclass(frozen=True)
class SwapCounters:
    """Bytes read from swap and written to it since the host was started, ``uptime`` seconds after that; ``boot`` names the start."""

    boot: str
    uptime: float
    swapped_in: int
    swapped_out: int

    def facts(self) -> Json:
        """As a line of the history holds them."""
        return asdict(self)


@dataclass(frozen=True)
class SwapRate:
    """Bytes a second, and the seconds over which that was so."""

    swap_in: int
    swap_out: int
    seconds: float


def read_counters(kernel: Kernel) -> t.Optional[SwapCounters]:
    """None where this kernel does not count."""
    swapped, uptime = kernel.swapped(), kernel.uptime()
    return None if swapped is None or uptime is None else SwapCounters(kernel.boot(), uptime, *swapped)


def recorded(line: t.Mapping[str, t.Any]) -> t.Optional[SwapCounters]:
    """The counters of a line of the history; None where it holds none."""
    try:
        return SwapCounters(str(line["boot"]), float(line["uptime"]), int(line["swapped_in"]), int(line["swapped_out"]))
    except (KeyError, TypeError, ValueError):
        return None


def rate(before: t.Optional[SwapCounters], after: t.Optional[SwapCounters]) -> t.Optional[SwapRate]:
    """None where the two cannot be compared: one is missing, they are of two starts of the host, or of one moment."""
    if before is None or after is None or before.boot != after.boot or after.uptime <= before.uptime:
        return None
    seconds = after.uptime - before.uptime
    read, written = after.swapped_in - before.swapped_in, after.swapped_out - before.swapped_out
    if read < 0 or written < 0:
        return None
    return SwapRate(round(read / seconds), round(written / seconds), round(seconds, 2))


@dataclass(frozen=True)
class SwapDevice:
    """One line of /proc/swaps: bytes in use, and the priority, which is negative where the kernel chose it."""

    path: str
    used: int
    priority: int


def read_devices(kernel: Kernel) -> t.List[SwapDevice]:
    """What is in use as swap now."""
    rows = [line.split() for line in (kernel.text("proc/swaps") or "").splitlines()[1:]]
    # blanks in a path stand there as \\040
    return [SwapDevice(row[0].replace("\\040", " "), int(row[3]) * 1024, int(row[4])) for row in rows if len(row) >= 5]
