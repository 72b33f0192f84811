# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running containers against the plan's limits: what differs, what must not be done, what was proven.

Pure. Three things are compared: what the plan wants, what the engine holds in
the container's configuration, and what the kernel enforces in its cgroup.
"""

from __future__ import annotations

import mmap
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import ENGINE_MINIMUM, exact, human, reservation_within
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.containers import Container

Json = t.Dict[str, t.Any]

#: The kernel rounds a limit down to whole pages. The files are read on the machine that enforces them.
_PAGE = mmap.PAGESIZE


@dataclass(frozen=True)
class Limit:
    """What one service may use, in bytes. ``memory_swap`` is memory and swap together; no reservation leaves it alone."""

    project: str
    service: str
    memory: int
    reservation: t.Optional[int]
    memory_swap: int

    @property
    def key(self) -> t.Tuple[str, str]:
        return self.project, self.service


def read_limits(entries: t.Iterable[Json]) -> t.Dict[t.Tuple[str, str], Limit]:
    """The wanted limits by (project, service). Raises InvalidInput for what an engine would refuse half-way."""
    limits: t.Dict[t.Tuple[str, str], Limit] = {}
    for entry in entries:
        memory = entry["memory"]
        limit = Limit(
            project=entry["project"],
            service=entry["service"],
            memory=memory,
            reservation=entry.get("reservation"),
            memory_swap=memory if entry.get("memory_swap") is None else entry["memory_swap"],
        )
        cause = _impossible(limit) or ("it is listed twice" if limit.key in limits else None)
        if cause:
            raise InvalidInput("Cannot limit %s/%s: %s. Correct its entry in limits." % (limit.project, limit.service, cause))
        limits[limit.key] = limit
    return limits


def _impossible(limit: Limit) -> t.Optional[str]:
    if limit.memory < ENGINE_MINIMUM:
        return "%d bytes of memory are below the smallest limit of an engine, %s" % (limit.memory, exact(ENGINE_MINIMUM))
    if limit.memory_swap < limit.memory:
        return "memory_swap is memory and swap together and cannot be below memory"
    if limit.reservation is not None and not ENGINE_MINIMUM <= limit.reservation <= limit.memory:
        return "the reservation of %d bytes is not between %s and the limit" % (limit.reservation, exact(ENGINE_MINIMUM))
    return None


@dataclass(frozen=True)
class LimitChange:
    """One running container and what it is to become; no change where the two are equal."""

    container: Container
    limit: Limit
    swap: bool

    @property
    def before(self) -> Json:
        container = self.container
        result: Json = {"memory": container.limit, "reservation": container.reservation, "memory_swap": container.memory_swap}
        if not self.swap:
            del result["memory_swap"]
        return {**result, **_kernel(container, self.swap)}

    @property
    def after(self) -> Json:
        limit, container = self.limit, self.container
        result: Json = {"memory": limit.memory, "reservation": self.reservation, "memory_swap": limit.memory_swap}
        if not self.swap:
            del result["memory_swap"]
        wanted = {"kernel_memory": limit.memory, "kernel_memory_swap": limit.memory_swap}
        return {**result, **{key: _enforced(wanted[key], held) for key, held in _kernel(container, self.swap).items()}}

    @property
    def reservation(self) -> t.Optional[int]:
        return reservation_within(self.limit.memory, self.limit.reservation, self.container.reservation)

    @property
    def needed(self) -> bool:
        return self.before != self.after

    def differences(self) -> t.List[str]:
        """``memory 2G instead of 4G`` for all that is not as wanted."""
        before, after = self.before, self.after
        return ["%s %s instead of %s" % (key, _size(before[key]), _size(after[key])) for key in after if before[key] != after[key]]

    def body(self) -> Json:
        """The body of ``POST /containers/{id}/update``: all at once, so that the engine and the kernel see no order between them.

        A reservation of 0 leaves the container's own. Without MemorySwap the engine refuses a limit for a container that had
        none; where the kernel does not account for swap it drops the value by itself.
        """
        return {"Memory": self.limit.memory, "MemorySwap": self.limit.memory_swap, "MemoryReservation": self.reservation or 0}

    def facts(self) -> Json:
        """Plain JSON types, as the module returns them."""
        container = self.container
        return {
            "id": container.id,
            "name": container.name,
            "project": self.limit.project,
            "service": self.limit.service,
            "working_set": container.working_set,
            "changed": self.needed,
            "before": self.before,
            "after": self.after,
        }


def _size(value: t.Optional[int]) -> str:
    return "unlimited" if value is None or value < 0 else exact(value)


def _kernel(container: Container, swap: bool) -> Json:
    """What the cgroup enforces, where its files can be read and say so."""
    cgroup = container.cgroup
    if cgroup is None or not cgroup.from_files:
        return {}
    held = {"kernel_memory": cgroup.limit}
    return {**held, "kernel_memory_swap": cgroup.memory_swap} if swap else held


def _enforced(wanted: int, held: t.Optional[int]) -> int:
    """What the kernel makes of ``wanted``; what it holds where that is the same but for rounding (v2 rounds swap by itself)."""
    rounded = wanted - wanted % _PAGE
    return held if held is not None and abs(rounded - held) <= _PAGE else rounded


def plan_changes(limits: t.Mapping[t.Tuple[str, str], Limit], containers: t.Iterable[Container], swap: bool) -> t.List[LimitChange]:
    """One entry for every running container of a listed service; ``swap``: whether the engine can limit swap at all."""
    return [LimitChange(container, limits[(container.project or "", container.service or "")], swap) for container in containers]


def missing_services(limits: t.Mapping[t.Tuple[str, str], Limit], changes: t.Iterable[LimitChange]) -> t.List[Json]:
    """The listed services that no container runs."""
    found = {change.limit.key for change in changes}
    return [{"project": limit.project, "service": limit.service} for key, limit in limits.items() if key not in found]


def limits_diff(changes: t.Sequence[LimitChange]) -> Json:
    """Before and after of every container by its name, as Ansible shows them."""
    return {
        "before": {change.container.name: change.before for change in changes},
        "after": {change.container.name: change.after for change in changes},
    }


def refuse_below_usage(changes: t.Iterable[LimitChange]) -> None:
    """Raise InvalidInput where a new limit is below what a container holds: the kernel would kill it, or refuse."""
    short = [change for change in changes if change.needed and (change.container.working_set or 0) > change.limit.memory]
    if short:
        cause = ", ".join(
            "%s uses %s, the limit is %s" % (change.container.name, human(change.container.working_set or 0), human(change.limit.memory)) for change in short
        )
        raise InvalidInput("Cannot lower limits below what is in use: %s. Raise the limit, or set allow_below_usage and expect the kernel to kill it." % cause)


def refuse_unproven(changes: t.Iterable[LimitChange]) -> None:
    """Raise RackError where a container, read again, does not hold what was planned."""
    left = [change for change in changes if change.needed]
    if left:
        cause = ", ".join("%s has %s instead of %s" % (change.container.name, change.before, change.after) for change in left)
        raise RackError("Cannot prove the limits: the engine accepted them, but %s. Check the engine's log and recreate the container." % cause)
