# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of containers: identity from the engine, limits and use from the kernel's files.

Files cost microseconds. Asking the engine about one container costs most of a
millisecond, which with many is nearly all there is to save; its stats cost a
second, and are asked only where a container's files are not found, as with an
engine on another machine.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso, precisely
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.health import has_finished
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import copy_of, member, of_detail, of_entry
from ansible_collections.mycosoft.rack.plugins.module_utils._host.cgroup import CgroupMemory
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel

Json = t.Dict[str, t.Any]

#: States of a container that runs, or will again.
UP = ("running", "paused", "restarting")

#: Seconds from the creation of a container to its first start, at most. The engine lists the creation in whole seconds, cut off.
_FIRST_START = 2.0


@dataclass(frozen=True)
class Container:
    """One container; bytes, None for no limit, no reservation, or no Compose service. Moments are seconds since 1970."""

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
    #: ``starting``, ``healthy`` or ``unhealthy``; None without a health check, and where the engine was not asked.
    health: t.Optional[str] = None
    #: When it was made; None where the engine was not asked.
    created: t.Optional[float] = None
    #: When it was started last; None where nothing is said of a start after the first.
    started_at: t.Optional[float] = None
    #: The last time that the kernel killed a process of it for want of memory, as far as anybody remembers.
    oom_at: t.Optional[float] = None
    #: Of the last time that it ended; None while it runs, and where the engine was not asked.
    exit_code: t.Optional[int] = None
    #: Whether it has done its work: it ended with 0, and nothing starts it again.
    finished: bool = False

    @property
    def is_up(self) -> bool:
        """Whether it runs, or will again."""
        return self.state in UP

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
            "swap_used": self.cgroup.swap_used if self.cgroup else None,
            "peak": self.cgroup.peak if self.cgroup else None,
            "oom_kills": self.cgroup.oom_kills if self.cgroup else None,
            "oom_killed": self.oom_killed,
            "oom_at": iso(self.oom_at),
            "restarts": self.restarts,
        }


@dataclass(frozen=True)
class EngineHistory:
    """What the engine remembers: container -> moment of its last OOM kill, and which containers ended, perhaps to be started again."""

    oom_at: t.Mapping[str, float] = field(default_factory=dict)
    ended: t.AbstractSet[str] = frozenset()


def read_history(engine: Engine, now: float) -> EngineHistory:
    """``now``: by the engine's clock."""
    events = engine.events(now, type=["container"], event=["oom", "die"])
    kills = {event["Actor"]["ID"]: event["timeNano"] / 1e9 for event in events if event["Action"] == "oom"}
    return EngineHistory(kills, {event["Actor"]["ID"] for event in events})


@dataclass(frozen=True)
class Listing:
    """What an engine says of all containers: its list, and what it remembers."""

    engine: Engine
    entries: t.Sequence[Json]
    past: EngineHistory


def list_containers(engine: Engine, now: float) -> Listing:
    """``now``: by the engine's clock."""
    return Listing(engine, engine.containers(), read_history(engine, now))


@dataclass(frozen=True)
class KernelMemory:
    """What the kernel holds: container -> its memory, and -> when its oldest known process started, in seconds since 1970."""

    cgroups: t.Mapping[str, CgroupMemory]
    started: t.Mapping[str, float]


def read_kernel(kernel: Kernel) -> KernelMemory:
    """Of all containers at the usual places; needs no engine."""
    cgroups, uptime = kernel.containers(), kernel.uptime()
    boot = None if uptime is None else kernel.now() - uptime
    known = {} if boot is None else {container: kernel.started(cgroup.process) for container, cgroup in cgroups.items() if cgroup.process is not None}
    return KernelMemory(cgroups, {container: boot + started for container, started in known.items() if started is not None and boot is not None})


def read_containers(kernel: Kernel, listing: Listing, held: KernelMemory) -> t.List[Container]:
    """Every container that runs, and every stopped one of a Compose project (it may have been killed), by name.

    Limits are those that the kernel enforces. Restarts and a kill of the main process are known to the engine alone; it is
    asked for them only where something may have happened: see :func:`_undisturbed`.
    """
    wanted = [entry for entry in listing.entries if _is_up(entry) or member(of_entry(entry)).project]
    found = (_surveyed(kernel, entry, listing, held) for entry in wanted)
    return sorted((container for container in found if container is not None), key=lambda container: container.name)


def _surveyed(kernel: Kernel, entry: Json, listing: Listing, held: KernelMemory) -> t.Optional[Container]:
    identity, past = entry["Id"], listing.past
    cgroup, started = held.cgroups.get(identity), held.started.get(identity)
    quiet = entry["State"] in ("running", "paused") and identity not in past.ended
    if quiet and cgroup is not None and started is not None and _undisturbed(cgroup, entry["Created"], started):
        return _listed(entry, cgroup)
    container = read_container(listing.engine, kernel, identity)
    return None if container is None else _as_enforced(replace(container, oom_at=past.oom_at.get(container.id, container.oom_at)))


