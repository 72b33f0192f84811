# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with containers: the part of the Docker Engine API that memory needs, over a real unix socket, and the kernel's files.

Shapes and refusals are those recorded from Docker Engine 20.10.24. Every container has its cgroup files in the folder
``root``, in the layout of cgroup v1 or v2 and of the driver cgroupfs or systemd; an update is written there, as a kernel
would enforce it.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import mmap
import os
import re
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.tests.fakes.unix_http import Answer, Request, UnixServer

Json = dict[str, t.Any]

UNLIMITED_V1 = 9223372036854771712  # 2^63 - 1, rounded down to a page of 4096 bytes
MIB = 1024 * 1024

#: The moment at which a machine stands still, in seconds since 1970, and how long it has been up then.
NOW = calendar.timegm((2026, 11, 23, 5, 19, 43))
UPTIME = 500000.0
NEVER = "0001-01-01T00:00:00Z"

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
    health: str = ""
    place: str = ""
    swap_used: int = 0
    #: Seconds since 1970; an engine starts what was just created within a second, and does not tell the fraction in its list.
    created: float = NOW - 3600.25
    started: float = 0.0
    finished: float = 0.0
    pid: int = 0
    exit_code: int = 0
    restart: str = "unless-stopped"
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = hashlib.sha256(self.name.encode()).hexdigest()
        self.started = self.started or self.created + 0.6

    @property
    def runs(self) -> bool:
        return self.state in ("running", "paused")


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
        #: Name -> what it logged, as the engine sends it.
        self.logs: dict[str, bytes] = {}
        self.environments: dict[str, list[str]] = {}
        self.asked_detail: list[str] = []
        #: (moment, action, id), the oldest first, as far back as the engine remembers.
        self.events: list[tuple[float, str, str]] = []
        #: Ids that are listed although the container has ended and gone by the time it is asked for.
        self.ghosts: list[str] = []
        self._server = UnixServer(root / "docker.sock", self.handle, "1.41")
        self.set_memory()
        self.set_swapped(0, 0, UPTIME)
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

    def set_swapped(self, pages_in: int, pages_out: int, uptime: float, boot: str = "4834dabb-c962-4e5f-9327-8eee67dd8aa8") -> None:
        """What was swapped since the machine was started, so many seconds ago."""
        self.write("proc/vmstat", "pgmajfault 5\npswpin %d\npswpout %d\n" % (pages_in, pages_out))
        self.write("proc/uptime", "%.2f 1.00" % uptime)
        self.write("proc/sys/kernel/random/boot_id", boot)

    def set_pressure(self, some: float, full: float) -> None:
        """The share of the last minute, in percent; another one in the last ten seconds and five minutes."""
        line = "%s avg10=99.00 avg60=%.2f avg300=0.10 total=8100230\n"
        self.write("proc/pressure/memory", line % ("some", some) + line % ("full", full))

    def add(self, name: str, service: str = "", project: str = "always-on", labels: dict[str, str] | None = None, **more: t.Any) -> Container:
        """A container; of a Compose service where ``service`` is given."""
        compose = {"com.docker.compose.project": project, "com.docker.compose.service": service, "com.docker.compose.config-hash": "c0ffee"} if service else {}
        made = Container(name, {**compose, **(labels or {})}, **more)
        made.place = made.place or {"cgroupfs": "docker/%s", "systemd": "system.slice/docker-%s.scope"}[self.driver] % made.id
        if made.limit and not self.swap_limit:
            made.memory_swap = -1  # what the engine makes of any swap limit that the kernel cannot keep
        made.pid = 5000 + len(self.containers)
        self.containers[made.id] = made
        self.enforce(made)
        return made

    def start_process(self, pid: int, name: str, anonymous: int, shared: int = 0, swap: int = 0, cgroup: str = "/system.slice/x.service") -> None:
        """A process of the machine, sizes in bytes; one without any memory is a thread of the kernel."""
        pages = [size // mmap.PAGESIZE for size in (anonymous + shared, shared)]
        self.write("proc/%d/statm" % pid, "%d %d %d 1 0 1 0" % (pages[0] * 2, *pages))
        memory = "VmRSS:\t%d kB\nRssAnon:\t%d kB\nVmSwap:\t%d kB\n" % ((anonymous + shared) // 1024, anonymous // 1024, swap // 1024)
        self.write("proc/%d/status" % pid, "Name:\t%s\nUmask:\t0022\n%sThreads:\t1" % (name, memory if anonymous + shared + swap else ""))
        self.write("proc/%d/cgroup" % pid, "0::%s" % cgroup if self.cgroup == 2 else "9:memory:%s" % cgroup)

    def happened(self, action: str, container: Container, at: float) -> None:
        """An event that the engine remembers."""
        self.events.append((at, action, container.id))

    def enforce(self, container: Container) -> None:
        """Write the cgroup files of a container, its limits rounded down to pages."""
        if self.hidden or not container.runs:
            return
        ticks = (container.started - (NOW - UPTIME)) * os.sysconf("SC_CLK_TCK")
        self.write("proc/%d/stat" % container.pid, "%d (a (strange) name) S %s %d 0" % (container.pid, "0 " * 18, ticks))
        files = self._v1(container) if self.cgroup == 1 else self._v2(container)
        mount = "sys/fs/cgroup/memory" if self.cgroup == 1 else "sys/fs/cgroup"
        for name, content in files.items():
            self.write("%s/%s/%s" % (mount, container.place, name), content)

    def write(self, path: str, content: object) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("%s\n" % str(content).rstrip("\n"), encoding="ascii")

    def _v1(self, container: Container) -> Json:
        swapped = "\ntotal_swap %d" % container.swap_used if self.swap_limit else ""
        files = {
            "memory.usage_in_bytes": container.usage,
            "memory.max_usage_in_bytes": container.usage + MIB,
            "memory.limit_in_bytes": _pages(container.limit) or UNLIMITED_V1,
            "memory.stat": "cache 1\ninactive_file 1\ntotal_cache 2\ntotal_inactive_file %d%s" % (container.inactive_file, swapped),
            "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill %d" % container.oom_kills,
            "memory.soft_limit_in_bytes": container.reservation or UNLIMITED_V1,
            "cgroup.procs": "%d\n%d" % (container.pid, container.pid + 1000),
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
            "memory.low": container.reservation,
            "cgroup.procs": "%d\n%d" % (container.pid, container.pid + 1000),
        }
        limit = _pages(container.memory_swap - container.limit) if container.memory_swap > 0 else "max"
        swap = {"memory.swap.max": limit, "memory.swap.current": container.swap_used}
        return {**files, **(swap if self.swap_limit else {})}

    # --- the engine ---

    def handle(self, request: Request) -> Answer:
        path = re.sub(r"^/v\d+\.\d+", "", request.path)
        fixed = {
            "/_ping": b"OK",
            "/version": {"Version": "20.10.24+dfsg1", "ApiVersion": "1.41", "MinAPIVersion": "1.12"},
            "/info": {
                "SwapLimit": self.swap_limit,
                "SystemTime": _moment(NOW),
                "CgroupDriver": self.driver,
                "CgroupVersion": str(self.cgroup),
                "DockerRootDir": str(self.root),
            },
        }
        if path in fixed:
            return 200, fixed[path]
        if path == "/events":
            return 200, self._past(parse_qs(request.query))
        if path == "/containers/json":
            listed = [
                {"Id": c.id, "Names": ["/other/alias", "/" + c.name], "State": c.state, "Labels": c.labels, "Created": int(c.created)}
                for c in self.containers.values()
            ]
            return 200, listed + [{"Id": ghost, "Names": ["/ghost"], "State": "running", "Labels": {}, "Created": NOW} for ghost in self.ghosts]
        logged = re.fullmatch("/containers/([^/]+)/logs", path)
        if logged and logged.group(1) in self.logs:
            return 200, self.logs[logged.group(1)]
        found = re.fullmatch("/containers/([^/]+)/(json|update|stats)", path)
        container = next((one for one in self.containers.values() if found and found.group(1) in (one.id, one.name)), None)
        if found is None or container is None:
            return 404, {"message": "No such container or page: %s" % path}
        verb = found.group(2)
        if request.method == "POST" and verb == "update":
            return self._update(container, request.body)
        return 200, self._inspected(container) if verb == "json" else self._stats(container)

    def _past(self, query: dict[str, list[str]]) -> bytes:
        """A document for each event, one after the other."""
        wanted = json.loads(query["filters"][0])
        assert wanted["type"] == ["container"]
        assert float(query["until"][0]) <= NOW, "the engine would wait for that moment"
        events = [
            {"Type": "container", "Action": action, "Actor": {"ID": identity, **self._ending(action, identity)}, "time": int(at), "timeNano": round(at * 1e9)}
            for at, action, identity in self.events
            if action in wanted["event"]
        ]
        return b"".join(json.dumps(event).encode() + b"\n" for event in events)

    def _ending(self, action: str, identity: str) -> Json:
        ended = self.containers.get(identity) if action == "die" else None
        return {"Attributes": {"exitCode": str(ended.exit_code)}} if ended else {}

    def _inspected(self, container: Container) -> Json:
        self.asked_detail.append(container.name)
        running, restarting = container.runs or container.state == "restarting", container.state == "restarting"
        return {
            "Id": container.id,
            "Name": "/" + container.name,
            "Created": _moment(container.created),
            "RestartCount": container.restarts,
            "State": {
                "Status": container.state,
                "Running": running,
                "Restarting": restarting,
                "OOMKilled": container.oom_killed,
                "Pid": container.pid if container.runs else 0,
                "ExitCode": container.exit_code,
                "StartedAt": _moment(container.started),
                "FinishedAt": _moment(container.finished) if container.finished else NEVER,
                **({"Health": {"Status": container.health}} if container.health else {}),
            },
            "Config": {"Labels": container.labels, "Env": self.environments.get(container.name)},
            "HostConfig": {
                "Memory": container.limit,
                "MemorySwap": container.memory_swap,
                "MemoryReservation": container.reservation,
                "RestartPolicy": {"Name": container.restart, "MaximumRetryCount": 0},
            },
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


def _moment(seconds: float) -> str:
    """As an engine writes it, with nanoseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ("%.9fZ" % (seconds % 1))[1:]


class StandingKernel(Kernel):
    """The kernel of a machine that stands still at :data:`NOW`. While it is waited for, ``passes`` happens."""

    def __init__(self, root: Path, passes: t.Callable[[float], None] = lambda _seconds: None) -> None:
        super().__init__(root)
        self._passes = passes

    def now(self) -> float:
        return NOW

    def pause(self, seconds: float) -> None:
        self._passes(seconds)
