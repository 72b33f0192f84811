# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of containers: identity and limits from the engine, use from the kernel's files.

Files cost microseconds, the engine's stats a second a container; they are
asked only where a container's files are not found, as with an engine on
another machine.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._docker import PROJECT_LABEL, SERVICE_LABEL, Engine, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._procfs import CgroupMemory, Kernel

Json = t.Dict[str, t.Any]

#: Set by ``docker compose run``: such a container is no instance of its service.
_ONEOFF_LABEL = "com.docker.compose.oneoff"


@dataclass(frozen=True)
class Container:
    """One container as the engine configured it; bytes, None for no limit, no reservation, or no Compose service."""

    id: str
    name: str
    project: t.Optional[str]
    service: t.Optional[str]
    state: str
    limit: t.Optional[int]
    memory_swap: t.Optional[int]
    reservation: t.Optional[int]
    oom_killed: bool
    restarts: int
    cgroup: t.Optional[CgroupMemory]

    @property
    def working_set(self) -> t.Optional[int]:
        """Bytes in use without the inactive page cache; None while it does not run."""
        return None if self.cgroup is None else self.cgroup.working_set

    @property
    def percent(self) -> t.Optional[float]:
        """Working set as a share of the limit, one decimal; None without a limit."""
        if not self.limit or self.working_set is None:
            return None
        return round(100.0 * self.working_set / self.limit, 1)

    def facts(self) -> Json:
        """Plain JSON types, as modules return them."""
        return {
            "id": self.id,
            "name": self.name,
            "project": self.project,
            "service": self.service,
            "state": self.state,
            "limit": self.limit,
            "memory_swap": self.memory_swap,
            "reservation": self.reservation,
            "working_set": self.working_set,
            "percent": self.percent,
            "peak": self.cgroup.peak if self.cgroup else None,
            "oom_kills": self.cgroup.oom_kills if self.cgroup else None,
            "oom_killed": self.oom_killed,
            "restarts": self.restarts,
        }


def containers(engine: Engine, kernel: Kernel) -> t.List[Container]:
    """Every container that runs, and every stopped one of a Compose project (it may have been killed), by name."""
    return _read_all(engine, kernel, [entry for entry in engine.containers() if _is_up(entry) or PROJECT_LABEL in _labels(entry)])


def of_services(engine: Engine, kernel: Kernel, services: t.Container[t.Tuple[str, str]]) -> t.List[Container]:
    """The running containers of these (project, service), all copies of each, by name."""
    entries = [entry for entry in engine.containers() if _is_up(entry) and _labels(entry).get(_ONEOFF_LABEL) != "True"]
    return _read_all(engine, kernel, [entry for entry in entries if (_labels(entry).get(PROJECT_LABEL), _labels(entry).get(SERVICE_LABEL)) in services])


def _is_up(entry: Json) -> bool:
    return entry["State"] in ("running", "paused", "restarting")


def _labels(entry: Json) -> Json:
    return entry.get("Labels") or {}


def _read_all(engine: Engine, kernel: Kernel, entries: t.Iterable[Json]) -> t.List[Container]:
    found = (read(engine, kernel, entry["Id"]) for entry in entries)
    return sorted((container for container in found if container is not None), key=lambda container: container.name)


def read(engine: Engine, kernel: Kernel, identity: str) -> t.Optional[Container]:
    """One container; None where it is gone by now."""
    try:
        detail = engine.inspect(identity)
        return _container(detail, _use(engine, kernel, detail))
    except NotFound:
        return None


def _container(detail: Json, cgroup: t.Optional[CgroupMemory]) -> Container:
    config, state = detail["HostConfig"], detail["State"]
    labels = detail["Config"].get("Labels") or {}
    return Container(
        id=detail["Id"],
        name=detail["Name"].lstrip("/"),
        project=labels.get(PROJECT_LABEL),
        service=labels.get(SERVICE_LABEL),
        state=state["Status"],
        limit=_bound(config.get("Memory")),
        memory_swap=_bound(config.get("MemorySwap")),
        reservation=_bound(config.get("MemoryReservation")),
        oom_killed=bool(state.get("OOMKilled")),
        restarts=int(detail.get("RestartCount") or 0),
        cgroup=cgroup,
    )


def _bound(value: t.Optional[int]) -> t.Optional[int]:
    """The engine writes "none" as 0 and "unlimited swap" as -1."""
    return value if value and value > 0 else None


def _use(engine: Engine, kernel: Kernel, detail: Json) -> t.Optional[CgroupMemory]:
    if not detail["State"].get("Running"):
        return None
    return kernel.container(detail["Id"], int(detail["State"].get("Pid") or 0)) or _stats(engine, detail["Id"])


def _stats(engine: Engine, identity: str) -> t.Optional[CgroupMemory]:
    """The same from ``GET /containers/{id}/stats``; the key of the inactive page cache tells the cgroup version."""
    memory = (engine.get("/containers/%s/stats" % identity, **{"stream": "false", "one-shot": "true"}) or {}).get("memory_stats") or {}
    if "usage" not in memory:  # it ended in between
        return None
    detail = memory.get("stats") or {}
    return CgroupMemory(
        usage=int(memory["usage"]),
        inactive_file=int(detail.get("total_inactive_file", detail.get("inactive_file", 0))),
        limit=None,  # the engine answers the host's memory where there is no limit
        memory_swap=None,
        peak=memory.get("max_usage"),
        oom_kills=None,
        from_files=False,
    )