def _undisturbed(cgroup: CgroupMemory, created: float, started: float) -> bool:
    """Whether a container that runs was never killed for want of memory and never started again.

    No process of it was killed, and one of them is as old as the container. What was restarted within the first seconds of
    its life is told apart by the engine's events alone, as long as it remembers them.
    """
    return cgroup.oom_kills == 0 and abs(started - created) <= _FIRST_START


def _listed(entry: Json, cgroup: CgroupMemory) -> Container:
    """A container to which nothing happened, from its entry in the list."""
    project, service = member(of_entry(entry))
    return Container(
        id=entry["Id"],
        name=_own_name(entry["Names"]),
        project=project,
        service=service,
        state=entry["State"],
        limit=cgroup.limit,
        memory_swap=cgroup.memory_swap,
        reservation=cgroup.reservation,
        oom_killed=False,
        restarts=0,
        cgroup=cgroup,
    )


def _own_name(names: t.Sequence[str]) -> str:
    """Of all names the one that is no alias through a link (``/other/alias``)."""
    return next((name for name in names if name.count("/") == 1), names[0]).lstrip("/")


def _as_enforced(container: Container) -> Container:
    cgroup = container.cgroup
    if cgroup is None or not cgroup.from_files:
        return container
    return replace(container, limit=cgroup.limit, memory_swap=cgroup.memory_swap, reservation=cgroup.reservation)


def of_services(engine: Engine, kernel: Kernel, services: t.Container[t.Tuple[str, str]]) -> t.List[Container]:
    """The running containers of these (project, service), all copies of each, by name, with the limits that the engine holds."""
    wanted = [entry["Id"] for entry in engine.containers() if _is_up(entry) and copy_of(of_entry(entry)) in services]
    found = (read_container(engine, kernel, identity) for identity in wanted)
    return sorted((container for container in found if container is not None), key=lambda container: container.name)


def started_since(engine: Engine, projects: t.Container[str], moment: float) -> t.Set[str]:
    """Those of ``projects`` in which a container was made or started at or after ``moment``, in seconds since 1970; one that ended since counts as well."""
    copies = ((entry, copy_of(of_entry(entry))) for entry in engine.containers())
    members = [(entry, copied[0]) for entry, copied in copies if copied is not None and copied[0] in projects]
    return {project for entry, project in members if entry["Created"] >= int(moment) or (_is_up(entry) and _started(engine, entry) >= moment)}


def _started(engine: Engine, entry: Json) -> float:
    """When the container of an entry in the list was started last; 0 where it is gone by now."""
    try:
        return precisely(engine.inspect(entry["Id"])["State"].get("StartedAt")) or 0.0
    except NotFound:
        return 0.0


def _is_up(entry: Json) -> bool:
    return entry["State"] in UP


def read_container(engine: Engine, kernel: Kernel, identity: str) -> t.Optional[Container]:
    """One container; None where it is gone by now."""
    try:
        detail = engine.inspect(identity)
        return _container(detail, _use(engine, kernel, detail))
    except NotFound:
        return None


def _container(detail: Json, cgroup: t.Optional[CgroupMemory]) -> Container:
    config, state = detail["HostConfig"], detail["State"]
    project, service = member(of_detail(detail))
    return Container(
        id=detail["Id"],
        name=detail["Name"].lstrip("/"),
        project=project,
        service=service,
        state=state["Status"],
        limit=_bound(config.get("Memory")),
        memory_swap=_bound(config.get("MemorySwap")),
        reservation=_bound(config.get("MemoryReservation")),
        oom_killed=bool(state.get("OOMKilled")),
        restarts=int(detail.get("RestartCount") or 0),
        cgroup=cgroup,
        health=(state.get("Health") or {}).get("Status"),
        created=precisely(detail.get("Created")),
        started_at=precisely(state.get("StartedAt")),
        oom_at=_end_by_oom(state, cgroup),
        exit_code=None if state["Status"] in UP else state.get("ExitCode"),
        finished=has_finished(detail),
    )


def _end_by_oom(state: Json, cgroup: t.Optional[CgroupMemory]) -> t.Optional[float]:
    """When it ended, where it was killed then.

    Engines from 23 on say so of a container that runs as soon as a child was killed: its end before that tells nothing.
    """
    if not state.get("OOMKilled") or (cgroup and cgroup.oom_kills != 0):
        return None
    return precisely(state.get("FinishedAt"))


def _bound(value: t.Optional[int]) -> t.Optional[int]:
    """The engine writes "none" as 0 and "unlimited swap" as -1."""
    return value if value and value > 0 else None


def _use(engine: Engine, kernel: Kernel, detail: Json) -> t.Optional[CgroupMemory]:
    if not detail["State"].get("Running") or detail["State"].get("Restarting"):
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
        swap_used=detail.get("total_swap"),
        from_files=False,
    )
