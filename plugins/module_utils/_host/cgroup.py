# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory files of one cgroup, v1 or v2. Reads only; sizes are bytes."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

#: cgroup v1 writes "no limit" as the largest number of whole pages that fits 63 bits.
_UNLIMITED = 1 << 62

#: More than any of these files holds.
_CHUNK = 1 << 16


@dataclass(frozen=True)
class CgroupMemory:
    """What the kernel says of one cgroup, in bytes; None where it has no such file, or no limit.

    ``memory_swap`` is memory and swap together, as the engine counts it. ``process`` is the id of one of its processes.
    ``from_files`` is False where an engine has told it: then the limits are unknown.
    """

    usage: int
    inactive_file: int
    limit: t.Optional[int]
    memory_swap: t.Optional[int]
    peak: t.Optional[int]
    oom_kills: t.Optional[int]
    swap_used: t.Optional[int] = None
    reservation: t.Optional[int] = None
    process: t.Optional[int] = None
    from_files: bool = True

    @property
    def working_set(self) -> int:
        """What cannot be taken back at once: usage without the inactive page cache, never below 0."""
        return max(self.usage - self.inactive_file, 0)


_V1 = (
    "memory.usage_in_bytes",
    "memory.stat",
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.max_usage_in_bytes",
    "memory.oom_control",
    "memory.soft_limit_in_bytes",
    "cgroup.procs",
)
_V2 = (
    "memory.current",
    "memory.stat",
    "memory.max",
    "memory.swap.max",
    "memory.peak",
    "memory.events",
    "memory.swap.current",
    "memory.low",
    "cgroup.procs",
)


def read_cgroup(folder: str, version: int) -> t.Optional[CgroupMemory]:
    """What the files in ``folder`` say; None where there is no such cgroup."""
    names, understood = (_V1, _v1) if version == 1 else (_V2, _v2)
    texts = _texts(folder, names)
    return None if texts is None else understood(texts)


def _texts(folder: str, names: t.Sequence[str]) -> t.Optional[t.List[str]]:
    """The beginning of each file, empty where it is not there; None without the first one.

    Opened from their folder, and read once: each file of a cgroup hands over all it has at once, and with hundreds of them
    the way to a file is most of what it costs.
    """
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        texts = [_text(place, name) for name in names]
    finally:
        os.close(place)
    return texts if texts[0] else None


def _text(place: int, name: str) -> str:
    try:
        file = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=place)
    except OSError:
        return ""
    try:
        return os.read(file, _CHUNK).decode("ascii", "replace")
    except OSError:  # a container can end, or hide its files, between two reads
        return ""
    finally:
        os.close(file)


def _v1(texts: t.Sequence[str]) -> t.Optional[CgroupMemory]:
    usage, stat, limit, memory_swap, peak, oom_control, reservation, processes = texts
    used = read_number(usage)
    if used is None:
        return None
    inactive_file, swap_used = _values(stat, "total_inactive_file", "total_swap")
    return CgroupMemory(
        usage=used,
        inactive_file=inactive_file or 0,
        limit=read_number(limit),
        memory_swap=read_number(memory_swap),
        peak=read_number(peak),
        oom_kills=table(oom_control).get("oom_kill"),
        swap_used=swap_used,
        reservation=read_number(reservation),
        process=read_number(processes.partition("\n")[0]),
    )


def _v2(texts: t.Sequence[str]) -> t.Optional[CgroupMemory]:
    current, stat, most, most_swap, peak, events, swap_used, low, processes = texts
    used = read_number(current)
    if used is None:
        return None
    limit, swap = read_number(most), read_number(most_swap)
    return CgroupMemory(
        usage=used,
        inactive_file=_values(stat, "inactive_file")[0] or 0,
        limit=limit,
        memory_swap=None if limit is None or swap is None else limit + swap,
        peak=read_number(peak),
        oom_kills=table(events).get("oom_kill"),
        swap_used=read_number(swap_used),
        reservation=read_number(low) or None,  # where the engine writes a reservation; 0 is none
        process=read_number(processes.partition("\n")[0]),
    )


def read_number(text: str) -> t.Optional[int]:
    """None for ``max``, for v1's unlimited, and for nothing."""
    stripped = text.strip()
    if not stripped.isdigit() or int(stripped) >= _UNLIMITED:
        return None
    return int(stripped)


def _values(text: str, *names: str) -> t.List[t.Optional[int]]:
    """These keys of lines ``key number``; None for what is not there. Of a long text this takes a tenth of the time of :func:`table`."""
    lines = "\n%s" % text
    parts = (lines.partition("\n%s " % name)[2].partition("\n")[0] for name in names)
    return [int(part) if part.isdigit() else None for part in parts]


def table(text: str) -> t.Dict[str, int]:
    """Lines ``key number``."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
