# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to the kernel: its files about memory, /proc and the cgroup tree, and its clock.

Reads only. The root directory is handed in, so that a folder of files can
stand in for a machine. Sizes are bytes.
"""

from __future__ import annotations

import mmap
import os
import time
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._host.cgroup import CgroupMemory, read_cgroup, table

#: Where an engine puts the cgroup of a container: driver cgroupfs, driver systemd. Folder, and name around the id.
_USUAL = (("docker", "", ""), ("system.slice", "docker-", ".scope"))

_ID_LENGTH = 64

#: More than any of these files holds, but for those that are read piece by piece anyway.
_CHUNK = 1 << 16

#: Clock ticks a second, the unit of a process's start.
_TICKS = os.sysconf("SC_CLK_TCK")

Pressure = t.Dict[str, t.Dict[str, float]]


class Kernel:
    """The files of one running kernel, below ``root``."""

    def __init__(self, root: t.Union[str, Path] = "/") -> None:
        self._root = Path(root)
        # joined by hand below: pathlib takes longer to name a file than the kernel to hand it over
        self._prefix = "%s/" % str(root).rstrip("/")
        self._cgroup = 1 if (self._root / "sys/fs/cgroup/memory").is_dir() else 2
        self._mount = "sys/fs/cgroup/memory" if self._cgroup == 1 else "sys/fs/cgroup"

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
        return self._cgroup

    def swapped(self) -> t.Optional[t.Tuple[int, int]]:
        """Bytes that were read from swap and written to it since the host was started; None where the kernel does not count them."""
        counters = self.table("proc/vmstat")
        if "pswpin" not in counters or "pswpout" not in counters:
            return None
        return counters["pswpin"] * mmap.PAGESIZE, counters["pswpout"] * mmap.PAGESIZE

    def boot(self) -> str:
        """The kernel's id of this start of the host; empty where there is none."""
        return (self._read("proc/sys/kernel/random/boot_id") or "").strip()

    def machine(self) -> t.Optional[str]:
        """What tells this machine, or the container that serves as one, from every other that runs now; None where the kernel does not say it."""
        try:
            namespace = (self._root / "proc/self/ns/pid").stat().st_ino
        except OSError:
            return None
        return "%s/%d" % (self.boot(), namespace)

    def uptime(self) -> t.Optional[float]:
        """Seconds since the host was started, which no setting of the clock changes."""
        words = (self._read("proc/uptime") or "").split()
        return float(words[0]) if words else None

    def processes(self) -> t.List[int]:
        """The id of every process of this host that this user may see."""
        return [int(entry) for entry in os.listdir(self._prefix + "proc") if entry.isdigit()]  # noqa: PTH208 # 200 objects for 200 names

    def process(self, pid: int, name: str) -> t.Optional[str]:
        """The text of ``/proc/<pid>/<name>``; None where it has ended or is another user's."""
        return self._read("proc/%d" % pid, name)

    def started(self, pid: int) -> t.Optional[float]:
        """Seconds from the start of the host to that of a process; None where it has ended."""
        ticks = self.start_ticks(pid)
        return None if ticks is None else ticks / _TICKS

    def start_ticks(self, pid: int) -> t.Optional[int]:
        """The same in clock ticks, which tell a process from a later one with the same id. A zombie has ended."""
        stat = self.process(pid, "stat")
        if stat is None:
            return None
        # proc(5): starttime is field 22; the name, field 2, may hold blanks and brackets
        state, *fields = stat.rpartition(")")[2].split()
        return None if state in ("Z", "X") else int(fields[18])

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def pause(self, seconds: float) -> None:
        """Let this much time go by."""
        time.sleep(seconds)

    def container(self, container: str, pid: int = 0) -> t.Optional[CgroupMemory]:
        """The memory of a container by its full id, found at the usual places or through a process of it; None where it is not found."""
        places = ["%s/%s%s%s" % (folder, before, container, after) for folder, before, after in _USUAL]
        for place in [*places, *self._place_of(pid, container)]:
            found = self._cgroup_memory(place)
            if found is not None:
                return found
        return None

    def containers(self) -> t.Dict[str, CgroupMemory]:
        """The memory of every container whose cgroup is at one of the usual places, by its full id."""
        found = {}
        for folder, before, after in _USUAL:
            for name in self._folders(folder):
                container = name[len(before) : len(name) - len(after)]
                if len(container) == _ID_LENGTH and name == before + container + after:
                    found[container] = self._cgroup_memory("%s/%s" % (folder, name))
        return {container: memory for container, memory in found.items() if memory is not None}

    def _folders(self, place: str) -> t.List[str]:
        try:
            return os.listdir("%s%s/%s" % (self._prefix, self._mount, place))  # noqa: PTH208 # names are all that is needed
        except OSError:
            return []

    def _cgroup_memory(self, place: str) -> t.Optional[CgroupMemory]:
        return read_cgroup("%s%s/%s" % (self._prefix, self._mount, place), self._cgroup)

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

    def table(self, *path: str) -> t.Dict[str, int]:
        """A file of lines ``key number``; empty where there is no such file."""
        return table(self._read(*path) or "")

    def text(self, *path: str) -> t.Optional[str]:
        """A file below the root; None where it cannot be read."""
        return self._read(*path)

    def _read(self, *path: str) -> t.Optional[str]:
        try:
            file = os.open(self._prefix + "/".join(path), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            content = b"".join(iter(lambda: os.read(file, _CHUNK), b""))
        except OSError:  # a container can end, or hide its files, between two reads
            return None
        finally:
            os.close(file)
        return content.decode("ascii", "replace")
