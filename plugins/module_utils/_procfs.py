# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to the kernel's files about memory: /proc and the cgroup tree.

Reads only. The root directory is handed in, so that a folder of files can
stand in for a machine. Sizes are bytes.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import RackError

#: cgroup v1 writes "no limit" as the largest number of whole pages that fits 63 bits.
_UNLIMITED = 1 << 62

#: Where an engine puts the cgroup of a container: driver cgroupfs, driver systemd.
_USUAL = ("docker/%s", "system.slice/docker-%s.scope")

Pressure = t.Dict[str, t.Dict[str, float]]


@dataclass(frozen=True)
class CgroupMemory:
    """What the kernel says of one cgroup, in bytes; None where it has no such file, or no limit.

    ``memory_swap`` is memory and swap together, as the engine counts it.
    ``from_files`` is False where an engine has told it: then the limits are unknown.
    """

    usage: int
    inactive_file: int
    limit: t.Optional[int]
    memory_swap: t.Optional[int]
    peak: t.Optional[int]
    oom_kills: t.Optional[int]
    from_files: bool = True

    @property
    def working_set(self) -> int:
        """What cannot be taken back at once: usage without the inactive page cache, never below 0."""
        return max(self.usage - self.inactive_file, 0)


class Kernel:
    """The files of one running kernel, below ``root``."""

    def __init__(self, root: t.Union[str, Path] = "/") -> None:
        self._root = Path(root)

    def meminfo(self) -> t.Dict[str, int]:
        """/proc/meminfo, key to bytes. Raises RackError where it cannot be read."""
        text = self._read("proc/meminfo")
        if text is None:
            raise RackError(
                "Cannot read the memory of this host: %s is not readable. Check that this is Linux with /proc mounted." % (self._root / "proc/meminfo")
            )
        values = {}
        for line in text.splitlines():
            name, _colon, rest = line.partition(":")
            number, _blank, unit = rest.strip().partition(" ")
            values[name] = int(number) * (1024 if unit == "kB" else 1)
        return values

    def pressure(self) -> t.Optional[Pressure]:
        """/proc/pressure/memory (PSI): ``some`` and ``full``, each avg10, avg60, avg300 in percent; None where the kernel has it not."""
        text = self._read("proc/pressure/memory")
        if text is None:
            return None
        pressure = {}
        for line in text.splitlines():
            kind, *pairs = line.split()
            pressure[kind] = {name: float(value) for name, value in (pair.split("=") for pair in pairs) if name != "total"}
        return pressure

    def cgroup_version(self) -> int:
        """1 or 2: which hierarchy has the memory controller."""
        return 1 if (self._root / "sys/fs/cgroup/memory").is_dir() else 2

    def container(self, container: str, pid: int = 0) -> t.Optional[CgroupMemory]:
        """The memory of a container by its full id, found at the usual places or through a process of it; None where it is not found."""
        version = self.cgroup_version()
        mount = "sys/fs/cgroup/memory" if version == 1 else "sys/fs/cgroup"
        places = [place % container for place in _USUAL]
        for place in [*places, *self._place_of(pid, container)]:
            found = (_v1 if version == 1 else _v2)(self, "%s/%s" % (mount, place))
            if found is not None:
                return found
        return None

    def _place_of(self, pid: int, container: str) -> t.Iterator[str]:
        """The cgroup of a process, cut after the part that names the container: its init may have made groups below."""
        for line in (self._read("proc/%d/cgroup" % pid) or "").splitlines() if pid > 0 else ():
            _number, controllers, path = line.split(":", 2)
            # a process of another machine's engine can have the same pid: only the id proves it
            if controllers not in ("", "memory") or container not in path:
                continue
            start = path.index(container) + len(container)
            end = path.find("/", start)
            yield path[: end if end >= 0 else len(path)].lstrip("/")

    def number(self, *path: str) -> t.Optional[int]:
        """The number in a file of one number; None for ``max``, for v1's unlimited, and where there is no such file."""
        text = (self._read(*path) or "").strip()
        if not text.isdigit() or int(text) >= _UNLIMITED:
            return None
        return int(text)

    def table(self, *path: str) -> t.Dict[str, int]:
        """A file of lines ``key number``; empty where there is no such file."""
        pairs = (line.split() for line in (self._read(*path) or "").splitlines())
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}

    def _read(self, *path: str) -> t.Optional[str]:
        try:
            return self._root.joinpath(*path).read_text(encoding="ascii", errors="replace")
        except OSError:  # a container can end, or hide its files, between two reads
            return None


def _v1(kernel: Kernel, place: str) -> t.Optional[CgroupMemory]:
    usage = kernel.number(place, "memory.usage_in_bytes")
    if usage is None:
        return None
    return CgroupMemory(
        usage=usage,
        inactive_file=kernel.table(place, "memory.stat").get("total_inactive_file", 0),
        limit=kernel.number(place, "memory.limit_in_bytes"),
        memory_swap=kernel.number(place, "memory.memsw.limit_in_bytes"),
        peak=kernel.number(place, "memory.max_usage_in_bytes"),
        oom_kills=kernel.table(place, "memory.oom_control").get("oom_kill"),
    )


def _v2(kernel: Kernel, place: str) -> t.Optional[CgroupMemory]:
    usage = kernel.number(place, "memory.current")
    if usage is None:
        return None
    limit, swap = kernel.number(place, "memory.max"), kernel.number(place, "memory.swap.max")
    return CgroupMemory(
        usage=usage,
        inactive_file=kernel.table(place, "memory.stat").get("inactive_file", 0),
        limit=limit,
        memory_swap=None if limit is None or swap is None else limit + swap,
        peak=kernel.number(place, "memory.peak"),
        oom_kills=kernel.table(place, "memory.events").get("oom_kill"),
    )
