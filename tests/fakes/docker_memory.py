# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with containers: the part of the Docker Engine API that memory needs, over a real unix socket, and the kernel's files.

Shapes and refusals are those recorded from Docker Engine 20.10.24. Every container has its cgroup files in the folder
``root``, in the layout of cgroup v1 or v2 and of the driver cgroupfs or systemd; an update is written there, as a kernel
would enforce it.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.mycosoft.rack.tests.fakes.unix_http import Answer, Request, UnixServer

Json = dict[str, t.Any]

UNLIMITED_V1 = 9223372036854771712  # 2^63 - 1, rounded down to a page of 4096 bytes
MIB = 1024 * 1024

MEMINFO = """\
MemTotal:       65011712 kB
MemFree:          812340 kB
MemAvailable:    %(available)d kB
Buffers:          201000 kB
Cached:         15234000 kB
SwapTotal:       8388608 kB
SwapFree:        %(swap_free)d kB
HugePages_Total:       0
"""


@dataclass
class Container:
    name: str
    labels: dict[str, str]
    state: str = "running"
    limit: int = 0
    memory_swap: int = 0
    reservation: int = 0
    usage: int = 10 * MIB
    inactive_file: int = 0
    oom_kills: int = 0
    oom_killed: bool = False
    restarts: int = 0
    place: str = ""
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = hashlib.sha256(self.name.encode()).hexdigest()


