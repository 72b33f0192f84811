# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes memory outside of containers: the biggest processes of the host.

A process counts with its anonymous memory and what of it is in swap. What it has mapped from files is page cache, which
the kernel takes back when it needs it, and which several processes may share.
"""

from __future__ import annotations

import itertools
import mmap
import os
import re
import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import printable
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel

Json = t.Dict[str, t.Any]

#: The id of a container is part of the path of its cgroup, whatever driver or orchestrator made it.
_CONTAINER = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Process:
    """Bytes. ``resident`` is all of it that is in memory, mapped files included."""

    pid: int
    name: str
    resident: int
    anonymous: int
    swap: int

    def facts(self) -> Json:
        """Plain JSON types, as modules return them."""
        return asdict(self)


def biggest(kernel: Kernel, count: int, swapping: bool) -> t.List[Process]:
    """The ``count`` biggest processes that are in no container, the biggest first; this one is left out.

    ``swapping``: whether swap is in use. If not, it takes one short file for each process; their cgroups and names are read
    for the first few only.
    """
    if not count:
        return []
    pids = [pid for pid in kernel.processes() if pid != os.getpid()]
    weighed = [(_weight(kernel, pid, swapping), pid) for pid in pids]
    ranked = (pid for weight, pid in sorted(weighed, reverse=True) if weight and not _in_container(kernel, pid))
    found = (_process(kernel, pid) for pid in ranked)
    return list(itertools.islice((process for process in found if process), count))


def _weight(kernel: Kernel, pid: int, swapping: bool) -> int:
    """Its anonymous memory, in bytes, with swap where that is in use; 0 for threads of the kernel and for what has ended."""
    pages = (kernel.process(pid, "statm") or "0 0 0").split()  # proc(5): size, resident, shared
    anonymous = (int(pages[1]) - int(pages[2])) * mmap.PAGESIZE
    if not swapping or pages[0] == "0":
        return anonymous
    return anonymous + _field(kernel.process(pid, "status") or "", "VmSwap")


def _in_container(kernel: Kernel, pid: int) -> bool:
    return bool(_CONTAINER.search(kernel.process(pid, "cgroup") or ""))


def _process(kernel: Kernel, pid: int) -> t.Optional[Process]:
    status = kernel.process(pid, "status") or ""
    if not _field(status, "VmRSS"):  # it has ended since it was weighed: gone, or a zombie, whose status names no memory
        return None
    name = printable(status.partition("\n")[0].partition(":")[2].strip())  # which each process gives itself
    return Process(pid, name, _field(status, "VmRSS"), _field(status, "RssAnon"), _field(status, "VmSwap"))


def _field(status: str, name: str) -> int:
    """A size of /proc/<pid>/status, in bytes; 0 where it has none."""
    _before, found, rest = status.partition("\n%s:" % name)
    return int(rest.split(None, 1)[0]) * 1024 if found else 0
