# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the memory of a host and its containers means: findings, each with what would help.

Pure. A host is judged by MemAvailable, the kernel's own estimate of what can
be had without swapping: page cache is memory at work, never a shortage.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import iso
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import title
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Pressure
from ansible_collections.mycosoft.rack.plugins.module_utils._host.processes import Process
from ansible_collections.mycosoft.rack.plugins.module_utils._host.swap import SwapRate
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.containers import Container
from ansible_collections.mycosoft.rack.plugins.module_utils._memory.thresholds import Thresholds

Json = t.Dict[str, t.Any]

LEVELS = ("ok", "warn", "critical")

#: A process outside of containers is named where it holds at least this percentage of the memory of the host.
_NOTABLE = 5.0

#: A container that was started again this often is in a loop, until it has run this many seconds: Kubernetes forgives after as long.
_LOOP_RESTARTS, _LOOP_SECONDS = 3, 600


@dataclass(frozen=True)
class HostMemory:
    """Bytes, the pressure the kernel measured (None where it does not), and how fast it swaps (None where that was not watched)."""

    total: int
    available: int
    swap_total: int
    swap_used: int
    pressure: t.Optional[Pressure]
    swap_rate: t.Optional[SwapRate] = None

    @property
    def available_percent(self) -> float:
        return _percent(self.available, self.total)

    @property
    def swap_used_percent(self) -> float:
        return _percent(self.swap_used, self.swap_total)

    def facts(self) -> Json:
        """Plain JSON types, as modules return them. ``used`` is what is not available, as ``free`` of procps 4 says it."""
        return {
            "total": self.total,
            "available": self.available,
            "available_percent": self.available_percent,
            "used": self.total - self.available,
            "swap_total": self.swap_total,
            "swap_used": self.swap_used,
            "swap_used_percent": self.swap_used_percent,
            "swap_in": self.swap_rate.swap_in if self.swap_rate else None,
            "swap_out": self.swap_rate.swap_out if self.swap_rate else None,
            "swap_seconds": self.swap_rate.seconds if self.swap_rate else None,
            "pressure": self.pressure,
        }


@dataclass(frozen=True)
class Finding:
    """One thing that is not well: ``level`` warn or critical, what it is about, what is so, and what would help."""

    level: str
    subject: str
    message: str
    help: str

    def facts(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class Situation:
    """All that is judged. ``now``: seconds since 1970 by the engine's clock."""

    host: HostMemory
    containers: t.Sequence[Container] = ()
    processes: t.Sequence[Process] = ()
    now: float = 0.0


def host_memory(meminfo: t.Mapping[str, int], pressure: t.Optional[Pressure], swap_rate: t.Optional[SwapRate] = None) -> HostMemory:
    """From /proc/meminfo in bytes."""
    return HostMemory(
        total=meminfo["MemTotal"],
        available=meminfo["MemAvailable"],
        swap_total=meminfo["SwapTotal"],
        swap_used=meminfo["SwapTotal"] - meminfo["SwapFree"],
        pressure=pressure,
        swap_rate=swap_rate,
    )


def _percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 1) if whole else 0.0


def status(findings: t.Iterable[Finding]) -> str:
    """The worst level of all findings."""
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")


def assess(situation: Situation, thresholds: Thresholds) -> t.List[Finding]:
    """Every finding, the critical ones first."""
    host = situation.host
    available = _worst(thresholds.level("available_percent", host.available_percent), thresholds.level("available", host.available))
    findings = [
        *_of_available(situation, available),
        *_of_swap(host, thresholds, short=available != "ok"),
        *_of_swapping(host.swap_rate, thresholds),
        *_of_pressure(host.pressure, thresholds),
        *(finding for container in situation.containers for finding in _of_container(container, thresholds, situation.now)),
        *_of_unlimited(situation.containers),
    ]
    return sorted(findings, key=lambda finding: -LEVELS.index(finding.level))


def _worst(*levels: str) -> str:
    return max(levels, key=LEVELS.index)


def _of_available(situation: Situation, level: str) -> t.Iterator[Finding]:
    if level == "ok":
        return
    host, big = situation.host, biggest(situation.containers)
    outside = ", ".join(
        "%s %s" % (process.name, human(process.anonymous)) for process in situation.processes if _percent(process.anonymous, host.total) >= _NOTABLE
    )
    yield Finding(
        level,
        "host",
        "%s of %s memory is available (%g %%).%s%s"
        % (
            human(host.available),
            human(host.total),
            host.available_percent,
            " The biggest containers are %s." % big if big else "",
            " Outside of containers there is %s." % outside if outside else "",
        ),
        "Stop or move a service that is not essential, or lower limits so that limits and reserve fit the host.",
    )