class Machine:
    """The containers, to be filled and changed by a test; its engine's server runs as a context manager."""

    def __init__(self, root: Path, cgroup: int = 1, driver: str = "cgroupfs", swap_limit: bool = True, hidden: bool = False) -> None:
        self.root = root
        self.cgroup = cgroup
        self.driver = driver
        self.swap_limit = swap_limit
        #: Whether the cgroup files are out of reach, as with an engine on another machine.
        self.hidden = hidden
        #: Whether the kernel takes no limit although the engine says it did.
        self.deaf = False
        self.containers: dict[str, Container] = {}
        #: The bodies of the updates, in order, each with the container's name.
        self.updates: list[tuple[str, Json]] = []
        self.asked_stats: list[str] = []
        #: Ids that are listed although the container has ended and gone by the time it is asked for.
        self.ghosts: list[str] = []
        self._server = UnixServer(root / "docker.sock", self.handle)
        self.set_memory()
        (root / ("sys/fs/cgroup/memory" if cgroup == 1 else "sys/fs/cgroup")).mkdir(parents=True)

    @property
    def address(self) -> str:
        return self._server.address

    def __enter__(self) -> Machine:
        self._server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.__exit__(*error)

    def set_memory(self, available_percent: float = 50, swap_used_percent: float = 0) -> None:
        """A host of 62 GiB with 8 GiB swap, this much of it available and used."""
        values = {"available": 65011712 * available_percent / 100, "swap_free": 8388608 * (1 - swap_used_percent / 100)}
        self.write("proc/meminfo", MEMINFO % values)

    def set_pressure(self, some: float, full: float) -> None:
        line = "%s avg10=%.2f avg60=0.50 avg300=0.10 total=8100230\n"
        self.write("proc/pressure/memory", line % ("some", some) + line % ("full", full))

    def add(self, name: str, service: str = "", project: str = "always-on", labels: dict[str, str] | None = None, **more: t.Any) -> Container:
        """A container; of a Compose service where ``service`` is given."""
        compose = {"com.docker.compose.project": project, "com.docker.compose.service": service} if service else {}
        made = Container(name, {**compose, **(labels or {})}, **more)
        made.place = made.place or {"cgroupfs": "docker/%s", "systemd": "system.slice/docker-%s.scope"}[self.driver] % made.id
        if made.limit and not self.swap_limit:
            made.memory_swap = -1  # what the engine makes of any swap limit that the kernel cannot keep
        self.containers[made.id] = made
        self.enforce(made)
        return made

    def enforce(self, container: Container) -> None:
        """Write the cgroup files of a container, its limits rounded down to pages."""
        if self.hidden or container.state == "exited":
            return
        files = self._v1(container) if self.cgroup == 1 else self._v2(container)
        mount = "sys/fs/cgroup/memory" if self.cgroup == 1 else "sys/fs/cgroup"
        for name, content in files.items():
            self.write("%s/%s/%s" % (mount, container.place, name), content)

    def write(self, path: str, content: object) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("%s\n" % str(content).rstrip("\n"), encoding="ascii")

    def _v1(self, container: Container) -> Json:
        files = {
            "memory.usage_in_bytes": container.usage,
            "memory.max_usage_in_bytes": container.usage + MIB,
            "memory.limit_in_bytes": _pages(container.limit) or UNLIMITED_V1,
            "memory.stat": "cache 1\ninactive_file 1\ntotal_cache 2\ntotal_inactive_file %d" % container.inactive_file,
            "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill %d" % container.oom_kills,
        }
        swap = {"memory.memsw.limit_in_bytes": _pages(max(container.memory_swap, 0)) or UNLIMITED_V1}
        return {**files, **(swap if self.swap_limit else {})}

    def _v2(self, container: Container) -> Json:
        files = {
            "memory.current": container.usage,
            "memory.peak": container.usage + MIB,
            "memory.max": _pages(container.limit) or "max",
            "memory.stat": "anon 1\nfile 2\ninactive_file %d" % container.inactive_file,
            "memory.events": "low 0\nhigh 0\nmax 3\noom %d\noom_kill %d" % (container.oom_kills, container.oom_kills),
        }
        swap = {"memory.swap.max": _pages(container.memory_swap - container.limit) if container.memory_swap > 0 else "max"}
        return {**files, **(swap if self.swap_limit else {})}

    # --- the engine ---

    def handle(self, request: Request) -> Answer:
        path = re.sub(r"^/v\d+\.\d+", "", request.path)
        fixed = {"/version": {"Version": "20.10.24+dfsg1", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}, "/info": {"SwapLimit": self.swap_limit}}
        if path in fixed:
            return 200, fixed[path]
        if path == "/containers/json":
            listed = [{"Id": c.id, "Names": ["/" + c.name], "State": c.state, "Labels": c.labels} for c in self.containers.values()]
            return 200, listed + [{"Id": ghost, "Names": ["/ghost"], "State": "running", "Labels": {}} for ghost in self.ghosts]
        found = re.fullmatch("/containers/([0-9a-f]{64})/(json|update|stats)", path)
        container = self.containers.get(found.group(1)) if found else None
        if found is None or container is None:
            return 404, {"message": "No such container or page: %s" % path}
        verb = found.group(2)
        if request.method == "POST" and verb == "update":
            return self._update(container, request.body)
        return 200, self._inspected(container) if verb == "json" else self._stats(container)

    def _inspected(self, container: Container) -> Json:
        running = container.state in ("running", "paused", "restarting")
        return {
            "Id": container.id,
            "Name": "/" + container.name,
            "RestartCount": container.restarts,
            "State": {"Status": container.state, "Running": running, "OOMKilled": container.oom_killed, "Pid": 4242 if running else 0},
            "Config": {"Labels": container.labels},
            "HostConfig": {"Memory": container.limit, "MemorySwap": container.memory_swap, "MemoryReservation": container.reservation},
        }

    def _stats(self, container: Container) -> Json:
        self.asked_stats.append(container.name)
        key = "total_inactive_file" if self.cgroup == 1 else "inactive_file"
        return {"memory_stats": {"usage": container.usage, "stats": {key: container.inactive_file}, "limit": container.limit or 66571993088}}

    def _update(self, container: Container, body: Json) -> Answer:
        memory, swap, reservation = body.get("Memory", 0), body.get("MemorySwap", 0), body.get("MemoryReservation", 0)
        refusals = [
            (0 < memory < 6 * MIB, 400, "Minimum memory limit allowed is 6MB"),
            (0 < swap < memory, 400, "Minimum memoryswap limit should be larger than memory limit, see usage"),
            (memory < reservation, 400, "Minimum memory limit can not be less than memory reservation limit, see usage"),
            (container.memory_swap < memory and not swap, 409, "Memory limit should be smaller than already set memoryswap limit"),
            (container.usage - container.inactive_file > memory, 500, "unable to set memory limit to %d" % memory),
        ]
        for refused, status, message in refusals:
            if refused:
                return status, {"message": message}
        self.updates.append((container.name, body))
        container.limit = memory or container.limit
        container.memory_swap = (swap or container.memory_swap) if self.swap_limit else -1
        container.reservation = reservation or container.reservation
        if not self.deaf:
            self.enforce(container)
        return 200, {"Warnings": None}


def _pages(size: int) -> int:
    return size - size % 4096