def _of_swap(host: HostMemory, thresholds: Thresholds, short: bool) -> t.Iterator[Finding]:
    level = thresholds.level("swap_used_percent", host.swap_used_percent)
    if level == "ok" or not host.swap_total:
        return
    # pages once swapped out stay there until they are touched: with memory to spare it is history, not a shortage
    yield Finding(
        level if short else "warn",
        "swap",
        "%s of %s swap is in use (%g %%)%s."
        % (human(host.swap_used), human(host.swap_total), host.swap_used_percent, " while memory is short" if short else "; memory is available again"),
        "Find what outgrew its memory: a container without a limit, or with a swap limit above its memory limit." if short else "Nothing, unless it grows.",
    )


def _of_swapping(rate: t.Optional[SwapRate], thresholds: Thresholds) -> t.Iterator[Finding]:
    level = thresholds.level("swap_in", rate.swap_in if rate else None)
    if rate and level != "ok":
        yield Finding(
            level,
            "swapping",
            "%s a second came back from swap and %s a second went there, over %g seconds: processes wait for the disk instead of memory."
            % (human(rate.swap_in), human(rate.swap_out), rate.seconds),
            "Stop or move a service that is not essential. A limit without swap for what outgrew its memory keeps the others from waiting.",
        )


def _of_pressure(pressure: t.Optional[Pressure], thresholds: Thresholds) -> t.Iterator[Finding]:
    if not pressure:
        return
    some, full = (pressure.get(kind, {}).get("avg60", 0.0) for kind in ("some", "full"))
    level = _worst(thresholds.level("pressure_some_percent", some), thresholds.level("pressure_full_percent", full))
    if level != "ok":
        yield Finding(
            level,
            "pressure",
            "In the last minute something waited for memory %g %% of the time, and everything at once %g %%." % (some, full),
            "Where memory of the host is short, stop or move a service that is not essential; where it is not, a container waits at its own limit: raise that.",
        )


def _of_container(container: Container, thresholds: Thresholds, now: float) -> t.Iterator[Finding]:
    subject = label(container)
    level = thresholds.level("container_percent", container.percent)
    if level != "ok":
        yield Finding(
            level,
            subject,
            "%s uses %s of its limit of %s (%g %%)." % (subject, human(container.working_set or 0), human(container.limit or 0), container.percent or 0),
            "Raise its limit if the budget of the host allows it, or make it use less; beyond the limit the kernel kills it.",
        )
    kills = (container.cgroup.oom_kills if container.cgroup else 0) or 0
    killed = bool(container.oom_killed or kills or container.oom_at)
    # a kill of which nobody remembers the time may have been just now
    if killed and (container.oom_at is None or now - container.oom_at <= thresholds.oom_within):
        yield Finding(
            "warn",
            subject,
            "%s ran out of memory%s: the kernel killed %s."
            % (
                subject,
                " at %s" % iso(container.oom_at) if container.oom_at else ", nobody remembers when",
                "%d of its processes" % kills if kills else "it",
            ),
            "Raise its limit if the budget of the host allows it, or find out what it did then.",
        )
    if _in_loop(container, now):
        yield Finding(
            "critical" if killed else "warn",
            subject,
            "%s is started again and again, %d times so far." % (subject, container.restarts),
            "Read its log. Stop it until it is mended: each start takes memory and time from the others.",
        )


def _in_loop(container: Container, now: float) -> bool:
    if container.state == "restarting":
        return True
    recent = container.started_at is not None and now - container.started_at <= _LOOP_SECONDS
    return container.state == "running" and container.restarts >= _LOOP_RESTARTS and recent


def _of_unlimited(containers: t.Sequence[Container]) -> t.Iterator[Finding]:
    unlimited = [container for container in containers if container.limit is None and container.working_set is not None]
    if unlimited:
        yield Finding(
            "warn",
            "limits",
            "%s no memory limit and may take all memory of the host: %s."
            % ("One container has" if len(unlimited) == 1 else "%d containers have" % len(unlimited), biggest(unlimited, len(unlimited))),
            "List them in rack_stacks with a limit.",
        )


def biggest(containers: t.Sequence[Container], count: int = 3) -> str:
    """The containers with the largest working sets, for a sentence: ``website 30G, mindex-api 12.5G``."""
    running = [container for container in containers if container.working_set is not None]
    ranked = sorted(running, key=lambda container: (-(container.working_set or 0), container.name))
    return ", ".join("%s %s" % (label(container), human(container.working_set or 0)) for container in ranked[:count])


def label(container: Container) -> str:
    """What people call a container: ``project/service`` where Compose made it, else its name."""
    return title(container.project, container.service, container.name)
